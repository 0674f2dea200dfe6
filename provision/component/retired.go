package component

import (
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// retiredAuthorities takes authorities that were replaced out of what aggregated API servers trust,
// when no API server trusts them any more. It is there only where one was replaced.
var retiredAuthorities = Component{
	Name:  "retired-authorities",
	On:    func(t Target) bool { return t.first() && t.PKI != nil && len(t.PKI.Retired()) > 0 },
	After: []string{"access"},
	Needs: []string{APIServer},
	Resources: func(t Target) []resource.Resource {
		return one(api.ClientTrust{Kubeconfig: Admin, Retired: t.PKI.Retired()})
	},
}
