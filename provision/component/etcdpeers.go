package component

import (
	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// etcdPeers are the certificates by which members know each other, on every host before the first
// member is started again to insist on them: a member that insists would lose those that have old
// ones. A running etcd reads them at each handshake (go.etcd.io/etcd/client/pkg/v3/transport,
// TLSInfo), so it is not restarted for them.
var etcdPeers = Component{
	Name:  "etcd-peers",
	On:    on(inventory.Etcd),
	After: []string{"base"},
	Role:  inventory.Etcd,
	Resources: func(t Target) []resource.Resource {
		return list(
			one(
				resource.User{Name: "etcd", Home: EtcdData},
				resource.Dir{Path: "/etc/etcd", Mode: 0o755},
				resource.Dir{Path: EtcdPKI, Mode: 0o750, Owner: "root:etcd"},
			),
			t.keys("etcd-peers"),
		)
	},
}

// insists reports whether a member takes nothing but the certificates of members. It neither hears
// nor calls those that have old ones (TLSInfo.baseConfig has the check for both), so it begins to
// when the run brings new ones to all of them, and never stops.
func (t Target) insists() bool {
	return t.EtcdNew || t.AllMembers || t.Facts.EtcdPeerCN == certs.EtcdPeer
}

// beginsToInsist reports whether a member of a cluster that runs is started again to insist: then a
// host that has failed to get its certificate would be lost to the others.
func (t Target) beginsToInsist() bool {
	return !t.EtcdNew && t.AllMembers && t.Facts.EtcdPeerCN != certs.EtcdPeer
}
