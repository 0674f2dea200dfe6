package component

import (
	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// ManifestManager is the name under which the API notes the fields of users' own objects.
const ManifestManager = "kbootstrap-manifests"

// Manifests is the name of the component of users' own objects.
const Manifests = "manifests"

// manifests are the objects that an inventory names. They are made in the order of their files and
// not waited for: their images may come only when the cluster is up. Nor do the hosts need them to
// be healthy.
var manifests = Component{
	Name:  Manifests,
	On:    Target.first,
	After: []string{"access", "kube-controller-manager"},
	AddOn: &AddOn{
		Field: Manifests, What: "your own objects", Reach: by("kubectl get deployments,services --all-namespaces"),
		IsOn:    hasManifests,
		Adopts:  true,
		IsHeavy: isHeavy,
	},
	Resources: func(t Target) []resource.Resource {
		set := api.ObjectSet{Name: Manifests, Kubeconfig: Admin}
		var objects []resource.Resource
		for _, m := range t.Cluster.AddOns.Manifests {
			objects = append(objects, api.Object{Manifest: m.JSON, Kubeconfig: Admin, Manager: ManifestManager})
		}
		set.Objects = refsOf(objects)
		return list(one(set), objects)
	},
}

// hasManifests reports whether an inventory names objects.
func hasManifests(c *inventory.Cluster) bool { return len(c.AddOns.Manifests) > 0 }

// isHeavy reports whether an object takes with it what people may want to keep: a Namespace all
// that is in it, the definition of a kind all objects of it, a claim the files of its volume.
func isHeavy(o api.ObjectRef) bool {
	switch o.Kind {
	case "Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume":
		return true
	}
	return false
}
