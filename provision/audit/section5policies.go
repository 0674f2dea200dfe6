package audit

import (
	"slices"
	"strings"
)

// policies are sections 5.3 to 5.6.
func policies() []Check {
	manual := func(text string) func(Scene) Verdict {
		return func(Scene) Verdict { return Verdict{Manual, text} }
	}
	return []Check{
		{ID: "5.3.1", Title: "NetworkPolicies are enforced", Promise: ByDefault,
			Remedy: "turn the enforcement on in the inventory, and run `kbootstrap up`", host: policyAgent},
		{ID: "5.3.2", Title: "every namespace has a NetworkPolicy", Promise: ByUsers,
			Remedy:  "begin with a policy that denies all, then allow what the pods need",
			cluster: everyNamespacePolicy},
		{ID: "5.4.1", Title: "Secrets come to pods as files, not as variables", Promise: ByUsers,
			Remedy: "mount the Secret as a volume", cluster: secretVariables},
		{ID: "5.4.2", Title: "Secrets are kept outside of the cluster", Promise: ByUsers,
			Remedy:  "consider a store for secrets with rights and logs of its own",
			cluster: manual("whether a store outside suits is for its owners to say")},
		{ID: "5.5.1", Title: "images are verified before they run", Promise: ByUsers,
			Remedy:  "run an admission webhook that verifies signatures, or set ImagePolicyWebhook in `arguments`",
			cluster: imagePolicy},
		{ID: "5.6.1", Title: "namespaces separate what does not belong together", Promise: ByUsers,
			Remedy: "give each application or team a namespace", cluster: namespaceCount},
		{ID: "5.6.2", Title: "pods name the runtime's seccomp profile", Promise: ByUsers,
			Remedy: "set seccompProfile: {type: RuntimeDefault} in the pods' securityContext", cluster: seccomp},
		{ID: "5.6.3", Title: "pods and containers have a security context", Promise: ByUsers,
			Remedy: "set securityContext in the pods", cluster: contexts},
		{ID: "5.6.4", Title: "the namespace default is not used", Promise: ByUsers,
			Remedy: "move what is there to namespaces of its own", cluster: defaultNamespace},
	}
}

// policyImages are parts of the names of images whose programs enforce NetworkPolicies, in a pod on
// every node.
var policyImages = []string{"/kube-router:", "/kube-network-policies:", "calico/node:", "cilium/cilium:"}

// policyAgent asks for a program of the host or of a pod on it that enforces policies.
func policyAgent(s Scene, h Host) Verdict {
	if routers := h.Inspection.Daemons("kube-router"); len(routers) > 0 {
		p := routers[0]
		if value, set := flagOf(p, "run-firewall"); set && value == "false" {
			return fail(of(p) + " runs, and does not enforce policies")
		}
		return pass(of(p) + " enforces them; `status` looks at its rules")
	}
	running, cannot := items[pod](s, pods)
	if cannot != nil {
		return *cannot
	}
	for _, p := range running {
		for _, c := range p.Spec.Containers {
			isAgent := func(name string) bool { return strings.Contains(c.Image, name) }
			if p.Spec.NodeName == h.Name && slices.ContainsFunc(policyImages, isAgent) {
				return pass("the pod " + p.name() + " has the image " + c.Image)
			}
		}
	}
	return fail("no program that enforces NetworkPolicies runs")
}

func everyNamespacePolicy(s Scene) Verdict {
	all, cannot := items[object](s, namespaces)
	if cannot != nil {
		return *cannot
	}
	found, cannot := items[object](s, networkPolicies)
	if cannot != nil {
		return *cannot
	}
	var without []string
	for _, n := range all {
		if !slices.ContainsFunc(found, func(p object) bool { return p.Metadata.Namespace == n.name() }) {
			without = append(without, n.name())
		}
	}
	slices.Sort(without)
	return when(len(without) == 0, "namespaces without a NetworkPolicy: "+orNone(without))
}

// podsThat names the pods of a kind.
func podsThat(s Scene, what string, is func(pod) bool) Verdict {
	running, cannot := items[pod](s, pods)
	if cannot != nil {
		return *cannot
	}
	var found []string
	for _, p := range running {
		if is(p) {
			found = append(found, p.name())
		}
	}
	slices.Sort(found)
	return when(len(found) == 0, what+": "+orNone(found))
}

func (p pod) containers() []container { return slices.Concat(p.Spec.Containers, p.Spec.InitContainers) }

func secretVariables(s Scene) Verdict {
	return podsThat(s, "pods with Secrets in variables", func(p pod) bool {
		for _, c := range p.containers() {
			for _, from := range c.EnvFrom {
				if from.SecretRef != nil {
					return true
				}
			}
			for _, v := range c.Env {
				if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
					return true
				}
			}
		}
		return false
	})
}

func seccomp(s Scene) Verdict {
	named := func(c *securityContext) bool {
		return c != nil && c.SeccompProfile != nil && c.SeccompProfile.Type != "Unconfined"
	}
	return podsThat(s, "pods that name no seccomp profile", func(p pod) bool {
		return !named(p.Spec.SecurityContext) &&
			slices.ContainsFunc(p.containers(), func(c container) bool { return !named(c.SecurityContext) })
	})
}

func contexts(s Scene) Verdict {
	return podsThat(s, "pods with containers without a security context", func(p pod) bool {
		return slices.ContainsFunc(p.containers(), func(c container) bool { return c.SecurityContext == nil })
	})
}

func imagePolicy(s Scene) Verdict {
	var all []Verdict
	for _, h := range s.Hosts {
		if len(h.Inspection.Daemons(apiServerProgram)) > 0 {
			all = append(all, plugin("ImagePolicyWebhook", true, false)(s, h))
		}
	}
	return worst(all...)
}

func namespaceCount(s Scene) Verdict {
	all, cannot := items[object](s, namespaces)
	if cannot != nil {
		return *cannot
	}
	var own []string
	for _, n := range all {
		if !slices.Contains(builtInNamespaces, n.name()) {
			own = append(own, n.name())
		}
	}
	slices.Sort(own)
	return Verdict{Manual, "namespaces of users: " + orNone(own)}
}

func defaultNamespace(s Scene) Verdict {
	var found []string
	for _, list := range []string{pods, services} {
		all, cannot := items[object](s, list)
		if cannot != nil {
			return *cannot
		}
		for _, o := range all {
			if o.Metadata.Namespace == "default" && (list != services || o.Metadata.Name != "kubernetes") {
				found = append(found, o.Metadata.Name)
			}
		}
	}
	slices.Sort(found)
	return when(len(found) == 0, "in the namespace default: "+orNone(found))
}
