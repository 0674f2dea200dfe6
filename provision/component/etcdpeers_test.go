package component_test

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// TestMembersInsistTogether: a member of a cluster of before asks others for the certificates of
// members when the run brings them to all, and never stops. While it begins to, a host that fails
// is needed indeed.
func TestMembersInsistTogether(t *testing.T) {
	etcd := named(t, component.Etcd)
	for _, test := range []struct {
		what            string
		founds, all     bool
		asked           string // by the unit that is there
		insists, strict bool
	}{
		{"new cluster", true, true, "", true, false},
		{"cluster of before", false, true, "", true, true},
		{"cluster of before, limited or one is away", false, false, "", false, false},
		{"it insists", false, true, "etcd-peer", true, false},
		{"it insists, limited or one is away", false, false, "etcd-peer", true, false},
		{"something else is asked, limited", false, false, "other", false, false},
	} {
		target := fixture.TargetsOf(t, fixture.Ha)[0]
		target.EtcdNew, target.AllMembers, target.Facts.EtcdPeerCN = test.founds, test.all, test.asked
		if got := etcd.Strict(target); got != test.strict {
			t.Errorf("%s: strict: %t", test.what, got)
		}
		unit := slices.IndexFunc(etcd.Resources(target), func(r resource.Resource) bool {
			return r.ID() == "file /etc/systemd/system/etcd.service"
		})
		text := string(etcd.Resources(target)[unit].(resource.File).Content)
		if got := strings.Contains(text, "--peer-cert-allowed-cn=etcd-peer"); got != test.insists {
			t.Errorf("%s: insists: %t", test.what, got)
		}
	}
}

// TestOldRightsStay: the rights of clusters of before go when a run is about all hosts, and then
// only when none has failed.
func TestOldRightsStay(t *testing.T) {
	old := named(t, "old-access")
	for _, all := range []bool{true, false} {
		target := fixture.TargetsOf(t, fixture.Ha)[0]
		target.AllHosts = all
		if old.On(target) != all || !old.Strict(target) {
			t.Errorf("of all hosts: %t: old rights go: %t, strict: %t", all, old.On(target), old.Strict(target))
		}
	}
}

func named(t *testing.T, name string) component.Component {
	t.Helper()
	all := component.Components()
	i := slices.IndexFunc(all, func(c component.Component) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no component %s", name)
	}
	return all[i]
}
