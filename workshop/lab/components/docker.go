package components

import "time"

// docker has the shape of upstream's static archive, without what the tool does not take from it.
// The daemon is built without C, as no part that the tool uses needs it. The client's module has no
// go.mod: what it requires is in its vendor.mod.
func docker(machine string) recipe {
	const daemon, client = "github.com/moby/moby/v2", "github.com/docker/cli"
	return recipe{
		Name: "docker", Version: dockerVersion, Takes: 5 * time.Minute,
		Source: sources{
			goModule{
				Path: daemon, Version: mobyVersion, GoMod: goMod("dockerd"),
				Packages: []string{daemon + "/cmd/dockerd", daemon + "/cmd/docker-proxy"},
				Tags: []string{"netgo", "osusergo", "static_build", "exclude_graphdriver_btrfs",
					"exclude_graphdriver_zfs"},
				Set: map[string]string{daemon + "/dockerversion.Version": number(dockerVersion)},
			},
			goModule{
				Path: client, Version: dockerVersion + "+incompatible", ModFile: "vendor.mod",
				Packages: []string{client + "/cmd/docker"},
				Tags:     []string{"netgo", "osusergo", "static_build"},
				Set:      map[string]string{client + "/cli/version.Version": number(dockerVersion)},
			},
			debianPackages{
				Packages: map[string]string{"tini": tiniVersion},
				Take:     map[string]string{"docker-init": "usr/bin/tini-static"},
			},
		},
		Checks: []check{
			{[]string{"dockerd", "--version"}, number(dockerVersion)},
			{[]string{"docker", "--version"}, number(dockerVersion)},
			{[]string{"docker-proxy", "--version"}, number(dockerVersion)},
		},
		Artifacts: []artifact{{
			"https://download.docker.com/linux/static/stable/" + machine + "/docker-" + number(dockerVersion) + ".tgz",
			archive{[]member{
				{"docker/dockerd", "dockerd"}, {"docker/docker", "docker"},
				{"docker/docker-proxy", "docker-proxy"}, {"docker/docker-init", "docker-init"},
			}},
		}},
	}
}
