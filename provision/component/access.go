package component

import (
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// access is who may do what in the cluster before anybody else is in it. It is bound with
// super-admin.conf, whose group needs no binding; nothing else uses that file.
var access = Component{
	Name:  "access",
	On:    Target.first,
	After: []string{APIServer},
	Resources: func(t Target) []resource.Resource {
		return objects(SuperAdmin, accessYAML.Render(struct{}{}))
	},
}

var accessYAML = templates.New[struct{}]("access.yaml.tmpl")
