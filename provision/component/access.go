package component

import (
	"strings"
	"unicode"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// Admin is the kubeconfig with which the tool speaks to the API, on each control plane. Its rights
// come from a binding, so they can be taken away.
const Admin = "/etc/kubernetes/admin.conf"

// SuperAdmin is the kubeconfig of the group that needs no binding. It lies on the first control
// plane only.
const SuperAdmin = "/etc/kubernetes/super-admin.conf"

// AdminGroup is the group of the administrators, whose binding can be taken away.
const AdminGroup = certs.ClusterAdmins

// ActingFor returns in whose name the tool uses Admin: the operator's, so that the audit log tells
// who it was and from which machine. The rights are those of the administrators' group.
func ActingFor(operator string) host.Acting {
	printable := func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '_'
	}
	return host.Acting{
		Kubeconfig: Admin, User: "kbootstrap:" + strings.Map(printable, operator), Group: AdminGroup,
	}
}

// access is who may do what in the cluster before anybody else is in it. The objects are made with
// super-admin.conf where the administrator has no rights yet; nothing else uses that file.
var access = Component{
	Name:  "access",
	On:    Target.first,
	After: []string{APIServer},
	Resources: func(t Target) []resource.Resource {
		rs := list(
			objects(Admin, accessYAML.Render(struct{}{})),
			objects(Admin, kubeletClientYAML.Render(kubeletClient)),
		)
		rs = append(rs, policyAccess(t)...)
		if t.Minor() >= admissionPolicies {
			rs = append(rs, objects(Admin, flannelPolicyYAML.Render(flannelUsers))...)
		}
		return eachObject(rs, func(o api.Object) api.Object { o.BreakGlass = SuperAdmin; return o })
	},
}

// early is what an API server may do to kubelets, told to the API server of before: a new one has
// no rights by its certificate, while in a cluster of before it had those of administrators.
func early() []resource.Resource {
	return eachObject(objects(Admin, kubeletClientYAML.Render(kubeletClient)),
		func(o api.Object) api.Object { o.Early = true; return o })
}

// hostAccess is what the programs of one host may do. The control plane that leads tells it to the
// API before the host has the keys of those who may.
var hostAccess = Component{
	Name:      "host-access",
	Short:     "rights",
	On:        everywhere,
	AtLead:    true,
	After:     []string{"access"},
	Resources: hostRights,
}

func hostRights(t Target) []resource.Resource {
	policies := objects(Admin, hostPolicyYAML.Render(hostPolicyData{User: certs.KubeRouterUser + t.Host.Name}))
	if !hasPolicies(t.Cluster) {
		policies = absent(policies)
	}
	return append(policies, objects(Admin, hostAccessYAML.Render(hostAccessData{
		Host: t.Host.Name, FlannelUser: certs.FlannelUser + t.Host.Name,
	}))...)
}

// oldAccess takes away rights of clusters of before that no host uses any more. It comes when each
// host has keys of its own and is healthy with them: a host that is away, that has failed or that
// the run is not about has the old ones.
var oldAccess = Component{
	Name:    "old-access",
	Short:   "old",
	On:      func(t Target) bool { return t.first() && t.AllHosts },
	Needs:   []string{"health"},
	Strict:  everywhere,
	Last:    true,
	Absence: true,
	Resources: func(Target) []resource.Resource {
		return absent(objects(Admin, oldAccessYAML.Render(struct{}{})))
	},
}

// absent are objects that are not there.
func absent(rs []resource.Resource) []resource.Resource {
	return eachObject(rs, func(o api.Object) api.Object { o.Absent = true; return o })
}

// eachObject changes the objects of a list, in place.
func eachObject(rs []resource.Resource, change func(api.Object) api.Object) []resource.Resource {
	for i, r := range rs {
		if object, ok := r.(api.Object); ok {
			rs[i] = change(object)
		}
	}
	return rs
}

// kubeletClientData is the data of what API servers may do to kubelets.
type kubeletClientData struct{ User string }

// flannelPolicyData is how the policy for flanneld knows its users: what their names begin with,
// and their group.
type flannelPolicyData struct{ User, Group string }

// hostAccessData is the data of the rights of one host.
type hostAccessData struct{ Host, FlannelUser string }

// hostPolicyData is the data of those that kube-router has on it.
type hostPolicyData struct{ User string }

var (
	kubeletClient = kubeletClientData{certs.KubeletClient}
	flannelUsers  = flannelPolicyData{User: certs.FlannelUser, Group: certs.FlannelGroup}

	accessYAML        = templates.New[struct{}]("access.yaml.tmpl")
	kubeletClientYAML = templates.New[kubeletClientData]("kubelet-client.yaml.tmpl")
	flannelPolicyYAML = templates.New[flannelPolicyData]("flannel-policy.yaml.tmpl")
	hostAccessYAML    = templates.New[hostAccessData]("host-access.yaml.tmpl")
	hostPolicyYAML    = templates.New[hostPolicyData]("host-policy.yaml.tmpl")
	oldAccessYAML     = templates.New[struct{}]("old-access.yaml.tmpl")
)
