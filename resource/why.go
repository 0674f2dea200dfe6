package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
)

// code is what a wait in vain is called: a name server is no service of this host.
func (r Ready) code() fault.Code {
	if strings.HasPrefix(r.URL, "dns://") {
		return fault.NameServerSilent
	}
	return fault.ServiceNotReady
}

// silence is the error of a Service that did not answer: what its endpoints say when each is asked
// by itself, without the Service's address and so without kube-proxy, and what to do about that.
func (r Ready) silence(ctx context.Context, sys *host.System, waited error) error {
	e := &fault.Error{Code: r.code(), Err: waited}
	namespace, name, ok := strings.Cut(r.Service, "/")
	target, err := url.Parse(r.URL)
	if !ok || err != nil {
		return e
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	found, err := endpointsOf(ctx, sys, r.Kubeconfig, namespace, name)
	if err != nil {
		e.Err = fmt.Errorf("%w; the endpoints of %s are not known: %w", waited, r.Service, err)
		return e
	}
	question := strings.TrimPrefix(target.Path, "/")
	var answers, silent []string
	ready := 0
	for _, p := range found {
		said := "is not ready"
		if p.ready {
			ready++
			said = "answers"
			if err := r.resolves(ctx, p.address, question); err != nil {
				said = "does not answer: " + err.Error()
				silent = append(silent, p.node)
			}
		}
		answers = append(answers, fmt.Sprintf("%s on %s %s", p.address, p.node, said))
	}
	switch {
	case ready == 0:
		e.Advice = fmt.Sprintf("no pod of %s is ready: kubectl -n %s get pods -o wide; kubectl -n %[2]s get "+
			"events", r.Service,
			namespace)
	case len(silent) < ready:
		e.Advice = "pods answer this host, but the Service's address does not: look at kube-proxy here " +
			"(journalctl -u kube-proxy) and at the pods that do not answer"
	default:
		e.Advice = fmt.Sprintf("the API counts the pods as ready, but none answers this host: packets between this "+
			"host "+
			"and the pods on %s are lost; look at flanneld there and here (journalctl -u flanneld; ip route; cat "+
			"/run/flannel/subnet.env) and at what filters packets between them", strings.Join(distinct(silent), ", "))
	}
	if answers == nil {
		answers = []string{"there is none"}
	}
	e.Err = fmt.Errorf("%w; of the endpoints of %s: %s", waited, r.Service, strings.Join(answers, "; "))
	return e
}

// distinct are the texts in order, each once.
func distinct(texts []string) []string { return slices.Compact(slices.Sorted(slices.Values(texts))) }

// endpoint is one address behind a Service.
type endpoint struct {
	address string // with its port
	node    string
	ready   bool
}

// endpointSlices is what we read of a list of EndpointSlices.
type endpointSlices struct {
	Items []struct {
		Endpoints []struct {
			Addresses  []string `json:"addresses"`
			NodeName   string   `json:"nodeName"`
			Conditions struct {
				Ready *bool `json:"ready"`
			} `json:"conditions"`
		} `json:"endpoints"`
		Ports []struct {
			Port     int    `json:"port"`
			Protocol string `json:"protocol"`
		} `json:"ports"`
	} `json:"items"`
}

// endpointsOf asks the API who is behind a Service, over UDP.
func endpointsOf(ctx context.Context, sys *host.System, kubeconfig, namespace, name string) ([]endpoint, error) {
	a, err := kube.OpenAPI(sys, kubeconfig)
	if err != nil {
		return nil, err
	}
	data, err := a.Get(ctx, "/apis/discovery.k8s.io/v1/namespaces/"+namespace+
		"/endpointslices?labelSelector="+url.QueryEscape("kubernetes.io/service-name="+name))
	if err != nil {
		return nil, err
	}
	var list endpointSlices
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("endpoints: %w", err)
	}
	var found []endpoint
	for _, slice := range list.Items {
		for _, port := range slice.Ports {
			if port.Protocol != "UDP" {
				continue
			}
			for _, e := range slice.Endpoints {
				for _, address := range e.Addresses {
					ready := e.Conditions.Ready == nil || *e.Conditions.Ready // as the API has it where nothing is said
					at := net.JoinHostPort(address, strconv.Itoa(port.Port))
					found = append(found, endpoint{address: at, node: e.NodeName, ready: ready})
				}
			}
		}
	}
	return found, nil
}
