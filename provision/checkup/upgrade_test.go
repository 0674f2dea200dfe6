package checkup

import (
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// TestUpgrade: an upgrade is half done when some programs have the version of the inventory and
// others do not; that none has it is no upgrade, but what `plan` shows.
func TestUpgrade(t *testing.T) {
	host := func(name, server, kubelet string) Host {
		return Host{Host: inventory.Host{Name: name}, Server: server, Kubelet: kubelet}
	}
	for what, test := range map[string]struct {
		hosts []Host
		want  string
	}{
		"done":      {[]Host{host("m1", "1.36.3", "1.36.3"), host("w1", "", "1.36.3")}, ""},
		"not begun": {[]Host{host("m1", "1.35.4", "1.35.4"), host("w1", "", "1.35.4")}, ""},
		"unknown":   {[]Host{host("m1", "1.36.3", "1.36.3"), host("w1", "", "")}, ""},
		"half done": {
			[]Host{host("m1", "1.36.3", "1.35.4"), host("m2", "1.35.4", "1.35.4"), host("w1", "", "1.35.4")},
			"an upgrade to v1.36.3 is half done: the API servers of m2 and the kubelets of m1, m2, w1 have v1.35.4 yet",
		},
	} {
		_, found := upgrade(Scene{Cluster: &inventory.Cluster{Kubernetes: "v1.36.3"}, Hosts: test.hosts})
		got := ""
		for _, p := range found {
			got += p.Text
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", what, got, test.want)
		}
	}
}

// TestCordon: the node that the tool has cordoned is told with the command that goes on.
func TestCordon(t *testing.T) {
	for mark, want := range map[string]Problem{
		"": {Level: Note, Hint: "kubectl uncordon w1"},
		api.MarkUpgrade: {Level: Warning,
			Hint: "`kbootstrap upgrade` goes on, and has the node take pods again"},
		api.MarkRemoval: {Level: Warning, Hint: "`kbootstrap remove-node w1` goes on; or kubectl uncordon w1"},
	} {
		if p := cordon(api.NodeVitals{Name: "w1", Mark: mark}); p.Level != want.Level || p.Hint != want.Hint {
			t.Errorf("%q: %+v", mark, p)
		}
	}
}
