package audit

import (
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// apiServer is section 1.2.
func apiServer() []Check {
	c := func(id, title string, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Automated: true, Promise: ByDefault, Role: inventory.ControlPlane,
			Remedy: arguments, host: judge}
	}
	m := func(id, title string, promise Promise, remedy, note string, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Promise: promise, Role: inventory.ControlPlane, Remedy: remedy, Note: note,
			host: judge}
	}
	api := func(name, byDefault string, w want) func(Scene, Host) Verdict {
		return flag(apiServerProgram, name, byDefault, w)
	}
	return []Check{
		m("1.2.1", "anonymous requests are refused, or limited to a few paths", ByDefault,
			"run Kubernetes 1.32 or newer, whose health checks alone need no credential; "+arguments,
			"2.1.0 takes an AuthenticationConfiguration that limits anonymous requests to paths; before, only "+
				"the flag "+
				"counted", anonymous),
		c("1.2.2", "the API server takes no tokens from a file", api("token-auth-file", "", isUnset())),
		m("1.2.3", "Services may not name external addresses of their own", ByCIS, profileCIS, "",
			plugin("DenyServiceExternalIPs", true, false)),
		c("1.2.4", "the API server shows kubelets a certificate",
			filesSet(apiServerProgram, "kubelet-client-certificate", "kubelet-client-key")),
		c("1.2.5", "the API server verifies the certificates of kubelets",
			filesSet(apiServerProgram, "kubelet-certificate-authority")),
		c("1.2.6", "not every request is allowed", modes(func(m []string) bool {
			return !slices.Contains(m,
				"AlwaysAllow")
		})),
		c("1.2.7", "the Node authorizer limits what kubelets may do",
			modes(func(m []string) bool { return slices.Contains(m, "Node") })),
		c("1.2.8", "RBAC decides on requests", modes(func(m []string) bool { return slices.Contains(m, "RBAC") })),
		m("1.2.9", "the rate of events is limited", ByCIS, profileCIS,
			"a limit makes busy clusters lose events, so the default profile sets none", plugin("EventRateLimit", true,
				false)),
		c("1.2.10", "the admission plug-in AlwaysAdmit is off", plugin("AlwaysAdmit", false, false)),
		m("1.2.11", "images are pulled, and rights to them checked, for each pod", ByCIS, profileCIS,
			"nodes without a registry in reach cannot start pods with it", pullAlways),
		c("1.2.12", "the admission plug-in ServiceAccount is on", plugin("ServiceAccount", true, true)),
		c("1.2.13", "the admission plug-in NamespaceLifecycle is on", plugin("NamespaceLifecycle", true, true)),
		c("1.2.14", "the admission plug-in NodeRestriction is on", plugin("NodeRestriction", true, false)),
		c("1.2.15", "the API server serves no profiles", api("profiling", "true", is("false"))),
		c("1.2.16", "the API server writes an audit log", api("audit-log-path", "", isSet())),
		c("1.2.17", "the audit log is kept for 30 days", api("audit-log-maxage", "0", atLeast(30))),
		c("1.2.18", "ten old files of the audit log are kept", api("audit-log-maxbackup", "0", atLeast(10))),
		c("1.2.19", "a file of the audit log grows to 100 MB", api("audit-log-maxsize", "0", atLeast(100))),
		m("1.2.20", "requests end after a time that fits", ByDefault, arguments,
			"a minute, the default, fits; a person has to judge another time", requestTimeout),
		c("1.2.21", "tokens of deleted service accounts are refused", api("service-account-lookup", "true",
			is("true"))),
		c("1.2.22", "a key of its own verifies the tokens of service accounts",
			filesSet(apiServerProgram, "service-account-key-file")),
		c("1.2.23", "the API server shows etcd a certificate",
			filesSet(apiServerProgram, "etcd-certfile", "etcd-keyfile")),
		c("1.2.24", "the API server serves with a certificate",
			filesSet(apiServerProgram, "tls-cert-file", "tls-private-key-file")),
		c("1.2.25", "the API server verifies the certificates of clients", filesSet(apiServerProgram,
			"client-ca-file")),
		c("1.2.26", "the API server verifies the certificate of etcd", filesSet(apiServerProgram, "etcd-cafile")),
		m("1.2.27", "a configuration for encryption at rest is set", ByDefault, again, "",
			filesSet(apiServerProgram, "encryption-provider-config")),
		m("1.2.28", "Secrets are encrypted with a strong provider first", ByDefault, again, "", encryption),
		m("1.2.29", "the API server offers strong cipher suites only", ByDefault, arguments, "",
			running(apiServerProgram, func(_ Scene, _ Host, p host.Daemon) Verdict {
				return ciphers("--tls-cipher-suites of "+of(p), listOf(p, "tls-cipher-suites"))
			})),
		c("1.2.30", "the lives of service accounts' tokens are not extended",
			api("service-account-extend-token-expiration", "true", is("false"))),
	}
}

// anonymous judges who may ask without a credential. AuthenticationConfiguration:
// k8s.io/apiserver/pkg/apis/apiserver/v1.
func anonymous(s Scene, h Host) Verdict {
	return running(apiServerProgram, func(_ Scene, h Host, p host.Daemon) Verdict {
		if value, set := flagOf(p, "anonymous-auth"); set {
			return setting{value, true, "--anonymous-auth of " + of(p)}.judge(is("false"))
		}
		d, has, cannot := documentOf(h, p, "authentication-config")
		switch {
		case cannot != nil:
			return *cannot
		case !has:
			return fail("neither --anonymous-auth nor --authentication-config of " + of(p) +
				" is set, so anybody may ask")
		}
		config, err := decode[struct {
			Anonymous *struct {
				Enabled    bool
				Conditions []struct{ Path string }
			}
		}](d)
		if err != nil {
			return unknown(d.Path + ": " + err.Error())
		}
		if config.Anonymous == nil {
			return fail(d.Path + " says nothing of anonymous requests, so anybody may ask")
		}
		if !config.Anonymous.Enabled {
			return pass(d.Path + " refuses anonymous requests")
		}
		var paths, other []string
		for _, c := range config.Anonymous.Conditions {
			paths = append(paths, c.Path)
			if !slices.Contains([]string{"/livez", "/readyz", "/healthz"}, c.Path) {
				other = append(other, c.Path)
			}
		}
		switch {
		case len(paths) == 0:
			return fail(d.Path + " allows anonymous requests to every path")
		case len(other) > 0:
			return fail(d.Path + " allows anonymous requests to " + some(other, ", "))
		}
		return pass(d.Path + " limits anonymous requests to " + some(paths, ", "))
	})(s, h)
}

// plugin asks for an admission plug-in to be on or off.
func plugin(name string, on, byDefault bool) func(Scene, Host) Verdict {
	return running(apiServerProgram, func(_ Scene, _ Host, p host.Daemon) Verdict {
		enabled := slices.Contains(listOf(p, "enable-admission-plugins"), name)
		disabled := slices.Contains(listOf(p, "disable-admission-plugins"), name)
		isOn := enabled || byDefault && !disabled
		state := name + " is off"
		if isOn {
			state = name + " is on"
		}
		return when(isOn == on, state+" in "+of(p))
	})
}

// modes judges the ways in which the API server decides on requests: a flag, or the types in an
// AuthorizationConfiguration.
func modes(ok func([]string) bool) func(Scene, Host) Verdict {
	return running(apiServerProgram, func(_ Scene, h Host, p host.Daemon) Verdict {
		d, has, cannot := documentOf(h, p, "authorization-config")
		if cannot != nil {
			return *cannot
		}
		found, where := listOf(p, "authorization-mode"), "--authorization-mode of "+of(p)
		if has {
			config, err := decode[struct{ Authorizers []struct{ Type string } }](d)
			if err != nil {
				return unknown(d.Path + ": " + err.Error())
			}
			found, where = nil, d.Path
			for _, a := range config.Authorizers {
				found = append(found, a.Type)
			}
		} else if len(found) == 0 {
			found = []string{"AlwaysAllow"} // the default of kube-apiserver
		}
		return when(ok(found), where+" is "+strings.Join(found, ","))
	})
}

func requestTimeout(s Scene, h Host) Verdict {
	return running(apiServerProgram, func(_ Scene, _ Host, p host.Daemon) Verdict {
		value, set := flagOf(p, "request-timeout")
		found := setting{value, set, "--request-timeout of " + of(p)}
		switch {
		case !set:
			found.value = "1m0s"
			return pass(found.text())
		case slices.Contains([]string{"60s", "1m", "1m0s"}, value):
			return pass(found.text())
		}
		return Verdict{Manual, found.text()}
	})(s, h)
}

// encryption judges the provider that Secrets are written with: the first of the first rule that
// is about Secrets. EncryptionConfiguration: k8s.io/apiserver/pkg/apis/apiserver/v1.
func encryption(s Scene, h Host) Verdict {
	return running(apiServerProgram, func(_ Scene, h Host, p host.Daemon) Verdict {
		d, has, cannot := documentOf(h, p, "encryption-provider-config")
		switch {
		case cannot != nil:
			return *cannot
		case !has:
			return fail("--encryption-provider-config of " + of(p) + " is not set, so etcd holds Secrets in plain text")
		}
		config, err := decode[struct {
			Resources []struct {
				Resources []string
				Providers []map[string]any
			}
		}](d)
		if err != nil {
			return unknown(d.Path + ": " + err.Error())
		}
		for _, rule := range config.Resources {
			about := slices.ContainsFunc(rule.Resources, func(r string) bool {
				return r == "secrets" || r == "*." || r == "*.*"
			})
			if !about || len(rule.Providers) == 0 {
				continue
			}
			for name := range rule.Providers[0] {
				return when(slices.Contains([]string{"aescbc", "kms", "secretbox"}, name),
					"the first provider for Secrets in "+d.Path+" is "+name)
			}
		}
		return fail(d.Path + " has no provider for Secrets")
	})(s, h)
}

// pullAlways: a cluster whose images come from a mirror to the hosts alone cannot ask a registry
// for each pod.
func pullAlways(s Scene, h Host) Verdict {
	v := plugin("AlwaysPullImages", true, false)(s, h)
	if v.Result == Fail && s.Profile == inventory.ProfileCIS && !s.Cluster.Security.AlwaysPullImages {
		return Verdict{Manual, v.Evidence +
			", because of artifacts.mirror or security.alwaysPullImages in the inventory"}
	}
	return v
}
