package components

// runc comes from Debian: a build without libseccomp makes pods fail with "seccomp not supported".
func runc(arch string) recipe {
	return recipe{
		Name: "runc", Version: "v" + runcVersion, Takes: "2 s",
		Source: debianPackages{
			Packages: map[string]string{"runc": runcVersion},
			Take:     map[string]string{"runc": "usr/sbin/runc"},
		},
		Artifacts: []artifact{{
			"https://github.com/opencontainers/runc/releases/download/v" + runcVersion + "/runc." + arch,
			program{"runc"},
		}},
	}
}
