//go:build !light

package node

import "kbootstrap/resource"

// lighten changes nothing in what users run; see light.go.
func lighten(o Options) Options { return o }

func lightened(all []resource.Resource) []resource.Resource { return all }
