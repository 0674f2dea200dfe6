package provision

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// judge finds what a run would destroy of the cluster that is there, all of it at once. Nothing of it is ever carried out.
func (r *Run) judge(s standing) {
	issued, _ := r.store.Hosts() // none are known then
	for _, refused := range slices.Concat(
		r.foreign(), r.replaced(s), r.networks(s), r.versions(s), r.moved(s), r.gone(s, issued), r.members(s), r.quorum(),
	) {
		if r.elsewhere(refused) {
			r.Warnings = append(r.Warnings, refused.Error())
		} else {
			r.Refusals = append(r.Refusals, refused)
		}
	}
	for _, n := range s.census.Nodes {
		m := r.Fleet[n.Name]
		if m != nil && n.MachineID != "" && m.Facts.MachineID != "" && n.MachineID != m.Facts.MachineID &&
			!slices.Contains(m.Facts.Units, "kubelet.service") {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s: it is another machine than the one that registered the node %s, and new: "+
				"up makes it that node again", n.Name, n.Name))
		}
	}
}

// elsewhere reports whether a refusal is about a host that a limited run has nothing to do with: who adds a worker need not
// first see to another that is gone. Members of etcd have to do with each other.
func (r *Run) elsewhere(refused *guard.RefusedError) bool {
	if len(r.Scope.Hosts) == 0 || slices.Contains(r.Scope.Hosts, refused.Host) {
		return false
	}
	switch refused.Code {
	case fault.HostGone:
		return true
	case fault.MemberGone, fault.MemberAdded, fault.MemberMoved, fault.MemberEmpty:
		return !slices.ContainsFunc(r.Scope.Hosts, func(name string) bool {
			h, _ := r.Cluster.Host(name)
			return h.Has(inventory.Etcd)
		})
	}
	return false
}

// foreign finds hosts that are members of another cluster of etcd's.
func (r *Run) foreign() guard.Refusals {
	var rs guard.Refusals
	for _, h := range r.Cluster.Hosts {
		m := r.Fleet[h.Name]
		if m == nil || m.Facts.EtcdBootstrapped == "" || m.Facts.EtcdBootstrapped == component.EtcdToken(r.Cluster) {
			continue
		}
		name := strings.TrimPrefix(m.Facts.EtcdBootstrapped, component.TokenPrefix)
		rs = append(rs, &guard.RefusedError{
			Code: fault.OtherCluster, Host: h.Name,
			Text: fmt.Sprintf("it belongs to the cluster %s, and the inventory is for %s", name, r.Cluster.Name),
			Advice: fmt.Sprintf("the name of a cluster cannot be changed: write `cluster: %s` again; or `kbootstrap reset` with the "+
				"inventory of %s first, which removes that cluster with all data", name, name),
		})
	}
	return rs
}

// replaced finds authorities and keys on hosts that are not those of the state directory.
func (r *Run) replaced(s standing) guard.Refusals {
	if !r.live() || r.lost() {
		return nil
	}
	var rs guard.Refusals
	for _, h := range r.Cluster.Hosts {
		m := r.Fleet[h.Name]
		if m == nil || !h.Has(inventory.ControlPlane) && !h.Has(inventory.Etcd) ||
			m.Facts.EtcdBootstrapped != "" && m.Facts.EtcdBootstrapped != component.EtcdToken(r.Cluster) {
			continue // a worker of another cluster gets what it needs of this one; foreign tells of the others
		}
		var others []string
		for _, id := range []string{caFile, etcdCAFile, saFile} {
			found, wanted := contents(s.found[h.Name][id])
			if found != "" && publicKey(found) != publicKey(wanted) {
				others = append(others, strings.TrimPrefix(id, "file "))
			}
		}
		if others == nil {
			continue
		}
		rs = append(rs, &guard.RefusedError{
			Code: fault.AuthorityReplaced, Host: h.Name,
			Text: fmt.Sprintf("the keys that the running cluster hangs on are not those in %s: %s",
				filepath.Join(r.Cluster.StateDir(), "pki"), strings.Join(others, ", ")),
			Advice: "restore the state directory of this cluster from a backup, or run where it is; with other keys every host, " +
				"pod and administrator would be locked out",
		})
	}
	return rs
}

// publicKey is the key of a certificate, or of a public key in PEM; or the text itself when it is neither.
func publicKey(text string) string {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return text
	}
	if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
		return string(cert.RawSubjectPublicKeyInfo)
	}
	return string(block.Bytes)
}

// contents are the texts of a file that was found and of the one that is wanted; empty when there is none.
func contents(c plan.Change) (found, wanted string) {
	if f, ok := c.Found.(resource.File); ok && !f.Absent {
		found = string(f.Content)
	}
	if f, ok := c.Wanted.(resource.File); ok {
		wanted = string(f.Content)
	}
	return found, wanted
}

// fixed are the settings that a running cluster cannot change: what was given out by the old ones would not fit.
var fixed = []struct {
	file, field string
	value       *regexp.Regexp
	why         string
}{
	{apiServerUnit, "network.services", regexp.MustCompile(`--service-cluster-ip-range=(\S+)`),
		"Services keep the addresses that they have"},
	{controllerManagerUnit, "network.pods", regexp.MustCompile(`--cluster-cidr=(\S+)`),
		"nodes keep the subnets that they have"},
	{kubeletFile, "network.domain", regexp.MustCompile(`(?m)^clusterDomain: "?([^"\s]+)`),
		"pods keep the names that they were started with"},
}

// networks finds networks and domains that differ from those of the running cluster.
func (r *Run) networks(s standing) guard.Refusals {
	if !r.live() {
		return nil
	}
	var rs guard.Refusals
	for _, f := range fixed {
		for _, h := range r.Cluster.With(inventory.ControlPlane) {
			was, is := contents(s.found[h.Name][f.file])
			before, after := first(f.value, was), first(f.value, is)
			if before == "" || before == after {
				continue
			}
			rs = append(rs, &guard.RefusedError{
				Code: fault.NetworkChanged,
				Text: fmt.Sprintf("%s is %s in the running cluster (on %s), and %s in the inventory", f.field, before, h.Name, after),
				Advice: fmt.Sprintf("write %s again: it cannot be changed while the cluster is there, since %s; another one takes a new "+
					"cluster (`kbootstrap reset`, then `kbootstrap up`)", before, f.why),
			})
			break // the others say the same
		}
	}
	return rs
}

// first is the first group of a pattern, or "".
func first(pattern *regexp.Regexp, text string) string {
	if found := pattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

var versionInPath = regexp.MustCompile(`^/opt/kbootstrap/[a-z-]+-(\d+)\.(\d+)\.(\d+)`)

// version is that of the program behind a link, as numbers; nil when the link is not ours.
func version(r resource.Resource) []int {
	link, ok := r.(resource.Link)
	if !ok || link.Absent {
		return nil
	}
	found := versionInPath.FindStringSubmatch(link.Target)
	if found == nil {
		return nil
	}
	numbers := make([]int, 3)
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(found[i+1]) // digits
	}
	return numbers
}

func dotted(version []int) string {
	return fmt.Sprintf("v%d.%d.%d", version[0], version[1], version[2])
}

// versions finds versions that the running cluster must not be brought to by changing all hosts at once.
func (r *Run) versions(s standing) guard.Refusals {
	var rs guard.Refusals
	for _, h := range r.Cluster.Hosts {
		for _, program := range []struct{ id, name string }{{apiServerProgram, "Kubernetes"}, {etcdProgram, "etcd"}} {
			change := s.found[h.Name][program.id]
			found, wanted := version(change.Found), version(change.Wanted)
			if found == nil || wanted == nil || slices.Equal(found, wanted) || !r.live() {
				continue
			}
			refused := &guard.RefusedError{
				Host: h.Name,
				Text: fmt.Sprintf("it runs %s %s, and the inventory says %s", program.name, dotted(found), dotted(wanted)),
			}
			switch {
			case slices.Compare(wanted, found) < 0:
				refused.Code = fault.Downgrade
				refused.Advice = "write " + dotted(found) + " again: what a newer version has stored an older one may not read"
			case program.name == "Kubernetes" && !slices.Equal(found[:2], wanted[:2]):
				refused.Code = fault.MinorUpgrade
				refused.Advice = "write " + dotted(found) + " again, or a later patch of it: `up` does not bring a running cluster to another minor " +
					"version, which goes one minor version at a time, control planes before kubelets"
			default:
				continue
			}
			rs = append(rs, refused)
		}
	}
	return rs
}

// moved finds hosts that run what the inventory no longer gives them.
func (r *Run) moved(s standing) guard.Refusals {
	var rs guard.Refusals
	for _, h := range r.Cluster.Hosts {
		lost := map[inventory.Role][]string{}
		for _, u := range rolesOfUnits {
			change, looked := s.found[h.Name][ownUnit(u.unit).ID()]
			if looked && resource.Changed(change.Found, change.Wanted) {
				lost[u.role] = append(lost[u.role], u.unit)
			}
		}
		for _, role := range []inventory.Role{inventory.Etcd, inventory.ControlPlane} {
			if lost[role] == nil {
				continue
			}
			rs = append(rs, &guard.RefusedError{
				Code: fault.RoleMoved, Host: h.Name,
				Text:   fmt.Sprintf("it has %s, and %s:%d does not give it the role %s", strings.Join(lost[role], ", "), r.Cluster.File, h.Line, role),
				Advice: fmt.Sprintf("give it the role %s again: taking it away from a host of a running cluster removes a member, which `up` never does", role),
			})
		}
	}
	return rs
}

// gone finds hosts of the cluster that the inventory no longer has: nodes that were made from it, and members of etcd.
func (r *Run) gone(s standing, issued []string) guard.Refusals {
	var rs guard.Refusals
	for _, n := range s.census.Nodes {
		if _, ok := r.Cluster.Host(n.Name); ok || !slices.Contains(issued, n.Name) {
			continue
		}
		rs = append(rs, &guard.RefusedError{
			Code: fault.HostGone, Host: n.Name,
			Text: fmt.Sprintf("it is a node of the cluster, and %s does not have it", r.Cluster.File),
			Advice: fmt.Sprintf("put it back, take it out with `kbootstrap reset --host %s`, and then remove it from the inventory; if the machine "+
				"is lost: `kubectl delete node %s`", n.Name, n.Name),
		})
	}
	for _, m := range s.census.Members {
		if _, ok := r.Cluster.Host(m.Name); ok || m.Name == "" {
			continue
		}
		rs = append(rs, &guard.RefusedError{
			Code: fault.MemberGone, Host: m.Name,
			Text:   fmt.Sprintf("it is a member of etcd, and %s does not have it", r.Cluster.File),
			Advice: "put it back: members leave etcd one at a time and on purpose, never by omission",
		})
	}
	return rs
}

// members finds hosts that etcd's own list of members contradicts.
func (r *Run) members(s standing) guard.Refusals {
	if s.census.Members == nil {
		return nil // nobody told
	}
	var rs guard.Refusals
	for _, h := range r.Cluster.With(inventory.Etcd) {
		i := slices.IndexFunc(s.census.Members, func(m resource.EtcdMember) bool { return m.Name == h.Name })
		machine := r.Fleet[h.Name]
		switch {
		case i < 0 && slices.ContainsFunc(s.census.Members, func(m resource.EtcdMember) bool { return m.Name == "" && r.at(m, h) }):
			// It was added, and has not started yet.
		case i < 0:
			rs = append(rs, &guard.RefusedError{
				Code: fault.MemberAdded, Host: h.Name,
				Text:   fmt.Sprintf("%s:%d gives it the role etcd, and the running cluster does not have it as a member", r.Cluster.File, h.Line),
				Advice: "take the role etcd from it: a running cluster gets no new members yet; they are made by the first `kbootstrap up`",
			})
		case !r.at(s.census.Members[i], h):
			rs = append(rs, &guard.RefusedError{
				Code: fault.MemberMoved, Host: h.Name,
				Text:   fmt.Sprintf("its address is %s in the inventory, and etcd has it at %s", h.Address, strings.Join(s.census.Members[i].PeerURLs, ", ")),
				Advice: "write the address again that etcd has: a member does not move to another address by a restart",
			})
		case machine != nil && s.census.Members[i].Started && !machine.Facts.EtcdData:
			rs = append(rs, &guard.RefusedError{
				Code: fault.MemberEmpty, Host: h.Name,
				Text: fmt.Sprintf("it is a member of etcd, and %s holds no data: its disk is lost, or the host was made anew", component.EtcdData),
				Advice: "restore the directory while etcd is stopped, or take the member out and add it again as etcd's documentation tells; " +
					"started empty it would break the promises that it made to the other members",
			})
		}
	}
	return rs
}

// at reports whether etcd has a member at the address of a host.
func (r *Run) at(m resource.EtcdMember, h inventory.Host) bool {
	return slices.Contains(m.PeerURLs, "https://"+h.Address.String()+":2380")
}

// quorum finds out whether the plan would restart a member of etcd while so many others are out of reach that the rest are
// no majority.
func (r *Run) quorum() guard.Refusals {
	members := r.Cluster.With(inventory.Etcd)
	away := 0
	for _, h := range members {
		if r.Unreached[h.Name] != nil {
			away++
		}
	}
	if away == 0 || len(members)-away-1 > len(members)/2 {
		return nil
	}
	for _, s := range r.Plan.Steps {
		if s.Component.Name != component.Etcd || !s.Running() {
			continue
		}
		for _, c := range s.Changes() {
			if _, ok := c.Wanted.(resource.Service); ok {
				return guard.Refusals{{
					Code: fault.QuorumAtRisk, Host: s.About(),
					Text: fmt.Sprintf("etcd has to be restarted there, and %d of %d members cannot be reached: the rest would be no majority",
						away, len(members)),
					Advice: "bring the other members back first, or leave etcd out with --only",
				}}
			}
		}
	}
	return nil
}
