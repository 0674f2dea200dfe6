package resource_test

import (
	"strings"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// usersObject is an object of a user's, of a kind that only the API knows.
func usersObject(spec string) api.Object {
	return api.Object{
		Manifest: []byte(`{"apiVersion":"shops.example.com/v1","kind":"Shelf",` +
			`"metadata":{"name":"a","namespace":"n"},"spec":` + spec + `}`),
		Kubeconfig: "/etc/kubernetes/admin.conf", Manager: "users",
	}
}

const shelfPath = "/apis/shops.example.com/v1/namespaces/n/shelves/a"

// knowShelves has the API know the kind.
func knowShelves(k *fakeAPI) {
	k.objects["/apis/shops.example.com/v1"] = map[string]any{"resources": []any{
		map[string]any{"name": "shelves/status", "kind": "Shelf", "namespaced": true},
		map[string]any{"name": "shelves", "kind": "Shelf", "namespaced": true},
	}}
}

func usersObjectLaws() []law {
	start := func(has ...api.Object) func(m *machine) {
		return func(m *machine) {
			knowShelves(newKube(m))
			for _, o := range has {
				o.Manager = "kbootstrap-users"
				m.apply(o)
			}
		}
	}
	wanted := usersObject(`{"cpu":"1000m","boards":3}`)
	wanted.Manager = "kbootstrap-users"
	const lines = "apiVersion: shops.example.com/v1\nkind: Shelf\nmetadata.name: a\nmetadata.namespace: n\n"
	return []law{
		{name: "user's object that is new", wanted: wanted, start: start()},
		{name: "user's object with a field less", wanted: wanted,
			start:  start(usersObject(`{"cpu":"1000m","boards":3,"doors":{"left":true}}`)),
			before: lines + "spec.boards: 3\nspec.cpu: 1000m\nspec.doors.left: true\n"},
	}
}

// TestUsersObjectIsSpeltOtherwise: what the API spells in its own way is as wanted, and what others
// have made is told apart from what the tool has.
func TestUsersObjectIsSpeltOtherwise(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	wanted := usersObject(`{"cpu":"1000m"}`)
	wanted.Manager = "kbootstrap-users"
	if found := m.observe(wanted); found.State() != "" {
		t.Errorf("of a kind that is not there is found: %s", found.State())
	}
	knowShelves(k)
	m.apply(wanted)
	spec, _ := k.objects[shelfPath]["spec"].(map[string]any)
	if found := m.observe(wanted); spec["cpu"] != "1" || resource.Changed(found, wanted) {
		t.Errorf("the API has %v, and found is %s", spec, found.State())
	}
	meta, _ := k.objects[shelfPath]["metadata"].(map[string]any)
	delete(meta, "managedFields")
	if found := m.observe(wanted); !strings.HasPrefix(found.State(), "made by others\n") {
		t.Errorf("what others have made is %s", found.State())
	}
}

// TestUsersObjectGoesWithItsKind: when the kind is gone, so are its objects.
func TestUsersObjectGoesWithItsKind(t *testing.T) {
	m := newMachine(t)
	newKube(m)
	m.apply(usersObject("{}").Absence())
}

// TestSameObject: neither another version of its kind nor a namespace that goes without saying
// makes an object another one.
func TestSameObject(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.objects["/apis/apps/v1/namespaces/default/deployments/a"] = map[string]any{"kind": "Deployment"}
	set := func(o api.ObjectRef) api.ObjectSet {
		return api.ObjectSet{Name: "x", Kubeconfig: "/etc/kubernetes/admin.conf", Objects: []api.ObjectRef{o}}
	}
	m.apply(set(api.ObjectRef{APIVersion: "apps/v1beta1", Kind: "Deployment", Name: "a"}))
	m.apply(set(api.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "default", Name: "a"}))
	if len(k.deleted) > 0 {
		t.Errorf("deleted are %q", k.deleted)
	}
	m.apply(set(api.ObjectRef{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "a"}))
	if len(k.deleted) != 1 {
		t.Errorf("deleted are %q", k.deleted)
	}
}
