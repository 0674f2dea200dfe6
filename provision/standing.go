package provision

import (
	"context"
	"slices"
	"sync"

	"kbootstrap/inventory"
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

// survey looks at the witnesses on every host of the plan, and takes the census. Who does not answer has said nothing:
// the plan's own observation tells why.
func (r *Run) survey(ctx context.Context, whole plan.Plan) standing {
	var (
		mu  sync.Mutex
		all sync.WaitGroup
		s   = standing{found: map[string]map[string]plan.Change{}}
	)
	for _, h := range whole.Hosts() {
		all.Go(func() {
			wanted := witnessesOf(whole, h)
			found, err := r.Fleet[h.Name].Client.Observe(ctx, wanted)
			if err != nil {
				return
			}
			changes := map[string]plan.Change{}
			for i, w := range wanted {
				changes[w.ID()] = plan.Change{Found: found[i], Wanted: w}
			}
			mu.Lock()
			defer mu.Unlock()
			s.found[h.Name] = changes
		})
	}
	if r.live() {
		all.Go(func() { s.census = r.census(ctx) })
	}
	all.Wait()
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

// census asks the control plane that leads for the nodes, and the first etcd host that answers for the members.
func (r *Run) census(ctx context.Context) resource.Census {
	var (
		nodes, members resource.Census
		both           sync.WaitGroup
	)
	both.Go(func() {
		if m := r.Fleet[r.lead]; m != nil {
			nodes, _ = m.Client.Census(ctx, resource.CensusSource{Kubeconfig: component.SuperAdmin})
		}
	})
	for _, h := range r.Cluster.With(inventory.Etcd) {
		m := r.Fleet[h.Name]
		if m == nil || m.Facts.EtcdBootstrapped == "" {
			continue
		}
		members, _ = m.Client.Census(ctx, resource.CensusSource{Members: resource.Ready{
			URL:    "https://" + h.Address.String() + ":2380/members",
			CACert: component.EtcdPKI + "/ca.crt", Cert: component.EtcdPKI + "/peer.crt", Key: component.EtcdPKI + "/peer.key",
		}})
		if members.Members != nil {
			break
		}
	}
	both.Wait()
	return resource.Census{Nodes: nodes.Nodes, Members: members.Members}
}
