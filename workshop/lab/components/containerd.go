package components

import "time"

// containerd is built without C: its only parts that need it are the btrfs snapshotter and the
// lookup of users in the C library.
func containerd(arch string) recipe {
	const module = "github.com/containerd/containerd/v2"
	url := "https://github.com/containerd/containerd/releases/download/" + containerdVersion +
		"/containerd-static-" + number(containerdVersion) + "-linux-" + arch + ".tar.gz"
	return recipe{
		Name: "containerd", Version: containerdVersion, Takes: 2 * time.Minute,
		Source: goModule{
			Path: module, Version: containerdVersion, GoMod: goMod("containerd"),
			Packages: []string{module + "/cmd/containerd", module + "/cmd/ctr",
				module + "/cmd/containerd-shim-runc-v2"},
			Tags: []string{"netgo", "osusergo", "static_build", "no_btrfs"},
			Set:  map[string]string{module + "/version.Version": containerdVersion},
		},
		Checks: []check{
			{[]string{"containerd", "--version"}, containerdVersion},
			{[]string{"ctr", "--version"}, containerdVersion},
			{[]string{"containerd-shim-runc-v2", "-v"}, containerdVersion},
		},
		Artifacts: []artifact{{url, archive{[]member{
			{"bin/containerd", "containerd"}, {"bin/ctr", "ctr"},
			{"bin/containerd-shim-runc-v2", "containerd-shim-runc-v2"},
		}}}},
	}
}
