package resource_test

import (
	"encoding/json"
	"testing"

	"kbootstrap/resource"
)

// TestTakers: an object that wants two nodes for its pods is made when there are two, and one that
// is there already is not held back.
func TestTakers(t *testing.T) {
	deployment := func(label string) []byte {
		text, err := json.Marshal(map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"name": "y", "namespace": "kube-system", "labels": map[string]any{"a": label}},
			"spec":     map[string]any{"replicas": 2},
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	taint := map[string]any{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
	m := newMachine(t)
	k := newKube(m)
	k.nodes(node("m1", true), node("m2", true, taint))
	const looks = 4
	k.after(looks, func() { k.nodes(node("m1", true), node("m2", true)) })
	o := namespaceX()
	o.Manifest, o.Takers = deployment("old"), 2
	m.apply(o)
	if found := m.observe(o); resource.Changed(found, o) {
		t.Errorf("found:\n%s", found.State())
	}
	if k.reads < looks {
		t.Errorf("made after %d looks, and the second node took no pods before %d", k.reads, looks)
	}
	k.nodes()
	o.Manifest = deployment("new")
	m.apply(o)
	if found := m.observe(o); resource.Changed(found, o) {
		t.Errorf("with no node any more, found:\n%s", found.State())
	}
}
