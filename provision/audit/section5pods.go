package audit

import (
	"slices"
	"strings"

	"kbootstrap/host"
)

const (
	networkPolicies    = "/apis/networking.k8s.io/v1/networkpolicies"
	validatingWebhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
	services           = "/api/v1/services"
	enforceLabel       = "pod-security.kubernetes.io/enforce"
)

// pod is what is judged of a pod.
type pod struct {
	object
	Spec struct {
		ServiceAccountName string
		NodeName           string
		Automount          *bool `json:"automountServiceAccountToken"`
		SecurityContext    *securityContext
		Containers         []container
		InitContainers     []container
	}
}

type container struct {
	Name, Image     string
	SecurityContext *securityContext
	EnvFrom         []struct{ SecretRef *struct{ Name string } }
	Env             []struct {
		ValueFrom *struct{ SecretKeyRef *struct{ Name string } }
	}
}

type securityContext struct {
	SeccompProfile *struct{ Type string }
}

// strictness is the place of a level of the Pod Security Standards in their order.
func strictness(level string) int {
	return slices.Index([]string{"privileged", "baseline", "restricted"}, level)
}

// podSecurityConfig is a PodSecurityConfiguration: k8s.io/pod-security-admission/admission/api/v1.
type podSecurityConfig struct {
	Defaults   struct{ Enforce string }
	Exemptions struct {
		Namespaces     []string
		Usernames      []string
		RuntimeClasses []string
	}
}

// podSecurityOf is what the plug-in PodSecurity of an API server does: the settings of the
// AdmissionConfiguration that names it, within it or in a file of its own.
func podSecurityOf(h Host, p host.Daemon) (podSecurityConfig, *Verdict) {
	config := podSecurityConfig{}
	config.Defaults.Enforce = "privileged"
	if slices.Contains(listOf(p, "disable-admission-plugins"), "PodSecurity") {
		v := fail("the admission plug-in PodSecurity is off in " + of(p))
		return config, &v
	}
	d, has, cannot := documentOf(h, p, "admission-control-config-file")
	if cannot != nil || !has {
		return config, cannot
	}
	read, err := decode[struct {
		Plugins []struct {
			Name, Path    string
			Configuration map[string]any
		}
	}](d)
	if err != nil {
		v := unknown(d.Path + ": " + err.Error())
		return config, &v
	}
	for _, plugin := range read.Plugins {
		if plugin.Name != "PodSecurity" {
			continue
		}
		within := host.Document{Path: d.Path, Value: plugin.Configuration}
		if plugin.Path != "" {
			path := plugin.Path
			if !strings.HasPrefix(path, "/") {
				path = d.Path[:strings.LastIndex(d.Path, "/")+1] + path
			}
			found, ok := h.Inspection.Document(path)
			if !ok || found.Err != "" {
				v := unknown(d.Path + " names " + path + ", which could not be looked at")
				return config, &v
			}
			within = found
		}
		found, err := decode[podSecurityConfig](within)
		if err != nil {
			v := unknown(within.Path + ": " + err.Error())
			return config, &v
		}
		if found.Defaults.Enforce == "" {
			found.Defaults.Enforce = "privileged"
		}
		return found, nil
	}
	return config, nil
}

// systemNamespace holds the parts of the cluster itself, of which some need rights that a policy
// forbids.
const systemNamespace = "kube-system"

// enforced asks for a level of the Pod Security Standards to be enforced in every namespace but the
// system's, in each API server.
func enforced(level string) func(Scene) Verdict {
	return func(s Scene) Verdict {
		all, cannot := items[object](s, namespaces)
		if cannot != nil {
			return *cannot
		}
		var verdicts []Verdict
		for _, h := range s.Hosts {
			if h.Error != "" && h.Has("control-plane") {
				verdicts = append(verdicts, unknown(h.Name+" could not be asked"))
			}
			for _, p := range h.Inspection.Daemons(apiServerProgram) {
				config, cannot := podSecurityOf(h, p)
				if cannot != nil {
					verdicts = append(verdicts, *cannot)
					continue
				}
				var lax []string
				for _, n := range all {
					enforce := config.Defaults.Enforce
					if label := n.Metadata.Labels[enforceLabel]; label != "" {
						enforce = label
					}
					if slices.Contains(config.Exemptions.Namespaces, n.name()) {
						enforce = "privileged"
					}
					if n.name() != systemNamespace && strictness(enforce) < strictness(level) {
						lax = append(lax, n.name())
					}
				}
				slices.Sort(lax)
				exempt := slices.Concat(config.Exemptions.Usernames, config.Exemptions.RuntimeClasses)
				if len(lax) == 0 && len(exempt) > 0 {
					verdicts = append(verdicts, Verdict{Manual,
						"exempt are users or runtime classes: " + some(exempt, ", ")})
					continue
				}
				if len(lax) > 0 {
					verdicts = append(verdicts, fail("namespaces that do not enforce "+level+": "+some(lax, ", ")))
				} else {
					verdicts = append(verdicts, pass("every namespace but "+systemNamespace+" enforces "+level))
				}
			}
		}
		return worst(verdicts...)
	}
}

// podSecurity is section 5.2.
func podSecurity() []Check {
	const label = "label the namespaces with " + enforceLabel + ", or " + profileCIS
	c := func(id, title, level string) Check {
		check := Check{ID: id, Title: title, Promise: ByCIS, Remedy: label, cluster: enforced(level)}
		if level == "restricted" {
			check.Promise = ByUsers
			check.Remedy = "label the namespaces with " + enforceLabel +
				": restricted, and change the pods that violate it"
			check.Note = "the profile cis enforces baseline and warns of restricted, " +
				"which most pods have to be changed for"
		}
		return check
	}
	return []Check{
		c("5.2.1", "a policy limits what pods may do", "baseline"),
		c("5.2.2", "no privileged containers are admitted", "baseline"),
		c("5.2.3", "no pods that see the processes of the host are admitted", "baseline"),
		c("5.2.4", "no pods in the IPC namespace of the host are admitted", "baseline"),
		c("5.2.5", "no pods in the network of the host are admitted", "baseline"),
		c("5.2.6", "no containers that may gain rights are admitted", "restricted"),
		c("5.2.7", "no containers that run as root are admitted", "restricted"),
		c("5.2.8", "no containers with the capability NET_RAW are admitted", "restricted"),
		c("5.2.9", "no containers with capabilities are admitted", "restricted"),
		c("5.2.10", "no HostProcess containers of Windows are admitted", "baseline"),
		c("5.2.11", "no pods with files of the host are admitted", "baseline"),
		c("5.2.12", "no containers with ports of the host are admitted", "baseline"),
	}
}
