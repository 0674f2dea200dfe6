package resource_test

import (
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

func serviceAddresses(addresses ...string) api.ServiceAddresses {
	return api.ServiceAddresses{
		Namespace: "kube-system", Name: "x", Addresses: addresses, Kubeconfig: "/etc/kubernetes/admin.conf",
	}
}

// newService is an API with the Service.
func newService(m *machine) {
	newKube(m).objects["/api/v1/namespaces/kube-system/services/x"] = map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "x", "namespace": "kube-system"},
	}
}

func serviceAddressesLaws() []law {
	return []law{
		{name: "a Service without addresses", wanted: serviceAddresses("192.0.2.2", "192.0.2.1"), start: newService},
		{name: "a host less", wanted: serviceAddresses("192.0.2.1"), before: "192.0.2.1\n192.0.2.2\n",
			start: func(m *machine) {
				newService(m)
				m.apply(serviceAddresses("192.0.2.1", "192.0.2.2"))
			}},
	}
}

// TestAddressesOfNoService: a Service that is not there has none, and can be given none.
func TestAddressesOfNoService(t *testing.T) {
	m := newMachine(t)
	newKube(m)
	if got := m.observe(serviceAddresses("192.0.2.1")); resource.Changed(got, serviceAddresses()) {
		t.Errorf("it has %q", got.State())
	}
	m.apply(serviceAddresses())
	if err := serviceAddresses("192.0.2.1").Apply(t.Context(), m.System); err == nil {
		t.Error("it was given one")
	}
}
