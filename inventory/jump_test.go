package inventory_test

import (
	"fmt"
	"slices"
	"testing"

	"kbootstrap/inventory"
)

// TestJumps: one jump host may be text or a mapping, several are a list of either, or text with
// commas.
func TestJumps(t *testing.T) {
	ops := inventory.Jump{Address: "bastion", Port: 2022, User: "ops"}
	for _, test := range []struct {
		jump string
		want []inventory.Jump
	}{
		{"ops@bastion:2022", []inventory.Jump{ops}},
		{"{address: bastion, port: 2022, user: ops}", []inventory.Jump{ops}},
		{"[{address: bastion, port: 2022, user: ops}, inner]", []inventory.Jump{ops, {Address: "inner"}}},
		{"'ops@bastion:2022, inner'", []inventory.Jump{ops, {Address: "inner"}}},
		{"none", nil},
	} {
		text := fmt.Sprintf("cluster: demo\nkubernetes: v1.36.3\nssh: {user: a, jump: %s}\nhosts:\n"+
			"  - {name: cp1, address: 192.0.2.1, roles: [etcd, control-plane, worker]}\n", test.jump)
		c, err := parse("hosts.yaml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", test.jump, err)
			continue
		}
		if got := c.Hosts[0].SSH.Jump; !slices.Equal(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", test.jump, got, test.want)
		}
	}
}
