package components

// docker is Debian's, in the shape of upstream's static archive. It is not static: hosts need
// libdevmapper1.02.1 and libsystemd0.
func docker(machine string) recipe {
	return recipe{
		Name: "docker", Version: "v" + dockerVersion, Takes: "5 s",
		Source: debianPackages{
			Packages: map[string]string{"docker.io": dockerVersion, "tini": tiniVersion},
			Take: map[string]string{
				"dockerd":      "usr/sbin/dockerd",
				"docker":       "usr/bin/docker",
				"docker-proxy": "usr/sbin/docker-proxy",
				"docker-init":  "usr/bin/tini-static",
			},
		},
		Artifacts: []artifact{{
			"https://download.docker.com/linux/static/stable/" + machine + "/docker-" + dockerVersion + ".tgz",
			archive{[]member{
				{"docker/dockerd", "dockerd"}, {"docker/docker", "docker"},
				{"docker/docker-proxy", "docker-proxy"}, {"docker/docker-init", "docker-init"},
			}},
		}},
	}
}
