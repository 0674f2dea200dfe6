package resource_test

import (
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// account is the service account of pods that name none.
func account(withoutToken bool) api.Account {
	return api.Account{
		Namespace: "default", Name: "default", Kubeconfig: "/etc/kubernetes/admin.conf", WithoutToken: withoutToken,
	}
}

func serviceAccountLaws() []law {
	const taken = "its token is mounted only where a pod asks for it\n"
	return []law{
		{name: "taken over", wanted: account(true), start: func(m *machine) { newKube(m) }},
		{name: "given up", wanted: account(false), before: taken, start: func(m *machine) {
			newKube(m)
			m.apply(account(true))
		}},
	}
}

// TestAccountOfOwner: what the owner of an account has set is not taken away.
func TestAccountOfOwner(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.objects["/api/v1/namespaces/default/serviceaccounts/default"] = map[string]any{
		"automountServiceAccountToken": false, "metadata": map[string]any{"managedFields": []any{
			map[string]any{"manager": "kubectl", "fieldsV1": map[string]any{
				"f:automountServiceAccountToken": map[string]any{},
			}},
		}},
	}
	for _, withoutToken := range []bool{true, false} {
		wanted := account(withoutToken)
		if found := m.observe(wanted); resource.Changed(found, wanted) {
			t.Errorf("without token %t: something is to be done:\n%s", withoutToken, resource.Diff(found, wanted))
		}
	}
}
