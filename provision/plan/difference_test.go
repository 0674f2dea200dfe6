package plan_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/certs"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// compare returns the resources, by host and component, that differ between two plans.
func compare(t *testing.T, before, after []component.Target) []string {
	t.Helper()
	states := func(targets []component.Target) map[string]string {
		m := map[string]string{}
		for _, s := range plan.Build(component.Components(), targets).Steps {
			for _, r := range s.Wanted {
				m[s.About()+" "+s.Component.Name+": "+r.ID()] = r.State() + fixture.Details(r)
			}
		}
		return m
	}
	a, b := states(before), states(after)
	different := map[string]bool{}
	for key := range a {
		different[key] = a[key] != b[key]
	}
	for key := range b {
		_, ok := a[key]
		different[key] = !ok || a[key] != b[key]
	}
	maps.DeleteFunc(different, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(different))
}

// TestChangesStayWhereTheyBelong: what changes with a line of the inventory, and what is restarted
// for it.
func TestChangesStayWhereTheyBelong(t *testing.T) {
	c := fixture.Parse(t, fixture.Custom)
	pki, set := fixture.Issue(t, c), fixture.Resolve(t, c)
	for _, test := range []struct {
		what, old, with string
		want            []string
	}{
		{"nothing", "20000-22767", "20000-22767", nil},
		{"the ports of nodes", "nodePorts: 20000-22767", "nodePorts: 20000-20500", []string{
			"cp1 kube-apiserver: file /etc/systemd/system/kube-apiserver.service",
			"cp1 kube-apiserver: service kube-apiserver.service",
		}},
		{"a worker's label", "disk: ssd", "disk: nvme", []string{"w1 nodes: node w1"}},
		{"a control plane's label", "tier: control", "tier: front", []string{"cp1 nodes: node cp1"}},
		{"a worker's taint", "dedicated=db:NoSchedule", "dedicated=web:NoSchedule", []string{
			"w1 kubelet: file /var/lib/kubelet/config.yaml",
			"w1 kubelet: service kubelet.service",
			"w1 nodes: node w1",
		}},
		{"a flag of etcd", `"250"`, `"300"`, []string{
			"cp1 etcd: file /etc/systemd/system/etcd.service", "cp1 etcd: service etcd.service",
		}},
		{"a flag of the proxy", `kube-proxy: {v: "1"}`, `kube-proxy: {v: "2"}`, []string{
			"cp1 kube-proxy: file /etc/systemd/system/kube-proxy.service", "cp1 kube-proxy: service kube-proxy.service",
			"w1 kube-proxy: file /etc/systemd/system/kube-proxy.service", "w1 kube-proxy: service kube-proxy.service",
		}},
		{"how flannel sends", "backend: host-gw", "backend: vxlan", []string{
			"cp1 flannel: file /etc/kube-flannel/net-conf.json", "cp1 flannel: service flanneld.service",
			"w1 flannel: file /etc/kube-flannel/net-conf.json", "w1 flannel: service flanneld.service",
		}},
		{"the firewall", "firewall: leave", "firewall: disable", []string{
			"cp1 base: service firewalld.service", "w1 base: service firewalld.service",
		}},
		{"how to log in", "address: 192.168.56.11,", "address: 192.168.56.11, ssh: {user: vagrant, port: 2222},", nil},
	} {
		changed := fixture.Parse(t, fixture.Edited(t, fixture.Custom, test.old, test.with))
		got := compare(t, fixture.TargetsWith(c, pki, set), fixture.TargetsWith(changed, pki, set))
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
	}
}

// TestAddedWorkerChangesNoOther: a host that is added changes what concerns it, and nothing that
// would restart a service of another host.
func TestAddedWorkerChangesNoOther(t *testing.T) {
	added := fixture.Small + "  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"
	c := fixture.Parse(t, added)
	pki, set := fixture.Issue(t, c), fixture.Resolve(t, c)
	without := *c
	without.Hosts = c.Hosts[:2]
	for _, key := range compare(t, fixture.TargetsWith(&without, pki, set), fixture.TargetsWith(c, pki, set)) {
		if key != "cp1 nodes: node w2" && !strings.HasPrefix(key, "w2 ") {
			t.Errorf("%s changes", key)
		}
	}
}

// TestRenewedCertificates: with new certificates, everything that holds one is restarted, and
// nothing else.
func TestRenewedCertificates(t *testing.T) {
	c := fixture.Parse(t, fixture.AllInOne)
	set := fixture.Resolve(t, c)
	renewed := func() *certs.PKI {
		other := *c
		other.File = fixture.Parse(t, fixture.AllInOne).File // another state directory, and so other authorities
		return fixture.Issue(t, &other)
	}
	var services []string
	for _, key := range compare(
		t, fixture.TargetsWith(c, fixture.Issue(t, c), set), fixture.TargetsWith(c, renewed(), set),
	) {
		if _, name, ok := strings.Cut(key, ": service "); ok {
			services = append(services, name)
		}
	}
	want := []string{
		"etcd.service", "flanneld.service", "kube-apiserver.service", "kube-controller-manager.service",
		"kube-proxy.service", "kube-router.service",
		"kube-scheduler.service", "kubelet.service",
	}
	if d := cmp.Diff(want, slices.Sorted(slices.Values(services))); d != "" {
		t.Error(d)
	}
}
