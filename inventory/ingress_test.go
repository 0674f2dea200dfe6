package inventory_test

import (
	"strings"
	"testing"

	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// untainted is the base, whose worker takes pods.
var untainted = strings.Replace(base, "    taints: [\"dedicated=db:NoSchedule\"]\n", "", 1)

// withAddOns is the base, whose worker takes pods, with add-ons.
func withAddOns(addOns string) string {
	return strings.Replace(untainted, "cri: containerd", "addons: {"+addOns+"}", 1)
}

// TestIngressDefaults: what an inventory says that turns the ingress on, with either kind of ports.
func TestIngressDefaults(t *testing.T) {
	for _, test := range []struct {
		what, addOns, address, entrances string
		http, https                      int
	}{
		{"ports of hosts", "ingress: {enabled: true}", "192.168.56.21", "w1", 80, 443},
		{"node ports", "ingress: {enabled: true, ports: nodeport}", "192.168.56.11", "m1 w1", 30080, 30443},
		{"hosts by name", "ingress: {enabled: true, hosts: [m1], http: 8080}", "192.168.56.11", "m1", 8080, 443},
		{"a balancer in front", "ingress: {enabled: true, address: www.example.com}", "www.example.com", "w1", 80, 443},
		{"off", "", "", "", 80, 443},
	} {
		c, err := parse("hosts.yaml", []byte(withAddOns(test.addOns)))
		if err != nil {
			t.Fatalf("%s: %v", test.what, err)
		}
		var entrances []string
		for _, h := range c.Entrances() {
			entrances = append(entrances, h.Name)
		}
		a := c.AddOns.Ingress
		if c.IngressAddress() != test.address || a.HTTP != test.http || a.HTTPS != test.https || !a.Default ||
			strings.Join(entrances, " ") != test.entrances {
			t.Errorf("%s: %+v at %q", test.what, a, entrances)
		}
	}
	alone := strings.Replace(untainted[:strings.Index(untainted, "  - name: w1")], "cri: containerd",
		"addons: {ingress: {enabled: true}}", 1)
	c, err := parse("hosts.yaml", []byte(alone))
	if err != nil || len(c.Entrances()) != 1 {
		t.Errorf("a control plane alone: %v", err)
	}
}

// TestIngressProblems: what cannot be, each with its place.
func TestIngressProblems(t *testing.T) {
	files := trial.Lay(t, map[string]string{"tls.crt": "nothing", "tls.key": "nothing"})
	for _, test := range []struct{ addOns, want string }{
		{"ingress: {enabled: true, hosts: [w2]}", `there is no host "w2"`},
		{"ingress: {enabled: true, ports: nodeport, hosts: [w1]}", "a NodePort is a port of every host"},
		{"ingress: {enabled: true, http: 443}", "http and https are both 443"},
		{"ingress: {enabled: true, https: 6443}", "port 6443 is both addons.ingress.https and network.apiPort"},
		{"ingress: {enabled: true, http: 10250}", "port 10250 is taken: kubelet"},
		{"ingress: {enabled: true, http: 30080}", "the node ports 30000-32767 contain 30080 (addons.ingress.http)"},
		{"ingress: {enabled: true, ports: nodeport, http: 80}", "port 80 of addons.ingress.http is not among the node"},
		{"ingress: {enabled: true, names: ['a b']}", `"a b" is not a name that a certificate can be for`},
		{"ingress: {enabled: true, names: ['*.a.b.']}", `"*.a.b." is not a name that a certificate can be for`},
		{"ingress: {enabled: true, address: 'a:80'}", `"a:80" is neither a name nor an address`},
		{"ingress: {enabled: true, certificate: /a}", "a certificate and its key belong together: key is missing"},
		{"ingress: {enabled: true, key: /a}", "a certificate and its key belong together: certificate is missing"},
		{"ingress: {enabled: true, certificate: /none.crt, key: /none.key}", "/none.crt: no such file"},
		{"ingress: {enabled: true, certificate: " + files + "/tls.crt, key: " + files + "/tls.key}",
			"are not a certificate and its key"},
		{"registry: {enabled: true, port: 8443}, ingress: {enabled: true, https: 8443}",
			"port 8443 is both addons.ingress.https and addons.registry.port"},
		{"ui: {enabled: true, name: ui.example.com}", "pages behind a name need the ingress, which is off"},
		{"ui: {enabled: true, name: 'ui:1'}", `"ui:1" is not a name that pages can have`},
		{"ui: {enabled: true, port: 444}", "port 444 of addons.ui.port is not among the node ports"},
		{"ui: {enabled: true, rights: admin}", `"admin" is not a value of rights`},
		{"ui: {enabled: true, port: 30443}, ingress: {enabled: true, ports: nodeport}",
			"port 30443 is both addons.ingress.https and addons.ui.port"},
	} {
		_, err := parse("hosts.yaml", []byte(withAddOns(test.addOns)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.addOns, err, test.want)
		}
	}
	tainted := strings.Replace(base, "cri: containerd", "addons: {ingress: {enabled: true}}", 1)
	_, err := parse("hosts.yaml", []byte(tainted))
	if err == nil || !strings.Contains(err.Error(), "no host takes requests: every worker has a taint") {
		t.Errorf("a worker with a taint: %v", err)
	}
}

// TestRightsOfPeople: people may look unless the inventory says more.
func TestRightsOfPeople(t *testing.T) {
	c, err := parse("hosts.yaml", []byte(withAddOns("ui: {enabled: true}")))
	if err != nil || c.AddOns.UI.Rights != inventory.RightsView || c.AddOns.UI.Port != 30444 {
		t.Errorf("%+v, %v", c, err)
	}
}
