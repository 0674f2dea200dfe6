package components

import "time"

import _ "embed"

// pauseSource is the source of the lab's pause program.
//
//go:embed pause/main.go
var pauseSource string

// pause must have the very name and version that containerd and kubelet ask for, or each pod waits
// for a download.
func pause(version string) recipe {
	return recipe{
		Name: "pause", Version: version, Takes: 5 * time.Second,
		Source: goModule{
			GoMod:    goMod("pause"),
			Files:    map[string]string{"main.go": pauseSource},
			Packages: []string{"."},
		},
		Artifacts: []artifact{{
			"https://registry.k8s.io/pause/" + version + ".tar",
			image{
				Tag:        "registry.k8s.io/pause:" + version,
				Members:    []member{{"/pause", "pause"}},
				Entrypoint: []string{"/pause"},
			},
		}},
	}
}
