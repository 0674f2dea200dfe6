package components

import "time"

// etcd comes with the tools that make and restore its backups.
func etcd(arch string) recipe {
	dir := "etcd-" + etcdVersion + "-linux-" + arch
	return recipe{
		Name: "etcd", Version: etcdVersion, Takes: 40 * time.Second,
		Source: goModule{
			Path: "go.etcd.io/etcd/server/v3", Version: etcdVersion, GoMod: goMod("etcd"),
			Packages: []string{"go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/etcdctl/v3", "go.etcd.io/etcd/etcdutl/v3"},
			Rename:   map[string]string{"server": "etcd"},
		},
		Checks: []check{
			{[]string{"etcd", "--version"}, number(etcdVersion)},
			{[]string{"etcdctl", "version"}, number(etcdVersion)},
			{[]string{"etcdutl", "version"}, number(etcdVersion)},
		},
		Artifacts: []artifact{{
			"https://github.com/etcd-io/etcd/releases/download/" + etcdVersion + "/" + dir + ".tar.gz",
			archive{[]member{
				{dir + "/etcd", "etcd"}, {dir + "/etcdctl", "etcdctl"}, {dir + "/etcdutl", "etcdutl"},
			}},
		}},
	}
}
