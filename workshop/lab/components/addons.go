package components

import "time"

// metricsServer is compiled with its version where client-go has its own: it tells no other.
func metricsServer(version string) recipe {
	const module = "sigs.k8s.io/metrics-server"
	return recipe{
		Name: "metrics-server", Version: version, Takes: 4 * time.Minute,
		Source: goModule{
			Path: module, Version: version, GoMod: goMod("metrics-server"),
			Packages: []string{module + "/cmd/metrics-server"},
			Set:      map[string]string{"k8s.io/client-go/pkg/version.gitVersion": version},
		},
		Checks: []check{{[]string{"metrics-server", "--version"}, version}},
		Artifacts: []artifact{{
			"https://registry.k8s.io/metrics-server/metrics-server/" + version + ".tar",
			image{
				Tag:        "registry.k8s.io/metrics-server/metrics-server:" + version,
				Members:    []member{{"/metrics-server", "metrics-server"}},
				Dirs:       []string{"/tmp"},
				Entrypoint: []string{"/metrics-server"},
			},
		}},
	}
}

// localPath is older than upstream's releases: it is the newest that is to be had as a module. Its
// image has a shell, as upstream's has, for the helper pods.
func localPath() recipe {
	const module = "github.com/rancher/local-path-provisioner"
	return recipe{
		Name: "local-path-provisioner", Version: localPathVersion, Takes: 2 * time.Minute,
		Source: sources{
			goModule{
				Path: module, Version: localPathVersion, GoMod: goMod("local-path-provisioner"),
				Packages: []string{module},
				Set:      map[string]string{"main.VERSION": localPathVersion},
			},
			debianPackages{
				Packages: map[string]string{"busybox-static": busyboxVersion},
				Take:     map[string]string{"busybox": "bin/busybox"},
			},
		},
		Checks: []check{{[]string{"local-path-provisioner", "--version"}, localPathVersion}},
		Artifacts: []artifact{{
			"https://docker.io/rancher/local-path-provisioner/" + localPathVersion + ".tar",
			image{
				Tag: "docker.io/rancher/local-path-provisioner:" + localPathVersion,
				Members: []member{
					{"/usr/bin/local-path-provisioner", "local-path-provisioner"}, {"/bin/busybox", "busybox"},
				},
				Applets: "busybox",
				Dirs:    []string{"/tmp"},
				Cmd:     []string{"local-path-provisioner"},
			},
		}},
	}
}
