package inventory_test

import (
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// TestFaults: one wrong line for each code of the inventory.
func TestFaults(t *testing.T) {
	const good = "cluster: demo\nkubernetes: v1.36.3\nhosts:\n  - {name: m1, address: 192.0.2.1, roles: [etcd, " +
		"control-plane]}\n"
	if _, err := parse("hosts.yaml", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code     fault.Code
		old, new string
	}{
		{fault.InventorySyntax, "cluster: demo", "cluster: demo\ncluster: demo"},
		{fault.InventorySyntax, "cluster: demo", "\tcluster: demo"},
		{fault.InventorySyntax, good, ""},
		{fault.InventoryUnknownField, "hosts:", "colour: red\nhosts:"},
		{fault.InventoryMissingField, "cluster: demo\n", ""},
		{fault.InventoryType, "name: m1", "name: [m1]"},
		{fault.InventoryValue, "hosts:", "runtime: podman\nhosts:"},
		{fault.InventoryValue, "hosts:", "runtime: containerd\ncri: dockerd\nhosts:"},
		{fault.InventoryName, "name: m1", "name: M1"},
		{fault.InventoryNetwork, "hosts:", "network: {pods: 10.96.0.0/16}\nhosts:"},
		{fault.InventoryNetwork, "hosts:", "network: {pods: 10.96.0.1/16}\nhosts:"},
		{fault.InventoryAddress, "192.0.2.1", "127.0.0.1"},
		{fault.InventoryPort, "hosts:", "network: {apiPort: 10250}\nhosts:"},
		{fault.InventoryLogin, "address:", "ssh: {hostKey: MD5:00}, address:"},
		{fault.InventoryLogin, "address:", "ssh: {address: a b}, address:"},
		{fault.InventoryRoles, "etcd, ", ""},
		{fault.InventoryRoles, "control-plane", "master"},
		{fault.InventoryArgument, "hosts:", "arguments: {kubelet: {config: /x}}\nhosts:"},
		{
			fault.InventorySecurity, "hosts:",
			"arguments: {kube-apiserver: {encryption-provider-config: /etc/x}}\nhosts:",
		},
		{fault.InventorySecurity, "hosts:", "security: {encryption: none, encryptionKey: 2}\nhosts:"},
		{fault.InventoryLabel, "address:", "labels: {a b: c}, address:"},
		{fault.InventoryLabel, "address:", "taints: [a], address:"},
		{fault.InventoryVersion, "v1.36.3", "v1.9.0"},
		{fault.InventoryVersion, "hosts:", "versions: {etcd: newest}\nhosts:"},
	} {
		_, err := parse("hosts.yaml", []byte(strings.Replace(good, test.old, test.new, 1)))
		if fault.Of(err) != test.code {
			t.Errorf("%q for %q: %q, want %q: %v", test.new, test.old, fault.Of(err), test.code, err)
		}
	}
	_, err := inventory.Load(filepath.Join(t.TempDir(), "none"), component.Rules())
	if fault.Of(err) != fault.InventoryUnread {
		t.Errorf("a file that is not there: %q", fault.Of(err))
	}
}
