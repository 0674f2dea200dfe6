package guard

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// Claim is what a host tells of the cluster that it belongs to.
type Claim struct {
	// Ours says that the tool has changed the host at some time.
	Ours bool
	// Names are the names of clusters that the host gives, each once.
	Names []string
	// Node is the name of the node that the host's kubelet is, or empty.
	Node string
	// Keys are the authorities that the host trusts. Wanted is that of the state directory; empty
	// where there is none.
	Keys []Key
}

// Authorities are what is to be looked at on a host to learn which authorities it trusts.
func Authorities() []resource.Resource {
	var rs []resource.Resource
	for _, path := range []string{component.PKIDir + "/ca.crt", component.EtcdPKI + "/ca.crt", component.PKIDir +
		"/sa.pub"} {
		rs = append(rs, resource.File{Path: path, Absent: true})
	}
	return rs
}

// ClaimOf reads what a host tells. The context and the user are those of its kubelet, found what
// was found of Authorities, and wanted what the state directory has of them, by path.
func ClaimOf(ours bool, context, user string, found []resource.Resource, wanted map[string][]byte) Claim {
	c := Claim{Ours: ours}
	if node, ok := strings.CutPrefix(user, "system:node:"); ok {
		c.Node, _, _ = strings.Cut(node, "@")
	}
	if context != "" {
		c.Names = []string{context}
	}
	for _, r := range found {
		if path, text := pathAndText(r); text != "" {
			c.Keys = append(c.Keys, Key{Path: path, Found: text, Wanted: string(wanted[path])})
		}
	}
	return c
}

// names are the names of clusters that the host gives, each once.
func (s Situation) names(host string) []string {
	facts := s.Facts[host]
	var names []string
	told := []string{facts.Cluster, component.ClusterOf(facts.EtcdBootstrapped)}
	if facts.Cluster == "" { // an older version of the tool left no mark
		told = append(told, s.Claims[host].Names...)
	}
	for _, name := range told {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Claimed refuses a reset of hosts that are not the inventory's: those that name another cluster,
// those that trust other authorities than those of the state directory, and without a state
// directory those of which nothing shows whose they are. It returns what shows the others to be of
// this cluster.
func Claimed(s Situation) (rs Refusals, proof string) {
	ours := map[string]bool{} // the authorities of hosts that give the name of this cluster
	keys, named := false, false
	for _, h := range s.Cluster.Hosts {
		if !s.Claims[h.Name].Ours {
			continue
		}
		for _, key := range s.Claims[h.Name].Keys {
			keys = keys || key.Wanted != ""
			if slices.Contains(s.names(h.Name), s.Cluster.Name) {
				ours[key.Path+"\n"+strings.Join(publicKeys(key.Found), "\n")] = true
			}
		}
		named = named || slices.Contains(s.names(h.Name), s.Cluster.Name)
	}
	for _, h := range s.Cluster.Hosts {
		if s.isAsked(h.Name) && s.Claims[h.Name].Ours {
			rs = append(rs, s.claimed(h.Name, keys, ours)...)
		}
	}
	switch {
	case keys:
		proof = "their authorities are those of the state directory"
	case named:
		proof = "there is no state directory, but they name this cluster and trust the same authorities"
	}
	return rs, proof
}

// claimed judges one host.
func (s Situation) claimed(host string, keys bool, ours map[string]bool) Refusals {
	names := s.names(host)
	for _, name := range names {
		if name != s.Cluster.Name {
			return Refusals{s.otherCluster(host, name)}
		}
	}
	if node := s.Claims[host].Node; node != "" && node != host {
		h, _ := s.Cluster.Host(host)
		return Refusals{isNode(s, h, node)}
	}
	var others, unknown []string
	several := false
	for _, key := range s.Claims[host].Keys {
		switch {
		case key.Wanted != "" && !key.isOurs():
			others = append(others, key.Path)
		case key.Wanted == "" && !ours[key.Path+"\n"+strings.Join(publicKeys(key.Found), "\n")]:
			unknown = append(unknown, key.Path)
		case key.Wanted == "":
			several = several || countOf(ours, key.Path) > 1
		}
	}
	store := filepath.Join(s.Cluster.StateDir(), "pki")
	switch {
	case others != nil:
		return Refusals{{
			Code: fault.ResetOfOthers, Host: host,
			Text: fmt.Sprintf("this host trusts other authorities than those in %s: %s", store, strings.Join(others,
				", ")),
			Advice: "use the inventory and the state directory that this host's cluster was made with; if the state " +
				"directory is the wrong one, move it away: then the names that the hosts give decide",
		}}
	case !keys && several:
		return Refusals{{
			Code: fault.ResetUnproven, Host: host,
			Text: fmt.Sprintf("%s does not exist, and hosts that name the cluster %s trust different authorities",
				store, s.Cluster.Name),
			Advice: "restore the state directory, or reset the hosts of one cluster with an inventory of their own",
		}}
	case !keys && unknown != nil:
		return Refusals{{
			Code: fault.ResetUnproven, Host: host,
			Text: fmt.Sprintf("nothing shows that this host belongs to the cluster %s: %s does not exist, and "+
				"the host "+
				"gives no name and trusts authorities that no host of this cluster has (%s)",
				s.Cluster.Name, store, strings.Join(unknown, ", ")),
			Advice: "restore the state directory, or run the command where it is; a control plane that can be " +
				"reached, " +
				"and names this cluster, is enough too",
		}}
	}
	return nil
}

// countOf is how many authorities there are of a path.
func countOf(ours map[string]bool, path string) int {
	n := 0
	for key := range ours {
		if strings.HasPrefix(key, path+"\n") {
			n++
		}
	}
	return n
}

// otherCluster refuses a host that belongs to a cluster of another name.
func (s Situation) otherCluster(host, name string) *RefusedError {
	return &RefusedError{
		Code: fault.OtherCluster, Host: host,
		Text: fmt.Sprintf("this host belongs to the cluster %s, but the inventory is for %s", name, s.Cluster.Name),
		Advice: fmt.Sprintf("the name of a cluster cannot be changed: write `cluster: %s` again; or run "+
			"`kbootstrap reset` with the inventory of %s first, which removes that cluster with all its data",
			name, name),
	}
}
