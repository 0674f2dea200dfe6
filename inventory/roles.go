package inventory

import (
	"cmp"
	"slices"
	"strings"
)

// roles reads the roles of a host.
func roles(to *[]Role) decoder {
	known := []string{string(Etcd), string(ControlPlane), string(Worker)}
	return each(decoder{schema{"enum": known}, func(r *reader, at string, v *node) {
		var s string
		str(&s).decode(r, at, v)
		switch {
		case s == "":
		case !slices.Contains(known, s):
			hint := cmp.Or(slipHint(s), Suggest(s, known))
			if slices.Contains([]string{"master", "controller", "controlplane", "control_plane"}, strings.ToLower(s)) {
				hint = didYouMean(string(ControlPlane))
			}
			r.problemAt(v.line, v.column, hint, "unknown role %q", s)
		case slices.Contains(*to, Role(s)):
			r.problemAt(v.line, v.column, "", "role %q is given twice", s)
		default:
			*to = append(*to, Role(s))
		}
	}})
}

// maxEtcd is the largest etcd cluster that its documentation recommends: each further member slows
// down every write.
const maxEtcd = 7

// checkRoles checks that the roles make a cluster.
func checkRoles(r *reader, c *Cluster) {
	unreadable := false
	for i, h := range c.Hosts {
		at := index("hosts", i)
		given := r.places[at+".roles"]
		if given != nil && (given.kind == null || given.kind == list && len(given.items) == 0) {
			r.problem(at+".roles", "give the host one of the roles etcd, control-plane and worker, or remove it",
				"host %q has no role", h.Name)
			continue
		}
		// Roles that could not be read may be the ones that are missing below.
		unreadable = unreadable || given == nil || len(given.items) != len(h.Roles)
	}
	if len(c.Hosts) == 0 || unreadable {
		return
	}
	if len(c.With(ControlPlane)) == 0 {
		r.problem("hosts", "", "no host has the role control-plane")
	}
	n, last := 0, "hosts"
	for i, h := range c.Hosts {
		if h.Has(Etcd) {
			n, last = n+1, index("hosts", i)+".roles"
		}
	}
	switch {
	case n == 0:
		r.problem("hosts", "", "no host has the role etcd")
	case n > maxEtcd:
		r.problem(last, "use 3 or 5: more members make every write slower",
			"%d hosts have the role etcd; at most %d may",
			n, maxEtcd)
	case n%2 == 0:
		r.problem(last, etcdHint(n), "%d hosts have the role etcd; the number must be odd", n)
	}
}

// etcdHint says why an even number of members is no better than one less.
func etcdHint(n int) string {
	if n == 2 {
		return "two members stop when either of them fails: use 1, or 3, which survive the loss of one"
	}
	return "an even number of members survives no more failures than one fewer: remove the role from one host, or " +
		"give it to one more"
}
