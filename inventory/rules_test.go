package inventory_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// parse reads an inventory by the rules of the real components.
func parse(name string, data []byte) (*inventory.Cluster, error) {
	return inventory.Parse(name, data, component.Rules())
}

// messages returns what the problems of an inventory say, without their places.
func messages(t *testing.T, data string, rules inventory.Rules) string {
	t.Helper()
	_, err := inventory.Parse("hosts.yaml", []byte(data), rules)
	var problems inventory.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatalf("error %v, want Problems", err)
	}
	var all []string
	for _, p := range problems {
		text := p.Message
		if p.Hint != "" {
			text += " (" + p.Hint + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// TestEveryFixedPortIsRefused wants each port that is taken on hosts for something else.
func TestEveryFixedPortIsRefused(t *testing.T) {
	const taken = "port PORT is taken: BY"
	const within = "the node ports PORT-PORT contain PORT (BY) (a Service could take the port away from it)"
	for _, p := range component.Rules().Ports {
		if p.Network != "tcp" {
			continue
		}
		for field, message := range map[string]string{
			"apiPort: PORT":        taken,
			"localAPIPort: PORT":   taken,
			"nodePorts: PORT-PORT": within,
		} {
			fill := strings.NewReplacer("PORT", strconv.Itoa(p.Number), "BY", p.By)
			data := strings.Replace(base, "nodePorts: 30000-32767", fill.Replace(field), 1)
			if got, want := messages(t, data, component.Rules()), fill.Replace(message); got != want {
				t.Errorf("%s: %q, want %q", fill.Replace(field), got, want)
			}
		}
	}
}

// TestPortsOfTwoNetworks has a fixed port of one network and a chosen one of the same number.
func TestPortsOfTwoNetworks(t *testing.T) {
	const taken = "port 4789 is taken: something"
	for _, test := range []struct{ network, field, want string }{
		{"udp", "flannel: {port: 4789}", taken},
		{"tcp", "flannel: {port: 4789}", ""},
		{"udp", "flannel: {port: 4789, backend: host-gw}", ""}, // which has no port
		{"tcp", "apiPort: 4789", taken},
		{"udp", "apiPort: 4789", ""},
		{"udp", "localAPIPort: 4789", ""},
		{"udp", "nodePorts: 4000-5000",
			"the node ports 4000-5000 contain 4789 (something) (a Service could take the port away from it)"},
	} {
		rules := component.Rules()
		rules.Ports = []inventory.Port{{Network: test.network, Number: 4789, By: "something"}}
		data := strings.Replace(base, "nodePorts: 30000-32767", test.field, 1)
		if got := messages(t, data, rules); got != test.want {
			t.Errorf("%s with %s/4789: %q, want %q", test.field, test.network, got, test.want)
		}
	}
}

// TestRulesAreThoseOfTheComponents reads an inventory of components that there are not.
func TestRulesAreThoseOfTheComponents(t *testing.T) {
	rules := inventory.Rules{
		Programs: []inventory.Program{
			{Name: "alpha", Rules: map[string]inventory.Rule{"home": {Refused: "it is at home"}}},
			{Name: "beta", Absent: func(c *inventory.Cluster) string { return "cri is " + c.CRI }},
		},
		Versions: []string{"alphabet"}, OldestMinor: 40, NewestMinor: 41,
	}
	text := strings.Replace(base, `kube-apiserver: {v: "4"}`, "alpha: {v: 4}", 1)
	text = strings.Replace(text, "v1.36.3", "v1.41.0\nversions: {alphabet: 1.2.3}", 1)
	for _, test := range []struct{ old, new, want string }{
		{"", "", ""},
		{"alpha:", "etcd:", `unknown component "etcd" (known here: alpha, beta)`},
		{"{v: 4}", "{home: x}", "--home of alpha cannot be set (it is at home)"},
		{"alpha:", "beta:", "beta has arguments, but does not run: cri is containerd"},
		{"alphabet", "etcd", `unknown field "etcd" (known here: alphabet)`},
		{"v1.41.0", "v1.42.0", "Kubernetes 1.42 is newer than what this kbootstrap supports " +
			"(supported: v1.40 to v1.41; a newer kbootstrap may support more)"},
		{"v1.41.0", "v1.39.9", "Kubernetes 1.39 is not supported (supported: v1.40 to v1.41)"},
	} {
		if got := messages(t, strings.Replace(text, test.old, test.new, 1), rules); got != test.want {
			t.Errorf("%s: %q, want %q", test.new, got, test.want)
		}
	}
}
