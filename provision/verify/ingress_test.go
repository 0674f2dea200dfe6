package verify

import (
	"strings"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/node"
)

// entrance is what an ingress answers: a page of the pods of the Service that an Ingress names.
func (w *theatre) entrance(q node.Question) node.Reply {
	for path, o := range w.objects {
		if !strings.Contains(path, "/ingresses/") {
			continue
		}
		o["status"] = object{"loadBalancer": object{"ingress": []object{{"ip": "192.0.2.9"}}}}
		if strings.HasPrefix(q.URL, "https:") && string(q.Trust) != "authority" {
			return node.Reply{Fault: "the certificate is of another authority"}
		}
		return node.Reply{Status: 200, Body: "NOW: 2026-11-29"}
	}
	return node.Reply{Status: 404, Body: "404 page not found"}
}

// withEntrances has an ingress at the worker.
func withEntrances(t *testing.T) (*theatre, *Scene) {
	t.Helper()
	w, s := newTheatre(t)
	s.Cluster.AddOns.Ingress = inventory.IngressAddOn{Enabled: true, Ports: inventory.HostPorts, HTTP: 80, HTTPS: 443}
	s.Trust = []byte("authority")
	return w, s
}

// TestIngress: each host that takes requests is asked from another one, by http and https, and what
// does not answer is told of that host.
func TestIngress(t *testing.T) {
	w, s := withEntrances(t)
	outcomes, err := tried(t, t.Context(), w, s, "ingress")
	if o := outcomes["ingress"]; err != nil || o.Result != Pass ||
		o.Text != "2 ways, and the Ingress shows 192.0.2.9" {
		t.Errorf("%v: %+v", err, o)
	}
	w, s = withEntrances(t)
	w.deaf = func(_, _, ask string) bool { return strings.HasPrefix(ask, "http://192.168.56.21:80/") }
	outcomes, err = tried(t, t.Context(), w, s, "ingress")
	if o := outcomes["ingress"]; err != nil || o.Result != Fail || len(o.Failures) != 1 || o.Failures[0].Host != "w1" ||
		!strings.Contains(o.Failures[0].Text, "asks the ingress at http://192.168.56.21:80/"+prefix) {
		t.Errorf("%v: %+v", err, o)
	}
	w, s = withEntrances(t)
	s.Trust = []byte("of another")
	if outcomes, err = tried(t, t.Context(), w, s, "ingress"); err != nil || outcomes["ingress"].Result != Fail {
		t.Errorf("a certificate of another authority: %v: %+v", err, outcomes["ingress"])
	}
	w, s = newTheatre(t)
	if outcomes, err = tried(t, t.Context(), w, s, "ingress"); err != nil || outcomes["ingress"].Result != Skipped {
		t.Errorf("without an ingress: %v: %+v", err, outcomes["ingress"])
	}
}
