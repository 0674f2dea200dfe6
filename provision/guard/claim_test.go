package guard

import (
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// claims is a situation of a reset: every host has the authority "a", and the mark of the cluster.
func claims(t *testing.T, c *inventory.Cluster, wanted string) Situation {
	t.Helper()
	s := Situation{Cluster: c, Facts: map[string]host.Facts{}, Claims: map[string]Claim{}}
	for _, h := range c.Hosts {
		s.Facts[h.Name] = host.Facts{Cluster: c.Name}
		s.Claims[h.Name] = Claim{Ours: true, Keys: []Key{{component.PKIDir + "/ca.crt", "a", wanted}}}
	}
	return s
}

func TestClaimed(t *testing.T) {
	// unmarked is a host of a cluster that an older version of the tool made.
	unmarked := func(s Situation, names ...string) {
		for name := range s.Facts {
			claim := s.Claims[name]
			claim.Names = names
			s.Facts[name], s.Claims[name] = host.Facts{}, claim
		}
	}
	// trusts gives a worker another authority.
	trusts := func(s Situation, ca string) {
		claim := s.Claims["w1"]
		claim.Keys = []Key{{claim.Keys[0].Path, ca, claim.Keys[0].Wanted}}
		s.Claims["w1"] = claim
	}
	for _, test := range []struct {
		what, wanted string // wanted is what the state directory has
		edit         func(s Situation)
		want         fault.Code
		host, proof  string
	}{
		{what: "ours", wanted: "a", proof: "state directory"},
		{what: "ours, the state directory is lost", proof: "no state directory, but they name this cluster"},
		{
			what: "of an older version", wanted: "a", proof: "state directory",
			edit: func(s Situation) { unmarked(s) },
		},
		{
			what: "of an older version, the state directory is lost", proof: "no state directory",
			edit: func(s Situation) { unmarked(s, s.Cluster.Name) },
		},
		{
			what: "only workers answer", proof: "no state directory",
			edit: func(s Situation) { unmarked(s, s.Cluster.Name); delete(s.Facts, "m1"); delete(s.Claims, "m1") },
		},
		{what: "the mark of another", wanted: "a", want: fault.OtherCluster, host: "w1",
			edit: func(s Situation) { s.Facts["w1"] = host.Facts{Cluster: "other"} }},
		{what: "etcd's mark of another", want: fault.OtherCluster, host: "m1",
			edit: func(s Situation) { s.Facts["m1"] = host.Facts{EtcdBootstrapped: "kbootstrap-other"} }},
		{what: "a kubelet of another", want: fault.OtherCluster, host: "m1",
			edit: func(s Situation) { unmarked(s, "other") }},
		{what: "other authorities", wanted: "a", want: fault.ResetOfOthers, host: "w1",
			edit: func(s Situation) { trusts(s, "b") }},
		{what: "two clusters of one name", want: fault.ResetUnproven, host: "m1",
			edit: func(s Situation) { trusts(s, "b") }},
		{what: "no name at all", want: fault.ResetUnproven, host: "m1", edit: func(s Situation) { unmarked(s) }},
		{what: "a worker without a name, and another authority", want: fault.ResetUnproven, host: "w1",
			edit: func(s Situation) { trusts(s, "b"); s.Facts["w1"] = host.Facts{} }},
		{what: "a worker without a name, and the same authority", proof: "no state directory",
			edit: func(s Situation) { s.Facts["w1"] = host.Facts{} }},
		{what: "a host that is not ours", wanted: "a", proof: "state directory",
			edit: func(s Situation) {
				s.Facts["w1"], s.Claims["w1"] = host.Facts{}, Claim{Names: []string{"kubernetes"}, Keys: []Key{{"x",
					"b", "a"}}}
			}},
		{what: "the machine of another node", wanted: "a", want: fault.OtherNode, host: "w1",
			edit: func(s Situation) {
				claim := s.Claims["w1"]
				claim.Node = "w2"
				s.Claims["w1"] = claim
			}},
		{what: "the node itself", wanted: "a", proof: "state directory",
			edit: func(s Situation) {
				claim := s.Claims["w1"]
				claim.Node = "w1"
				s.Claims["w1"] = claim
			}},
		{what: "half reset: no authority is left", proof: "",
			edit: func(s Situation) {
				for name := range s.Facts {
					s.Facts[name], s.Claims[name] = host.Facts{}, Claim{Ours: true}
				}
			}},
	} {
		s := claims(t, fixture.Parse(t, fixture.Ha), test.wanted)
		if test.edit != nil {
			test.edit(s)
		}
		refused, proof := Claimed(s)
		switch {
		case test.want == "" && (refused != nil || !strings.Contains(proof, test.proof) ||
			(proof == "") != (test.proof == "")):
			t.Errorf("%s: refused %v, proof %q", test.what, refused, proof)
		case test.want != "" && (len(refused) == 0 || refused[0].Code != test.want || refused[0].Host != test.host):
			t.Errorf("%s: got %v, want %s of %s", test.what, refused, test.want, test.host)
		}
	}
}

// TestClaimOf reads what was found on a host.
func TestClaimOf(t *testing.T) {
	found := Authorities()
	first, _ := found[0].(resource.File)
	found[0] = resource.File{Path: first.Path, Content: []byte("found")}
	c := ClaimOf(true, "demo", "system:node:w1@demo", found, map[string][]byte{first.Path: []byte("wanted")})
	if !c.Ours || c.Node != "w1" || len(c.Names) != 1 || len(c.Keys) != 1 ||
		c.Keys[0] != (Key{first.Path, "found", "wanted"}) {
		t.Errorf("got %+v", c)
	}
}
