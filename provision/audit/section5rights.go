package audit

import (
	"slices"
	"strings"

	"kbootstrap/provision/component"
)

const (
	serviceAccounts = "/api/v1/serviceaccounts"
	pods            = "/api/v1/pods"
	namespaces      = "/api/v1/namespaces"
)

// administrators are the groups that may have all rights: the one of Kubernetes, which its API
// server binds by itself, and that of the tool's administrators.
var administrators = []string{mastersGroup, component.AdminGroup}

// rights is section 5.1.
func rights() []Check {
	c := func(id, title string, promise Promise, remedy string, judge func(Scene) Verdict) Check {
		return Check{ID: id, Title: title, Promise: promise, Remedy: remedy, cluster: judge}
	}
	write := []string{"create", "update", "patch", "delete"}
	const admission = "admissionregistration.k8s.io"
	return []Check{
		c("5.1.1", "only administrators have all rights", ByDefault,
			"bind a role with the rights that are needed, then delete the binding (kubectl delete "+
				"clusterrolebinding NAME)",
			allRights),
		c("5.1.2", "few may read Secrets", ByDefault, review,
			access("read Secrets", right{"", "secrets", []string{"get", "list", "watch"}})),
		c("5.1.3", "roles name what they allow, without wildcards", ByUsers,
			"name verbs, groups and resources in the role",
			wildcards),
		c("5.1.4", "few may create pods", ByDefault, review, access("create pods", right{"", "pods",
			[]string{"create"}})),
		c("5.1.5", "the default service accounts are not used", ByCIS,
			"set automountServiceAccountToken: false on the account default of each namespace, and bind it to no role",
			defaultAccounts),
		c("5.1.6", "pods have tokens only where they need them", ByUsers,
			"set automountServiceAccountToken: false in the pods, or give them an account of their own", mountedTokens),
		c("5.1.7", "the group system:masters is not used", ByDefault,
			"use admin.conf; delete other kubeconfigs and bindings of the group", masters),
		c("5.1.8", "few may bind roles, impersonate or escalate", ByDefault, review,
			access("bind roles, impersonate or escalate",
				right{"rbac.authorization.k8s.io", "clusterroles", []string{"bind", "escalate"}},
				right{"rbac.authorization.k8s.io", "roles", []string{"bind", "escalate"}},
				right{"", "users", []string{"impersonate"}}, right{"", "groups", []string{"impersonate"}},
				right{"", "serviceaccounts", []string{"impersonate"}})),
		c("5.1.9", "few may create persistent volumes", ByDefault, review,
			access("create persistent volumes", right{"", "persistentvolumes", []string{"create"}})),
		c("5.1.10", "few may talk to kubelets through the API", ByDefault, review,
			access("talk to kubelets through the API", right{"", "nodes/proxy", append(write, "get")})),
		c("5.1.11", "few may approve certificates", ByDefault, review,
			access("approve certificates",
				right{"certificates.k8s.io", "certificatesigningrequests/approval", []string{"update", "patch"}})),
		c("5.1.12", "few may change webhooks of admission", ByDefault, review,
			access("change webhooks of admission", right{admission, "validatingwebhookconfigurations", write},
				right{admission, "mutatingwebhookconfigurations", write})),
		c("5.1.13", "few may make tokens of service accounts", ByDefault, review,
			access("make tokens of service accounts", right{"", "serviceaccounts/token", []string{"create"}})),
	}
}

// allRights judges who has all rights in the whole cluster, by whatever role.
func allRights(s Scene) Verdict {
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	var bad []string
	for _, h := range g.holders(role.isAll) {
		isWhole := h.binding.Metadata.Namespace == ""
		if isWhole && (h.Kind != "Group" || !slices.Contains(administrators, h.Name)) || h.isEverybody() {
			bad = append(bad, h.text())
		}
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		return fail("all rights: " + some(bad, ", "))
	}
	return pass("the groups " + strings.Join(administrators, " and ") + " alone have all rights")
}

func wildcards(s Scene) Verdict {
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	var found []string
	for name, r := range g.roles {
		if r.isBuiltIn() {
			continue
		}
		for _, rule := range r.Rules {
			if slices.Contains(slices.Concat(rule.Verbs, rule.APIGroups, rule.Resources), "*") {
				found = append(found, name)
				break
			}
		}
	}
	slices.Sort(found)
	return when(len(found) == 0, "roles with wildcards besides those of Kubernetes: "+orNone(found))
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return some(list, ", ")
}

// account is a ServiceAccount.
type account struct {
	object
	Automount *bool `json:"automountServiceAccountToken"`
}

// builtInNamespaces are those that every cluster of the tool has.
var builtInNamespaces = component.Namespaces()

// defaultAccounts judges the accounts that pods have unless they name another. Those of namespaces
// that users made are the users'.
func defaultAccounts(s Scene) Verdict {
	accounts, cannot := items[account](s, serviceAccounts)
	if cannot != nil {
		return *cannot
	}
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	var ours, theirs []string
	for _, h := range g.holders(func(role) bool { return true }) {
		if h.Kind == "ServiceAccount" && h.Name == "default" {
			ours = append(ours, h.text())
		}
	}
	for _, a := range accounts {
		switch {
		case a.Metadata.Name != "default" || a.Automount != nil && !*a.Automount:
		case slices.Contains(builtInNamespaces, a.Metadata.Namespace):
			ours = append(ours, a.name())
		default:
			theirs = append(theirs, a.name())
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	switch {
	case len(ours) > 0:
		return fail("default accounts with rights, or whose tokens pods get: " + some(ours, ", "))
	case len(theirs) > 0:
		return Verdict{Manual, "default accounts of users' namespaces whose tokens pods get: " + some(theirs, ", ")}
	}
	return pass("no pod gets the token of a default account unasked")
}

// mountedTokens judges the pods that have the token of a default account.
func mountedTokens(s Scene) Verdict {
	accounts, cannot := items[account](s, serviceAccounts)
	if cannot != nil {
		return *cannot
	}
	running, cannot := items[pod](s, pods)
	if cannot != nil {
		return *cannot
	}
	off := map[string]bool{}
	for _, a := range accounts {
		off[a.name()] = a.Automount != nil && !*a.Automount
	}
	var found []string
	for _, p := range running {
		name := p.Spec.ServiceAccountName
		mounts := !off[p.Metadata.Namespace+"/"+name]
		if p.Spec.Automount != nil {
			mounts = *p.Spec.Automount
		}
		if mounts && (name == "default" || name == "") {
			found = append(found, p.name())
		}
	}
	slices.Sort(found)
	return when(len(found) == 0, "pods with the token of a default account: "+orNone(found))
}

const mastersGroup = "system:masters"

// breakGlass is the one kubeconfig of the group that no other way replaces: kubeadm has it as well.
const breakGlass = "/etc/kubernetes/super-admin.conf"

// masters judges where the group is used: rights of it cannot be taken away.
func masters(s Scene) Verdict {
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	var bad []string
	for _, b := range g.bindings {
		isOwn := b.Metadata.Name == "cluster-admin" && b.Metadata.Namespace == ""
		if !isOwn && slices.ContainsFunc(b.Subjects, func(s subject) bool { return s.Name == mastersGroup }) {
			bad = append(bad, "binding "+b.name())
		}
	}
	var unasked []string
	for _, h := range s.Hosts {
		if h.Error != "" {
			unasked = append(unasked, h.Name)
		}
		for _, f := range h.Inspection.Files {
			for _, c := range f.Certificates {
				if strings.Contains(c.Subject, "O="+mastersGroup) && f.Path != breakGlass {
					bad = append(bad, f.Path+" on "+h.Name)
				}
			}
		}
	}
	switch {
	case len(bad) > 0:
		return fail(mastersGroup + " is used by " + some(bad, ", "))
	case len(unasked) > 0:
		return unknown("hosts that could not be asked: " + some(unasked, ", "))
	}
	return pass("only " + breakGlass + ", which is for emergencies, is of the group")
}
