package components

import "time"

// flannel needs C: its udp backend is written in it, and cannot be left out.
func flannel(arch string) recipe {
	const module = "github.com/flannel-io/flannel"
	return recipe{
		Name: "flannel", Version: flannelVersion, Takes: 1 * time.Minute,
		Source: goModule{
			Path: module, Version: flannelVersion, GoMod: goMod("flannel"),
			Packages: []string{module},
			Rename:   map[string]string{"flannel": "flanneld"},
			Tags:     []string{"netgo", "osusergo"},
			Set:      map[string]string{module + "/pkg/version.Version": flannelVersion},
			Cgo:      true,
		},
		Checks: []check{{[]string{"flanneld", "--version"}, flannelVersion}},
		Artifacts: []artifact{{
			"https://" + module + "/releases/download/" + flannelVersion + "/flannel-" + flannelVersion + "-linux-" +
				arch + ".tar.gz",
			archive{[]member{{"flanneld", "flanneld"}}},
		}},
	}
}
