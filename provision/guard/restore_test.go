package guard

import (
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/resource/api"
)

// TestRestoreRefused: what runs is not replaced unasked, what was cut off goes on, and the data of
// others is let be.
func TestRestoreRefused(t *testing.T) {
	c := fixture.Parse(t, fixture.AllInOne)
	name := c.Hosts[0].Name
	restore := component.Restore{ID: "1", Snapshot: release.Content{SHA256: "5a"}}
	ours := component.EtcdToken(c)
	leads := api.EtcdVitals{Member: "1", Leader: "1"}
	for about, test := range map[string]struct {
		facts    host.Facts
		vitals   api.EtcdVitals
		replaces bool
		want     fault.Code
	}{
		"new host":  {vitals: api.EtcdVitals{Error: "not asked"}},
		"disk lost": {facts: host.Facts{EtcdBootstrapped: ours}, vitals: api.EtcdVitals{Error: "refused"}},
		"no leader": {
			facts: host.Facts{EtcdBootstrapped: ours, EtcdData: true}, vitals: api.EtcdVitals{Member: "1"},
		},
		"runs": {
			facts: host.Facts{EtcdBootstrapped: ours}, vitals: leads, want: fault.RestoreReplaces,
		},
		"runs, replaced":    {facts: host.Facts{EtcdBootstrapped: ours}, vitals: leads, replaces: true},
		"cut off":           {facts: host.Facts{EtcdBootstrapped: ours, Restoring: "1 5a"}, vitals: leads},
		"another, cut off":  {facts: host.Facts{Restoring: "1 6b"}, want: fault.RestoreUnfinished},
		"another, given up": {facts: host.Facts{Restoring: "1 6b"}, replaces: true},
		"of another cluster": {
			facts: host.Facts{EtcdBootstrapped: "kbootstrap-other"}, replaces: true, want: fault.RestoreForeign,
		},
		"an etcd of the owner":  {facts: host.Facts{EtcdData: true}, replaces: true, want: fault.RestoreForeign},
		"ours, without a mark":  {facts: host.Facts{EtcdData: true, Units: []string{"etcd.service"}}},
		"restored, not started": {facts: host.Facts{EtcdData: true, Restoring: "1 5a"}},
	} {
		s := Situation{
			Cluster: c, Facts: map[string]host.Facts{name: test.facts},
			Etcd: map[string]api.EtcdVitals{name: test.vitals},
		}
		refused := Restore(s, restore, test.replaces)
		got := fault.Code("")
		if len(refused) > 0 {
			got = refused[0].Code
		}
		if got != test.want || len(refused) > 1 {
			t.Errorf("%s: got %v, want %q", about, refused, test.want)
		}
	}
}

// TestUnfinishedRestore: up starts no member next to one that may have other data.
func TestUnfinishedRestore(t *testing.T) {
	c := fixture.Parse(t, fixture.AllInOne)
	s := Situation{Cluster: c, Facts: map[string]host.Facts{c.Hosts[0].Name: {Restoring: "1 5a"}}}
	refused, _ := Judge(s)
	if len(refused) == 0 || refused[0].Code != fault.RestoreUnfinished {
		t.Errorf("got %v", refused)
	}
}
