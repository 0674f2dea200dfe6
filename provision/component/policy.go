package component

import (
	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// What security.profile decides besides the flags of programs; docs/cis.md says what it costs.

// admissionFile configures the admission plug-ins of kube-apiserver.
const admissionFile = "/etc/kubernetes/admission.yaml"

// ciphers are those of TLS 1.2 that are in the lists of CIS 1.2.29 and 4.2.12 alike. Those of
// TLS 1.3 cannot be chosen.
var ciphers = []string{
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
}

// admission is the data of admissionFile.
type admission struct {
	Enforce, Tell string // levels of the Pod Security Standards: what is refused, and what is told
	LimitsEvents  bool
}

func admissionOf(c *inventory.Cluster) admission {
	if c.Security.Profile == inventory.ProfileCIS {
		return admission{Enforce: "baseline", Tell: "restricted", LimitsEvents: true}
	}
	return admission{Enforce: "privileged", Tell: "baseline"}
}

// admissionPlugins are those besides kube-apiserver's own defaults.
func admissionPlugins(c *inventory.Cluster) []string {
	plugins := []string{"NodeRestriction"} // CIS 1.2.14
	if c.Security.Profile == inventory.ProfileCIS {
		plugins = append(plugins, "EventRateLimit", "DenyServiceExternalIPs") // 1.2.9, 1.2.3
	}
	if c.Security.AlwaysPullImages {
		plugins = append(plugins, "AlwaysPullImages") // 1.2.11
	}
	return plugins
}

// authentication is the data of authentication.yaml.
type authentication struct{ Version string }

func authenticationOf(t Target) authentication {
	if t.Minor() >= stableAuthentication {
		return authentication{"v1"}
	}
	return authentication{"v1beta1"}
}

// Namespaces are those that the tool answers for: those of every API server, and that of the probe.
func Namespaces() []string {
	return []string{"default", "kube-system", "kube-public", "kube-node-lease", probeNamespace}
}

// defaultAccounts are the service accounts that a pod gets which names none (CIS 5.1.5), in the
// namespaces that the tool answers for.
var defaultAccounts = Component{
	Name:  "default-accounts",
	Short: "accounts",
	On:    Target.first,
	After: []string{"access"}, // the API says so until there is the namespace of the probe
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		for _, namespace := range Namespaces() {
			rs = append(rs, api.Account{
				Namespace: namespace, Name: "default", Kubeconfig: Admin,
				WithoutToken: t.Cluster.Security.Profile == inventory.ProfileCIS,
			})
		}
		return rs
	},
}

var admissionYAML = templates.New[admission]("admission.yaml.tmpl")
