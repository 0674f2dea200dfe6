package resource_test

import (
	"slices"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// objectSet is an add-on with some namespaces.
func objectSet(names ...string) api.ObjectSet {
	set := api.ObjectSet{Name: "page", Kubeconfig: "/etc/kubernetes/admin.conf"}
	for _, name := range names {
		set.Objects = append(set.Objects, api.ObjectRef{APIVersion: "v1", Kind: "Namespace", Name: name})
	}
	return set
}

func objectSetLaws() []law {
	const a, b = "v1 Namespace a\n", "v1 Namespace b\n"
	return []law{
		{name: "add-on that is new", wanted: objectSet("a", "b"), start: func(m *machine) { newKube(m) }},
		{name: "add-on with fewer objects", wanted: objectSet("b"), before: a + b, start: func(m *machine) {
			newKube(m)
			m.apply(objectSet("a", "b"))
		}},
		{name: "add-on that is off", wanted: objectSet(), before: a, start: func(m *machine) {
			newKube(m)
			m.apply(objectSet("a"))
		}},
	}
}

// TestObjectsOfAddOnGo: what an add-on had and is not to have any more is deleted, in the order
// opposite to that in which it was made, and nothing else is.
func TestObjectsOfAddOnGo(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	path := func(name string) string { return "/api/v1/namespaces/" + name }
	for _, name := range []string{"a", "b", "c", "theirs"} {
		k.objects[path(name)] = map[string]any{"apiVersion": "v1", "kind": "Namespace"}
	}
	m.apply(objectSet("a", "b", "c"))
	m.apply(objectSet("b"))
	if want := []string{path("c"), path("a")}; !slices.Equal(k.deleted, want) {
		t.Errorf("deleted are %q, want %q", k.deleted, want)
	}
	if k.objects[path("b")] == nil || k.objects[path("theirs")] == nil {
		t.Error("what is wanted, or of others, is gone")
	}
	if got := m.observe(objectSet("b")); resource.Changed(got, objectSet("b")) {
		t.Errorf("noted are %q", got.State())
	}
}
