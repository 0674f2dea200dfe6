package component

import (
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
