package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/node"
)

const (
	entered     = "entered"
	ingressWait = waitLimit(30 * time.Second)
)

// hasNoIngress says that nothing takes requests from outside.
func hasNoIngress(_ context.Context, s *Scene) string {
	if s.Cluster.AddOns.Ingress.Enabled {
		return ""
	}
	return "addons.ingress is off"
}

// ingressLeads makes an Ingress, and asks each host that takes requests, from another one, by http
// and by https. The certificate is verified. kube-proxy of the host that asks may take the request
// for its own: whether a firewall lets strangers in is not seen from within.
func ingressLeads(ctx context.Context, s *Scene) (string, []Failure) {
	if err := s.create(ctx, s.path("services"), s.serviceOf(entered, 80, podPort)); err != nil {
		return "", failed(err)
	}
	pods := s.deployment(entered, 1, podSpec{Args: []string{"netexec", "--http-port=8080"}})
	if err := s.create(ctx, s.workloads("deployments"), pods); err != nil {
		return "", failed(err)
	}
	ingresses := "/apis/networking.k8s.io/v1/namespaces/" + s.Namespace + "/ingresses"
	if err := s.create(ctx, ingresses, s.ingressTo(entered)); err != nil {
		return "", failed(err)
	}
	if failures := s.rolledOut(ctx, entered); failures != nil {
		return "", failures
	}
	authority, err := s.authority(ctx)
	if err != nil {
		return "", failed(err)
	}
	var ways []way
	for i, h := range s.Cluster.Entrances() {
		from := s.Reached[i%len(s.Reached)]
		if from == h.Name {
			from = s.Reached[(i+1)%len(s.Reached)]
		}
		for _, q := range s.requestsTo(h, authority) {
			ways = append(ways, way{
				from: from, about: "the host asks the ingress at " + q.URL, hosts: []string{h.Name}, at: h.Name,
				Question: q, right: isTime,
			})
		}
	}
	if failures := s.tryWays(ctx, ways); failures != nil {
		return "", s.withPods(ctx, failures, entered)
	}
	shown, err := s.shownAddress(ctx, ingresses+"/"+entered)
	if err != nil {
		return "", failed(err)
	}
	return fmt.Sprintf("%s, and the Ingress shows %s", number(len(ways), "way"), shown), nil
}

// requestsTo are requests to a host, at a path that no other Ingress has.
func (s *Scene) requestsTo(h inventory.Host, authority []byte) []node.Question {
	a := s.Cluster.AddOns.Ingress
	page := fmt.Sprintf("%s:%d/%s/", h.Address, a.HTTP, s.Namespace)
	safe := fmt.Sprintf("%s:%d/%s/", h.Address, a.HTTPS, s.Namespace)
	return []node.Question{
		{URL: "http://" + page},
		{URL: "https://" + safe, Trust: authority, Name: s.ServerName},
	}
}

// ingressTo is an Ingress for everything below a path of the namespace's own.
func (s *Scene) ingressTo(app string) object {
	backend := object{"service": object{"name": app, "port": object{"number": 80}}}
	return object{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta(app),
		"spec": object{"ingressClassName": "traefik", "rules": []object{{"http": object{"paths": []object{
			{"path": "/" + s.Namespace, "pathType": "Prefix", "backend": backend},
		}}}}},
	}
}

// isTime wants an answer to be what the program in the pods says to a path that it does not know.
func isTime(answer string) string {
	if strings.HasPrefix(answer, "NOW: ") {
		return ""
	}
	return fmt.Sprintf("the answer is %q, which is not the pod's", shortened(answer))
}

// authority is whom to believe that the ingress is the cluster's.
func (s *Scene) authority(ctx context.Context) ([]byte, error) {
	if s.Trust != nil {
		return s.Trust, nil
	}
	var read struct{ Data map[string]string }
	err := await(ctx, ingressWait, "the authority of the cluster", func(ctx context.Context) (bool, string, error) {
		err := s.get(ctx, s.path("configmaps")+"/kube-root-ca.crt", &read)
		return err == nil, "", err
	})
	return []byte(read.Data["ca.crt"]), err
}

// shownAddress waits until an Ingress shows where it is reached.
func (s *Scene) shownAddress(ctx context.Context, path string) (shown string, err error) {
	err = await(ctx, ingressWait, "the address of the Ingress", func(ctx context.Context) (bool, string, error) {
		var read struct {
			Status struct {
				LoadBalancer struct {
					Ingress []struct{ IP, Hostname string }
				}
			}
		}
		if err := s.get(ctx, path, &read); err != nil {
			return false, "", err
		}
		for _, at := range read.Status.LoadBalancer.Ingress {
			shown = at.IP + at.Hostname
		}
		return shown != "", "it shows none", nil
	})
	return shown, err
}
