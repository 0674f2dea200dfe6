package components

import "time"

const agnhostVersion = "v2.63.0"

// agnhost is what `verify` tries clusters with. It is of one version of Kubernetes whatever the
// cluster has, because it goes by a version of its own. With the default version it comes out of
// what Kubernetes itself was compiled from, in seconds.
func agnhost() recipe {
	tag := number(agnhostVersion)
	return recipe{
		Name: "agnhost", Version: agnhostVersion, Takes: 15 * time.Second,
		Source: goModule{
			Path: "k8s.io/kubernetes", Version: DefaultKubernetes, GoMod: goMod("kubernetes"),
			Packages: []string{"k8s.io/kubernetes/test/images/agnhost"},
			Set:      map[string]string{"main.Version": tag},
		},
		Checks: []check{{[]string{"agnhost", "--version"}, tag}},
		Artifacts: []artifact{{
			"https://registry.k8s.io/e2e-test-images/agnhost/" + tag + ".tar",
			image{
				Tag:        "registry.k8s.io/e2e-test-images/agnhost:" + tag,
				Members:    []member{{"/agnhost", "agnhost"}},
				Entrypoint: []string{"/agnhost"},
				Cmd:        []string{"pause"},
			},
		}},
	}
}
