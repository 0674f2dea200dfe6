package provision

import (
	"strings"
	"testing"

	"kbootstrap/resource/api"
)

// TestSilentServers: a server is waited for that does not say how it is, and no other.
func TestSilentServers(t *testing.T) {
	members := []api.EtcdMember{{Name: "m1"}}
	well, late := api.EtcdVitals{Leader: "1"}, api.EtcdVitals{Error: "deadline"}
	for name, test := range map[string]struct {
		vitals  map[string]api.EtcdVitals
		members []api.EtcdMember
		views   map[string]api.UpgradeView
		want    string
	}{
		"none is there": {want: ""},
		"all are well":  {vitals: map[string]api.EtcdVitals{"m1": well}, members: members},
		"one is late": {
			vitals: map[string]api.EtcdVitals{"m2": late, "m1": well}, members: members, want: "etcd on m2",
		},
		"no leader":            {vitals: map[string]api.EtcdVitals{"m1": {}}, members: members, want: "etcd on m1"},
		"none tells of others": {vitals: map[string]api.EtcdVitals{"m1": well}, want: "etcd on m1"},
		"an API server": {
			views: map[string]api.UpgradeView{"m1": {}, "m2": {Error: "deadline"}}, want: "kube-apiserver on m2",
		},
	} {
		run := &Run{vitals: test.vitals, views: test.views, census: api.Census{Members: test.members}}
		if got := strings.Join(silentServers(run), ", "); got != test.want {
			t.Errorf("%s: %q is silent, want %q", name, got, test.want)
		}
	}
}
