package guard

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
)

// TestLostNFSClass: hosts keep the directory of the server until a run says that it may go.
func TestLostNFSClass(t *testing.T) {
	const client = "addons: {nfs: {enabled: true}}\n"
	for _, test := range []struct {
		what, addons          string
		limit, only, dropping []string
		hosts                 string // that the refusal is about; "" if nothing is refused
	}{
		{what: "kept", addons: "addons: {nfs: {enabled: true, server: 192.168.56.20, path: /srv/nfs}}\n"},
		{what: "another server", addons: "addons: {nfs: {enabled: true, server: 192.168.56.21, path: /srv/nfs}}\n"},
		{what: "off", hosts: "cp1, w1"},
		{what: "no class", addons: client, hosts: "cp1, w1"},
		{what: "off, and said so", dropping: []string{"storage", "nfs"}},
		{what: "off, and another said", dropping: []string{"storage"}, hosts: "cp1, w1"},
		{what: "a run over one host", limit: []string{"w1"}, hosts: "w1"},
		{what: "a run over another component", only: []string{"etcd"}},
		{what: "no class, and a run over the client", addons: client, only: []string{"nfs-client"}, hosts: "cp1, w1"},
	} {
		has := host.Facts{Units: []string{"kubelet.service", component.NFSUnit}}
		s := Situation{
			Cluster: fixture.Parse(t, fixture.Small+test.addons), Facts: map[string]host.Facts{"cp1": has, "w1": has},
			Limit: test.limit, Only: test.only, Dropping: test.dropping,
		}
		refused, _ := Judge(s)
		refused = slices.DeleteFunc(refused, func(r *RefusedError) bool { return r.Code != fault.AddOnDropped })
		switch {
		case test.hosts == "" && len(refused) == 0:
		case len(refused) != 1 || !strings.Contains(refused[0].Text, "unmounted on "+test.hosts+", and"):
			t.Errorf("%s: refused is %v", test.what, refused)
		case !strings.Contains(refused[0].Advice, "--remove-addon nfs"):
			t.Errorf("%s: no way out: %s", test.what, refused[0].Advice)
		}
	}
	bare := Situation{Cluster: fixture.Parse(t, fixture.Small), Facts: map[string]host.Facts{"cp1": {}, "w1": {}}}
	if refused := lostNFSClass(bare); refused != nil {
		t.Errorf("hosts that had none: %v", refused)
	}
}
