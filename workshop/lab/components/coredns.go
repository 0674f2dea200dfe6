package components

import "time"

// coredns runs as root in its image, and upstream's as an unprivileged user with a file capability:
// a pod that drops all capabilities must add NET_BIND_SERVICE in either case.
func coredns() recipe {
	const module = "github.com/coredns/coredns"
	return recipe{
		Name: "coredns", Version: corednsVersion, Takes: 2 * time.Minute,
		Source: goModule{
			Path: module, Version: corednsVersion, GoMod: goMod("coredns"),
			Packages: []string{module},
		},
		Checks: []check{{[]string{"coredns", "-version"}, "CoreDNS-" + number(corednsVersion)}},
		Artifacts: []artifact{{
			"https://registry.k8s.io/coredns/coredns/" + corednsVersion + ".tar",
			image{
				Tag:        "registry.k8s.io/coredns/coredns:" + corednsVersion,
				Members:    []member{{"/coredns", "coredns"}},
				Entrypoint: []string{"/coredns"},
			},
		}},
	}
}
