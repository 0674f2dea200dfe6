package resource_test

import (
	"fmt"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/resource/converge"
)

// TestManyNodesAreListed: five hundred nodes are looked at by one request, and are found as each of
// them is when it is asked for by itself; one that is not registered is absent.
func TestManyNodesAreListed(t *testing.T) {
	const hosts = 500
	m := newMachine(t)
	k := newKube(m)
	var all []map[string]any
	var wanted []resource.Resource
	for n := range hosts {
		name := fmt.Sprintf("w%d", n)
		w := api.Node{
			Name: name, Kubeconfig: namespaceX().Kubeconfig,
			Labels: map[string]string{"role": "worker"}, Taints: []string{"dedicated=db:NoSchedule"},
		}
		wanted = append(wanted, w)
		if n == 7 {
			continue // not registered
		}
		object := node(name, true, map[string]any{"key": "dedicated", "value": "db", "effect": "NoSchedule"})
		if n != 11 { // which lacks its label
			object["metadata"] = map[string]any{"name": name, "labels": map[string]any{"role": "worker", "other": "x"}}
		}
		k.objects["/api/v1/nodes/"+name] = object
		all = append(all, object)
	}
	k.nodes(all...)
	found, err := converge.Observe(t.Context(), m.System, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if k.reads != 1 {
		t.Errorf("%d requests for %d nodes", k.reads, hosts)
	}
	for n, w := range wanted {
		if differs := n == 7 || n == 11; resource.Changed(found[n], w) != differs {
			t.Errorf("node %d is found as\n%s", n, found[n].State())
		}
	}
	for _, n := range []int{7, 11, 499} {
		alone, err := wanted[n].Observe(t.Context(), m.System)
		if err != nil || alone.State() != found[n].State() {
			t.Errorf("node %d by itself is\n%s\nin the list\n%s\n%v", n, alone.State(), found[n].State(), err)
		}
	}
}
