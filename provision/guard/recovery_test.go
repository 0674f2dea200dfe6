package guard

import (
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/resource/api"
)

// TestRecovery: one member becomes the cluster only when there is no other way.
func TestRecovery(t *testing.T) {
	one := map[string]Survivor{"m1": {Last: host.LogEntry{Term: 2, Index: 7}}}
	two := map[string]Survivor{"m1": one["m1"], "m3": {Last: host.LogEntry{Term: 2, Index: 9}}}
	for name, test := range map[string]struct {
		survivors map[string]Survivor
		leader    string
		texts     []string
	}{
		"one of three": {survivors: one},
		"with a leader": {survivors: one, leader: "1", texts: []string{
			"etcd has a quorum: the member of m1 knows a leader",
		}},
		"a majority": {survivors: two, texts: []string{
			"2 of the 3 members of etcd have their data, and that is a majority: m1, m3",
		}},
		"a majority, of which one was salvaged": {survivors: map[string]Survivor{
			"m1": {Salvaged: true}, "m3": two["m3"],
		}},
		"a leader that was salvaged": {survivors: map[string]Survivor{"m1": {Salvaged: true}}, leader: "1"},
		"none":                       {texts: []string{"none of the 3 members of etcd has its data"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(t)
			s.Etcd = map[string]api.EtcdVitals{"m1": {Leader: test.leader}}
			refuses(t, fault.RefusedRecovery, Recovery(s, test.survivors), test.texts...)
		})
	}
}

// TestBestSurvivor: as raft elects, a later term comes before a longer log.
func TestBestSurvivor(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	entry := func(term, index uint64) Survivor { return Survivor{Last: host.LogEntry{Term: term, Index: index}} }
	for want, survivors := range map[string]map[string]Survivor{
		"":   nil,
		"m1": {"m1": entry(3, 5), "m2": entry(2, 900), "m3": entry(3, 4)},
		"m2": {"m1": entry(3, 5), "m2": entry(3, 6)},
		"m3": {"m1": entry(9, 9), "m3": {Salvaged: true}},
	} {
		if got := BestSurvivor(c, survivors); got != want {
			t.Errorf("of %v %q is taken, want %q", survivors, got, want)
		}
	}
}
