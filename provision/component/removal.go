package component

import (
	"slices"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// Removal is the book of hosts that leave a cluster that stays. Their pods go first; then no host
// looks for an API server there any more, and it ends; then etcd has one member less; and then the
// host is made what it was before, as by a reset. Targets that leave have Leaving; those that stay
// have a Cluster without them.
//
// The member of etcd goes after the API server, which asks no other, and before the data.
func Removal(drain time.Duration) []Component {
	left := slices.Clone(Teardown(false))
	left[0].After = []string{LeaveEtcd, "stop-plane", "drain"} // leave
	for i, on := range left {
		left[i].On = func(t Target) bool { return t.Leaving && on.On(t) }
	}
	return append([]Component{
		{
			Name: "drain", On: func(t Target) bool { return t.Leaving && !t.Dead }, AtLead: true,
			Resources: func(t Target) []resource.Resource {
				return one(api.Drain{Node: t.Host.Name, Kubeconfig: Admin, Timeout: drain, Mark: api.MarkRemoval})
			},
		},
		{
			Name: "kube-api-proxy", Short: "api-lb", On: Target.keepsProxy, Needs: []string{"drain"},
			Units: apiProxy.Units, Rolling: true, Resources: apiProxy.Resources,
		},
		stopPlane,
		leaveEtcd,
	}, left...)
}

// Replacement is the book of hosts that were installed again while the cluster knows what they were
// before: etcd loses the member whose data is gone, which must never start with none, and the node
// goes, so that the new one has no taint, network or pod of the old one.
func Replacement() []Component {
	etcd, node := leaveEtcd, leave
	etcd.After, etcd.Needs = nil, nil
	node.After = []string{LeaveEtcd}
	return []Component{etcd, node}
}

// keepsProxy reports whether the host stays and looks for the API at several control planes, of
// which one leaves.
func (t Target) keepsProxy() bool {
	return !t.Leaving && slices.Contains(t.Facts.Units, "kube-api-proxy.service")
}

// stopPlane is a host without the servers of a control plane.
var stopPlane = Component{
	Name:      "stop-plane",
	On:        func(t Target) bool { return t.Leaving && t.hasOurs() && t.Has(inventory.ControlPlane) },
	After:     []string{"drain"},
	Needs:     []string{"kube-api-proxy"},
	Resources: func(Target) []resource.Resource { return stopped(scheduler, controllerManager, apiServer) },
}

// leaveEtcd is a cluster of etcd without the host's member, as the control plane that leads sees to
// it.
var leaveEtcd = Component{
	Name:   LeaveEtcd,
	On:     func(t Target) bool { return t.Leaving && t.Has(inventory.Etcd) },
	AtLead: true,
	After:  []string{"drain", "stop-plane"},
	Needs:  []string{"kube-api-proxy"},
	Resources: func(t Target) []resource.Resource {
		access := resource.EtcdAccess{
			CACert: PKIDir + "/etcd/ca.crt",
			Cert:   PKIDir + "/apiserver-etcd-client.crt", Key: PKIDir + "/apiserver-etcd-client.key",
		}
		for _, h := range t.Cluster.With(inventory.Etcd) {
			if !slices.Contains(t.Leavers, h.Name) {
				access.Endpoints = append(access.Endpoints, clientURL(h))
			}
		}
		return one(resource.Membership{Name: t.Host.Name, PeerURL: peerURL(t.Host), Access: access, Absent: true})
	},
}

// noAPIProxy is a host without the proxy that it had while there were several control planes. It
// goes when nothing asks it any more.
var noAPIProxy = Component{
	Name:   "no-api-proxy",
	OfNode: true,
	Short:  "no-lb",
	On: func(t Target) bool {
		return !t.highlyAvailable() && slices.Contains(t.Facts.Units, "kube-api-proxy.service")
	},
	After:   []string{"kubelet", "kube-proxy", "flannel", "kube-router"},
	Absence: true,
	Resources: func(Target) []resource.Resource {
		rs := one(
			resource.Service{Name: apiProxy.Units[0]},
			resource.File{Path: "/etc/kubernetes/api-proxy.cfg", Absent: true},
			resource.File{Path: "/etc/systemd/system/" + apiProxy.Units[0], Absent: true},
		)
		return rs
	},
}
