package components

import "time"

// kubeRouter is older than upstream's releases: it is the newest that is to be had as a module. Its
// flags and its rules for policies are those of the newer ones.
func kubeRouter(arch string) recipe {
	const module = "github.com/cloudnativelabs/kube-router"
	return recipe{
		Name: "kube-router", Version: kubeRouterVersion, Takes: 3 * time.Minute,
		Source: goModule{
			Path: module + "/v2", Version: kubeRouterVersion, GoMod: goMod("kube-router"),
			Packages: []string{module + "/v2/cmd/kube-router"},
			Set:      map[string]string{module + "/v2/pkg/version.Version": kubeRouterVersion},
		},
		Checks: []check{{[]string{"kube-router", "--version"}, kubeRouterVersion}},
		Artifacts: []artifact{{
			"https://" + module + "/releases/download/" + kubeRouterVersion + "/kube-router_" +
				number(kubeRouterVersion) + "_linux_" + arch + ".tar.gz",
			archive{[]member{{"kube-router", "kube-router"}}},
		}},
	}
}
