package audit

import (
	"path"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

const (
	legacyTokens    = "/api/v1/secrets?fieldSelector=type=kubernetes.io/service-account-token"
	bootstrapTokens = "/api/v1/secrets?fieldSelector=type=bootstrap.kubernetes.io/token"
)

// object is what every object of the API has.
type object struct {
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
}

func (o object) name() string {
	if o.Metadata.Namespace == "" {
		return o.Metadata.Name
	}
	return o.Metadata.Namespace + "/" + o.Metadata.Name
}

// controlPlane is section 3.
func controlPlane() []Check {
	return []Check{
		{ID: "3.1.1", Title: "people do not log in with client certificates", Promise: ByUsers,
			Remedy: "give people tokens of an OIDC provider (`arguments: {kube-apiserver: {oidc-…}}`), and keep the " +
				"administrator's kubeconfig for emergencies",
			Note: "the tool's own kubeconfig has a certificate, because no cluster begins with a provider",
			host: nil, cluster: func(Scene) Verdict {
				return Verdict{Manual, "who has a kubeconfig with a certificate is not known to the cluster"}
			}},
		{ID: "3.1.2", Title: "people do not use the tokens of service accounts", Promise: ByUsers,
			Remedy: "delete Secrets of type kubernetes.io/service-account-token, and use tokens that end " +
				"(kubectl create token)",
			cluster: noObjects(legacyTokens, "Secrets with tokens that never end")},
		{ID: "3.1.3", Title: "people do not use bootstrap tokens", Promise: ByDefault, Role: inventory.ControlPlane,
			Remedy: "delete Secrets of type bootstrap.kubernetes.io/token; " + arguments,
			host: all(flag(apiServerProgram, "enable-bootstrap-token-auth", "false", is("false")),
				func(s Scene, _ Host) Verdict { return noObjects(bootstrapTokens, "bootstrap tokens")(s) })},
		{ID: "3.2.1", Title: "there is an audit policy", Promise: ByDefault, Role: inventory.ControlPlane,
			Remedy: again,
			host: auditPolicy(func(p policy) Verdict {
				for _, r := range p.Rules {
					if r.Level != "None" {
						return pass("has " + number(len(p.Rules)) + " rules")
					}
				}
				return fail("has no rule that logs anything")
			})},
		{ID: "3.2.2", Title: "the audit policy covers what matters", Promise: ByDefault, Role: inventory.ControlPlane,
			Remedy: again, host: auditPolicy(covers)},
	}
}

// noObjects asks for a list of the API to be empty.
func noObjects(list, what string) func(Scene) Verdict {
	return func(s Scene) Verdict {
		found, cannot := items[object](s, list)
		if cannot != nil {
			return *cannot
		}
		if len(found) == 0 {
			return pass("there are no " + what)
		}
		return fail("there are " + what + ": " + some(names(found), ", "))
	}
}

func names(objects []object) []string {
	all := make([]string, len(objects))
	for i, o := range objects {
		all[i] = o.name()
	}
	slices.Sort(all)
	return all
}

// policy is an audit policy: k8s.io/apiserver/pkg/apis/audit/v1.
type policy struct {
	Rules []rule
}

type rule struct {
	Level           string
	Users           []string
	UserGroups      []string
	Verbs           []string
	Namespaces      []string
	NonResourceURLs []string
	Resources       []struct {
		Group         string
		Resources     []string
		ResourceNames []string
	}
}

// request is one that a policy is asked about.
type request struct{ user, group, verb, apiGroup, resource string }

// auditPolicy judges the policy that the API server that runs was started with.
func auditPolicy(judge func(policy) Verdict) func(Scene, Host) Verdict {
	return running(apiServerProgram, func(_ Scene, h Host, p host.Daemon) Verdict {
		d, has, cannot := documentOf(h, p, "audit-policy-file")
		switch {
		case cannot != nil:
			return *cannot
		case !has:
			return fail("--audit-policy-file of " + of(p) + " is not set")
		}
		read, err := decode[policy](d)
		if err != nil {
			return unknown(d.Path + ": " + err.Error())
		}
		v := judge(read)
		v.Evidence = d.Path + " " + v.Evidence
		return v
	})
}

// level is that of the first rule that matches, as the API server finds it.
func (p policy) level(r request) string {
	for _, rule := range p.Rules {
		if rule.matches(r) {
			return rule.Level
		}
	}
	return "None"
}

// matches reports whether a rule surely is about a request in a namespace that no rule names.
func (r rule) matches(q request) bool {
	has := func(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }
	if !has(r.Users, q.user) || !has(r.UserGroups, q.group) || !has(r.Verbs, q.verb) || len(r.Namespaces) > 0 {
		return false
	}
	if len(r.Resources) == 0 {
		return len(r.NonResourceURLs) == 0
	}
	for _, of := range r.Resources {
		if of.Group != q.apiGroup || len(of.ResourceNames) > 0 {
			continue
		}
		if len(of.Resources) == 0 || slices.ContainsFunc(of.Resources, func(pattern string) bool {
			if pattern == "*" {
				return true
			}
			if base, ok := strings.CutPrefix(pattern, "*/"); ok {
				return strings.HasSuffix(q.resource, "/"+base)
			}
			ok, _ := path.Match(pattern, q.resource) // "pods/*"
			return ok
		}) {
			return true
		}
	}
	return false
}

// covers asks the policy about the requests that the benchmark names.
func covers(p policy) Verdict {
	people := request{user: "jane", group: "system:authenticated"}
	askers := []request{
		people, {user: "system:node:node-1", group: "system:nodes"},
		{user: "system:kube-controller-manager", group: "system:authenticated"},
	}
	var missing, content []string
	ask := func(who request, verb, group, resource string, most bool) {
		who.verb, who.apiGroup, who.resource = verb, group, resource
		text := verb + " " + resource + " by " + who.user
		switch level := p.level(who); {
		case level == "None":
			missing = append(missing, text)
		case most && level != "Metadata":
			content = append(content, text)
		}
	}
	for _, who := range askers {
		for _, verb := range []string{"get", "list", "watch", "create", "update", "delete"} {
			ask(who, verb, "", "secrets", true)
		}
	}
	ask(people, "get", "", "configmaps", true)
	ask(people, "create", "authentication.k8s.io", "tokenreviews", true)
	for _, verb := range []string{"create", "update", "patch", "delete"} {
		ask(people, verb, "", "pods", false)
		ask(people, verb, "apps", "deployments", false)
	}
	for _, resource := range []string{"pods/exec", "pods/portforward", "pods/proxy", "services/proxy"} {
		ask(people, "create", "", resource, false)
		ask(people, "get", "", resource, false)
	}
	switch {
	case len(missing) > 0:
		return fail("does not log " + some(missing, ", "))
	case len(content) > 0:
		return fail("logs the content of " + some(content, ", "))
	}
	return pass("logs access to Secrets without their content, changes of pods and Deployments, and " +
		"connections into pods")
}
