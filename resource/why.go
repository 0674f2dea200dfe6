package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
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

// more is what can be seen beyond the last answer, for the end of an error: what the endpoints of
// the Service answer when each is asked by itself. It is "" where there is nothing to see.
func (r Ready) more(ctx context.Context, sys *host.System) string {
	namespace, name, ok := strings.Cut(r.Service, "/")
	target, err := url.Parse(r.URL)
	if !ok || err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	found, err := endpointsOf(ctx, sys, r.Kubeconfig, namespace, name)
	if err != nil {
		return fmt.Sprintf("; the endpoints of %s are not known: %v", r.Service, err)
	}
	question := strings.TrimPrefix(target.Path, "/")
	var answers []string
	for _, e := range found {
		said := "is not ready"
		if e.ready {
			said = "answers"
			// By itself the Service's address, and so kube-proxy, is out of the way.
			direct := r
			if err := direct.resolves(ctx, e.address, question); err != nil {
				said = "does not answer: " + err.Error()
			}
		}
		answers = append(answers, fmt.Sprintf("%s on %s %s", e.address, e.node, said))
	}
	if answers == nil {
		return fmt.Sprintf("; %s has no endpoint: none of its pods runs", r.Service)
	}
	return fmt.Sprintf("; of the endpoints of %s, %s", r.Service, strings.Join(answers, ", "))
}

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
