package components

import "time"

// busybox serves the tests: a web server, DNS lookups, a shell.
func busybox() recipe {
	return recipe{
		Name: "busybox", Version: busyboxTag, Takes: 2 * time.Second,
		Source: debianPackages{
			Packages: map[string]string{"busybox-static": busyboxVersion},
			Take:     map[string]string{"busybox": "bin/busybox"},
		},
		Artifacts: []artifact{{
			"https://docker.io/library/busybox/" + busyboxTag + ".tar",
			image{
				Tag:     "docker.io/library/busybox:" + busyboxTag,
				Members: []member{{"/bin/busybox", "busybox"}},
				Applets: "busybox",
				Dirs:    []string{"/tmp"},
				Cmd:     []string{"sh"},
			},
		}},
	}
}
