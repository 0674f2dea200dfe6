package component

import (
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// salvageNote is where a host keeps that its data was salvaged, until all others have put theirs
// aside.
const salvageNote = "/var/lib/kbootstrap/salvaged"

// Recovery is the book of a cluster of etcd that has lost its quorum: one member becomes a cluster
// of its own, with what it has, and the others put their data aside, so that they can join it. The
// time is part of the names that the directories of before get.
func Recovery(survivor, time string) []Component {
	isSurvivor := func(t Target) bool { return t.Host.Name == survivor }
	shelf := "member.lost-" + time
	return []Component{
		{
			// Whoever writes to the API meanwhile would write to nowhere.
			Name: "stop-plane", On: on(inventory.ControlPlane),
			Resources: func(Target) []resource.Resource { return stopped(scheduler, controllerManager, apiServer) },
		},
		{
			Name: "stop-etcd", Needs: []string{"stop-plane"},
			On:        func(t Target) bool { return t.Has(inventory.Etcd) && !isSurvivor(t) },
			Resources: func(Target) []resource.Resource { return stopped(etcd) },
		},
		{
			Name: "salvage", On: isSurvivor, Needs: []string{"stop-plane", "stop-etcd"},
			Resources: func(t Target) []resource.Resource {
				return one(Salvage(t.Cluster, t.Host, time), etcdQuorum())
			},
		},
		{
			Name: "put-aside", Needs: []string{"salvage"},
			On: func(t Target) bool { return t.Has(inventory.Etcd) && !isSurvivor(t) },
			Resources: func(Target) []resource.Resource {
				return one(
					resource.Shelved{Path: EtcdData + "/member", Shelf: shelf, Absent: true},
					resource.File{Path: etcdMarker, Absent: true},
				)
			},
		},
		{
			Name: "forget-salvage", On: isSurvivor, Needs: []string{"put-aside"},
			Resources: func(Target) []resource.Resource { return one(resource.File{Path: salvageNote, Absent: true}) },
		},
	}
}

// stopped are the units of components, which neither run nor start at boot.
func stopped(components ...Component) []resource.Resource {
	var rs []resource.Resource
	for _, c := range components {
		for _, unit := range c.Units {
			rs = append(rs, resource.Service{Name: unit})
		}
	}
	return rs
}

// Salvage is the data of a host's member, made that of a cluster of its own.
func Salvage(c *inventory.Cluster, h inventory.Host, time string) resource.Salvage {
	return resource.Salvage{
		Name: h.Name, PeerURL: peerURL(h), Token: EtcdToken(c) + "-" + time, DataDir: EtcdData, Owner: "etcd:etcd",
		Unit: etcd.Units[0], Quota: EtcdQuota(c), Shelf: "member.lost-" + time, Note: salvageNote,
		Listen: "https://127.0.0.1:22379",
		CACert: EtcdPKI + "/ca.crt", Cert: EtcdPKI + "/server.crt", Key: EtcdPKI + "/server.key",
		ClientCert: EtcdPKI + "/healthcheck-client.crt", ClientKey: EtcdPKI + "/healthcheck-client.key",
	}
}
