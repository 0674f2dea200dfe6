package components

import "time"

import _ "embed"

// registryMain is upstream's program without the drivers for the storage of clouds, which are most
// of what it is built from.
//
//go:embed recipes/registry.go.tmpl
var registryMain string

// registry is compiled out of the module of distribution.
func registry(arch string) recipe {
	const module = "github.com/distribution/distribution/v3"
	return recipe{
		Name: "registry", Version: registryVersion, OnRequest: true, Takes: 1 * time.Minute,
		Source: goModule{
			Path: module, Version: registryVersion, GoMod: goMod("registry"),
			Files:    map[string]string{"main.go": registryMain},
			Packages: []string{"lab.invalid/registry"},
			Set:      map[string]string{module + "/version.version": registryVersion},
		},
		Checks: []check{{[]string{"registry", "--version"}, registryVersion}},
		Artifacts: []artifact{{
			"https://github.com/distribution/distribution/releases/download/" + registryVersion + "/registry_" +
				number(registryVersion) + "_linux_" + arch + ".tar.gz",
			archive{[]member{{"registry", "registry"}}},
		}},
	}
}
