package component

import (
	"slices"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// Joining returns the names of the hosts that join the control plane of a cluster that is there,
// by the facts of those that were asked: a member of etcd that has not had a quorum yet, while
// another has, and a control plane without an API server.
func Joining(c *inventory.Cluster, facts map[string]host.Facts) []string {
	if len(voters(c, facts)) == 0 {
		return nil
	}
	serves := func(name string) bool { return slices.Contains(facts[name].Units, "kube-apiserver.service") }
	// Where no host serves the API, as after a restore onto new hosts, none joins: all begin
	// together.
	isServed := slices.ContainsFunc(c.Hosts, func(h inventory.Host) bool { return serves(h.Name) })
	var names []string
	for _, h := range c.Hosts {
		f, asked := facts[h.Name]
		lacksMember := h.Has(inventory.Etcd) && f.EtcdBootstrapped == ""
		lacksServer := isServed && h.Has(inventory.ControlPlane) && !serves(h.Name)
		if asked && (lacksMember || lacksServer) {
			names = append(names, h.Name)
		}
	}
	return names
}

// voters are the hosts whose member of etcd has had a quorum.
func voters(c *inventory.Cluster, facts map[string]host.Facts) []inventory.Host {
	return slices.DeleteFunc(c.With(inventory.Etcd), func(h inventory.Host) bool {
		return facts[h.Name].EtcdBootstrapped == ""
	})
}

// joins reports whether the host's member of etcd joins a cluster that is there.
func (t Target) joins() bool {
	return t.Has(inventory.Etcd) && slices.Contains(t.Joins, t.Host.Name) && t.Facts.EtcdBootstrapped == ""
}

// isFresh reports whether the host joins and has never been a node.
func (t Target) isFresh() bool {
	return slices.Contains(t.Joins, t.Host.Name) && !slices.Contains(t.Facts.Units, "kubelet.service")
}

// etcdJoin is the place of a member that joins in etcd's list. It comes when the files of the
// member are there and before it is started: from then on the cluster waits for it.
func etcdJoin(t Target) []resource.Resource {
	if !t.joins() {
		return nil
	}
	return one(resource.Membership{
		Name: t.Host.Name, PeerURL: peerURL(t.Host), Access: etcdPeerAccess(t), Unit: "etcd.service", DataDir: EtcdData,
	})
}

// etcdPeerAccess is how a member that joins reaches those that vote.
func etcdPeerAccess(t Target) resource.EtcdAccess {
	access := resource.EtcdAccess{
		CACert: EtcdPKI + "/ca.crt",
		Cert:   EtcdPKI + "/healthcheck-client.crt", Key: EtcdPKI + "/healthcheck-client.key",
	}
	for _, h := range t.Cluster.With(inventory.Etcd) {
		if !slices.Contains(t.Joins, h.Name) {
			access.Endpoints = append(access.Endpoints, clientURL(h))
		}
	}
	return access
}

// clientURL is where a member of etcd answers clients.
func clientURL(h inventory.Host) string { return "https://" + h.Address.String() + ":2379" }

// catchUp is how long a new member may take to get all that the others have: a database of the
// largest size in a network of 100 Mbit/s takes twelve minutes.
const catchUp = 15 * time.Minute

// etcdVote is the vote of a member that joins, which it gets when it has started and caught up.
// Then it has to hold what the others hold, before an API server reads from it.
func etcdVote(t Target) []resource.Resource {
	if !t.joins() {
		return nil
	}
	return one(
		resource.Vote{
			Name: t.Host.Name, PeerURL: peerURL(t.Host), Access: etcdPeerAccess(t), Unit: "etcd.service",
			Timeout: catchUp,
		},
		resource.Agreement{
			Name: t.Host.Name, PeerURL: peerURL(t.Host), Access: etcdPeerAccess(t), Timeout: 5 * time.Minute,
		},
	)
}
