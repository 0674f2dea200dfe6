package audit

import (
	"slices"
	"strings"
)

const (
	rbac                = "/apis/rbac.authorization.k8s.io/v1/"
	clusterRoles        = rbac + "clusterroles"
	clusterRoleBindings = rbac + "clusterrolebindings"
	roles               = rbac + "roles"
	roleBindings        = rbac + "rolebindings"
)

// role is a Role or a ClusterRole.
type role struct {
	object
	Rules []struct {
		Verbs, APIGroups, Resources, ResourceNames, NonResourceURLs []string
	}
}

// isBuiltIn reports whether the API server makes a role or a binding itself.
func (o object) isBuiltIn() bool {
	return o.Metadata.Labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
}

// allows reports whether a role grants one of the verbs on a resource, of all names.
func (r role) allows(group, resource string, verbs ...string) bool {
	base, sub, _ := strings.Cut(resource, "/")
	for _, rule := range r.Rules {
		if len(rule.ResourceNames) > 0 {
			continue
		}
		inGroup := slices.Contains(rule.APIGroups, group) || slices.Contains(rule.APIGroups, "*")
		is := slices.Contains(rule.Resources, resource) || slices.Contains(rule.Resources, "*") ||
			sub != "" && (slices.Contains(rule.Resources, "*/"+sub) || slices.Contains(rule.Resources, base+"/*"))
		may := slices.Contains(rule.Verbs, "*") ||
			slices.ContainsFunc(verbs, func(v string) bool { return slices.Contains(rule.Verbs, v) })
		if inGroup && is && may {
			return true
		}
	}
	return false
}

// isAll reports whether a role grants everything, as cluster-admin does.
func (r role) isAll() bool {
	for _, rule := range r.Rules {
		if slices.Contains(rule.Verbs, "*") && slices.Contains(rule.APIGroups, "*") && slices.Contains(rule.Resources,
			"*") {
			return true
		}
	}
	return false
}

// binding is a RoleBinding or a ClusterRoleBinding.
type binding struct {
	object
	RoleRef  struct{ Kind, Name string }
	Subjects []subject
}

type subject struct{ Kind, Name, Namespace string }

func (s subject) text() string {
	if s.Kind == "ServiceAccount" {
		return s.Kind + " " + s.Namespace + "/" + s.Name
	}
	return s.Kind + " " + s.Name
}

// isEverybody reports whether a subject is more or less everybody: anonymous requests, all that
// are logged in, all service accounts, or the account that pods have unless they name another.
func (s subject) isEverybody() bool {
	switch s = s.account(); s.Kind {
	case "ServiceAccount":
		return s.Name == "default"
	case "User":
		return s.Name == "system:anonymous"
	}
	return slices.Contains([]string{"system:authenticated", "system:unauthenticated", "system:serviceaccounts"},
		s.Name) ||
		strings.HasPrefix(s.Name, "system:serviceaccounts:")
}

// account is the subject as a service account, if it is one by its name as a user.
func (s subject) account() subject {
	if name, ok := strings.CutPrefix(s.Name, "system:serviceaccount:"); ok && s.Kind == "User" {
		namespace, name, _ := strings.Cut(name, ":")
		return subject{Kind: "ServiceAccount", Namespace: namespace, Name: name}
	}
	return s
}

// grants are the rights of a cluster.
type grants struct {
	roles    map[string]role // by kind, namespace and name
	bindings []binding
}

func rightsOf(s Scene) (grants, *Verdict) {
	g := grants{roles: map[string]role{}}
	for _, list := range []string{clusterRoles, roles} {
		found, cannot := items[role](s, list)
		if cannot != nil {
			return g, cannot
		}
		for _, r := range found {
			g.roles[r.name()] = r
		}
	}
	for _, list := range []string{clusterRoleBindings, roleBindings} {
		found, cannot := items[binding](s, list)
		if cannot != nil {
			return g, cannot
		}
		g.bindings = append(g.bindings, found...)
	}
	return g, nil
}

// role is what a binding binds.
func (g grants) role(b binding) role {
	if b.RoleRef.Kind == "Role" {
		return g.roles[b.Metadata.Namespace+"/"+b.RoleRef.Name]
	}
	return g.roles[b.RoleRef.Name]
}

// holder is who has a right, and by which binding.
type holder struct {
	subject
	binding binding
}

// ownBindings are those of the tool's own whose subjects are parts of the cluster, with the subject
// that each is made for.
var ownBindings = map[string]string{
	"kubeadm:node-autoapprove-certificate-rotation": "Group system:nodes",
	"kbootstrap/probe":                         "Group system:nodes",
	"kbootstrap:kube-apiserver-kubelet-client": "User kube-apiserver-kubelet-client",
	"system:coredns":                           "ServiceAccount kube-system/coredns",
}

// isSystem reports whether who has the right is a part of Kubernetes or of the cluster: by a
// binding that the API server or the tool has made, and as the subject that it was made for. That a
// subject has a name of the system says nothing: kubelets have one, and everybody who has taken
// over a host.
func (h holder) isSystem() bool {
	if h.isEverybody() {
		return false
	}
	own, isOwn := ownBindings[h.binding.name()]
	return h.binding.isBuiltIn() || isOwn && own == h.subject.text()
}

func (h holder) text() string { return h.subject.text() + " by " + h.binding.name() }

// holders are those whose roles are of a kind.
func (g grants) holders(ok func(role) bool) []holder {
	var all []holder
	for _, b := range g.bindings {
		if !ok(g.role(b)) {
			continue
		}
		for _, s := range b.Subjects {
			all = append(all, holder{s, b})
		}
	}
	return all
}

// right is a verb on a resource.
type right struct {
	group, resource string
	verbs           []string
}

// access judges who has rights. Nearly everybody must not have them; a person has to judge others
// that are no part of Kubernetes.
func access(what string, rights ...right) func(Scene) Verdict {
	return func(s Scene) Verdict {
		g, cannot := rightsOf(s)
		if cannot != nil {
			return *cannot
		}
		var bad, others []string
		for _, h := range g.holders(func(r role) bool {
			return !r.isAll() && slices.ContainsFunc(rights, func(q right) bool {
				return r.allows(q.group, q.resource,
					q.verbs...)
			})
		}) {
			switch {
			case h.isEverybody():
				bad = append(bad, h.text())
			case !h.isSystem():
				others = append(others, h.text())
			}
		}
		slices.Sort(bad)
		slices.Sort(others)
		switch {
		case len(bad) > 0:
			return fail(some(bad, ", ") + " may " + what)
		case len(others) > 0:
			return Verdict{Manual, some(slices.Compact(others), ", ") + " may " + what}
		}
		return pass("besides administrators only parts of Kubernetes may " + what)
	}
}
