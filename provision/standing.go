package provision

import (
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// standing is what tells of the cluster that is there, beside the facts: some files of its hosts, its nodes, its members.
// A plan that is limited to some hosts or components does not see these, but must not contradict them either.
type standing struct {
	found  map[string]map[string]plan.Change // by host and ID
	census resource.Census
}

// witnesses are the wanted resources whose found state tells how the cluster was made.
var witnesses = []string{
	caFile, etcdCAFile, saFile, apiServerUnit, controllerManagerUnit, kubeletFile, apiServerProgram, etcdProgram,
}

const (
	caFile                = "file /etc/kubernetes/pki/ca.crt"
	etcdCAFile            = "file /etc/etcd/pki/ca.crt"
	saFile                = "file /etc/kubernetes/pki/sa.pub"
	apiServerUnit         = "file /etc/systemd/system/kube-apiserver.service"
	controllerManagerUnit = "file /etc/systemd/system/kube-controller-manager.service"
	kubeletFile           = "file /var/lib/kubelet/config.yaml"
	apiServerProgram      = "link /usr/local/bin/kube-apiserver"
	etcdProgram           = "link /usr/local/bin/etcd"
)

// rolesOfUnits are the units that a host has only in a role.
var rolesOfUnits = []struct {
	unit string
	role inventory.Role
}{
	{"etcd", inventory.Etcd},
	{"kube-apiserver", inventory.ControlPlane},
	{"kube-controller-manager", inventory.ControlPlane},
	{"kube-scheduler", inventory.ControlPlane},
}

// ownUnit is the file that every service of ours has, and no service of somebody else's (see resource.Service).
func ownUnit(unit string) resource.File {
	return resource.File{Path: "/etc/systemd/system/" + unit + ".service.d/50-kbootstrap.conf", Absent: true}
}

// askWitnesses asks every host of the plan for the witnesses.
func (r *Run) askWitnesses(queries map[string]node.Query, whole plan.Plan) {
	for _, h := range whole.Hosts() {
		q := queries[h.Name]
		q.Witnesses = witnessesOf(whole, h)
		queries[h.Name] = q
	}
}

// heardFrom is what the witnesses tell. A host that does not answer has said nothing: the plan's own observation tells why.
func heardFrom(queries map[string]node.Query, answers map[string]node.Answer) standing {
	s := standing{found: map[string]map[string]plan.Change{}}
	for name, a := range answers {
		if a.WitnessesErr != nil {
			continue
		}
		changes := map[string]plan.Change{}
		for i, w := range queries[name].Witnesses {
			changes[w.ID()] = plan.Change{Found: a.Witnesses[i], Wanted: w}
		}
		s.found[name] = changes
	}
	return s
}

// witnesses are what is looked at on a host.
func witnessesOf(p plan.Plan, h inventory.Host) []resource.Resource {
	var rs []resource.Resource
	for _, s := range p.Steps {
		if s.At != h.Name {
			continue
		}
		for _, w := range s.Wanted {
			if slices.Contains(witnesses, w.ID()) {
				rs = append(rs, w)
			}
		}
	}
	for _, u := range rolesOfUnits {
		if !h.Has(u.role) {
			rs = append(rs, ownUnit(u.unit))
		}
	}
	return rs
}

// askCensus asks the control plane that leads for the nodes, and every etcd host that has had a quorum for the members.
func (r *Run) askCensus(queries map[string]node.Query) {
	ask := func(host string, from resource.CensusSource) {
		q := queries[host]
		q.Census = append(q.Census, from)
		queries[host] = q
	}
	if r.Fleet[r.lead] != nil {
		ask(r.lead, resource.CensusSource{Kubeconfig: component.SuperAdmin})
	}
	for _, h := range r.Cluster.With(inventory.Etcd) {
		m := r.Fleet[h.Name]
		if m == nil || m.Facts.EtcdBootstrapped == "" {
			continue
		}
		ask(h.Name, resource.CensusSource{Members: resource.Ready{
			URL:    "https://" + h.Address.String() + ":2380/members",
			CACert: component.EtcdPKI + "/ca.crt", Cert: component.EtcdPKI + "/peer.crt", Key: component.EtcdPKI + "/peer.key",
		}})
	}
}

// censusOf is what the hosts tell, each of nodes and members the first of them that knows any.
func (r *Run) censusOf(answers map[string]node.Answer) resource.Census {
	var census resource.Census
	for _, h := range r.Cluster.Hosts {
		for _, told := range answers[h.Name].Census {
			if census.Nodes == nil {
				census.Nodes = told.Nodes
			}
			if census.Members == nil {
				census.Members = told.Members
			}
		}
	}
	return census
}
