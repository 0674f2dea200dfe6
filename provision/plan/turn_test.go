package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// TestTurns: etcd and the API server travel first, and last what no node waits for; docker does not
// where the kubelet talks to it.
func TestTurns(t *testing.T) {
	late := []string{
		"add-on-images", "coredns", "default-accounts", "docker", "encrypted-secrets", "firewall", "images",
		"kube-router",
		"local-path-provisioner", "logging", "manifests", "metrics-server", "monitoring",
		"no-host-backups", "no-nfs", "no-unit-logs", "pod-probe", "registries", "tools", "traefik", "headlamp",
	}
	for _, test := range []struct {
		what, inventory string
		late            []string
	}{
		{"the usual", fixture.Small, late},
		{"cri: dockerd", fixture.Small + "cri: dockerd\n",
			[]string{
				"add-on-images", "coredns", "default-accounts", "encrypted-secrets", "firewall", "images",
				"kube-router",
				"local-path-provisioner", "logging", "manifests", "metrics-server", "monitoring",
				"no-host-backups", "no-nfs", "no-unit-logs", "pod-probe", "registries", "tools", "traefik", "headlamp",
			}},
	} {
		got := map[plan.Turn][]string{}
		turns := plan.Build(component.Components(), fixture.TargetsOf(t, test.inventory)).Turns()
		for _, c := range component.Components() {
			if turn, has := turns[c.Name]; has && turn != plan.InTurn {
				got[turn] = append(got[turn], c.Name)
			}
		}
		want := map[plan.Turn][]string{plan.Urgent: {component.Etcd, component.APIServer}}
		for _, c := range component.Components() {
			for _, name := range test.late {
				if c.Name == name {
					want[plan.Late] = append(want[plan.Late], name)
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
	}
}
