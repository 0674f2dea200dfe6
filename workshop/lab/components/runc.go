package components

import "time"

// runc is linked with libseccomp: a build without it makes pods fail with "seccomp not supported".
// What upstream's build has besides, libpathrs, is a faster way to open paths safely.
func runc(arch string) recipe {
	const module = "github.com/opencontainers/runc"
	return recipe{
		Name: "runc", Version: runcVersion, Takes: 30 * time.Second,
		Source: goModule{
			Path: module, Version: runcVersion, GoMod: goMod("runc"),
			Packages:  []string{module},
			Tags:      []string{"seccomp", "netgo", "osusergo", "urfave_cli_no_docs"},
			Cgo:       true,
			Libraries: []string{"libseccomp"},
		},
		Checks: []check{
			{[]string{"runc", "--version"}, number(runcVersion)},
			{[]string{"runc", "--version"}, "libseccomp:"},
		},
		Artifacts: []artifact{{
			"https://" + module + "/releases/download/" + runcVersion + "/runc." + arch,
			program{"runc"},
		}},
	}
}
