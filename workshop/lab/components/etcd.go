package components

import "time"

// etcd comes with the tools that make and restore its backups.
func etcd(version, arch string) recipe {
	dir := "etcd-" + version + "-linux-" + arch
	return recipe{
		Name: "etcd", Version: version, Takes: 40 * time.Second,
		Source: goModule{
			Path: "go.etcd.io/etcd/server/v3", Version: version, GoMod: goMod("etcd"),
			Packages: []string{"go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/etcdctl/v3", "go.etcd.io/etcd/etcdutl/v3"},
			Rename:   map[string]string{"server": "etcd"},
		},
		Checks: []check{
			{[]string{"etcd", "--version"}, number(version)},
			{[]string{"etcdctl", "version"}, number(version)},
			{[]string{"etcdutl", "version"}, number(version)},
		},
		Artifacts: []artifact{{
			"https://github.com/etcd-io/etcd/releases/download/" + version + "/" + dir + ".tar.gz",
			archive{[]member{
				{dir + "/etcd", "etcd"}, {dir + "/etcdctl", "etcdctl"}, {dir + "/etcdutl", "etcdutl"},
			}},
		}},
	}
}
