package provision

import (
	"kbootstrap/provision/resource"
	"kbootstrap/release"
)

// glibcs finds which glibc programs need. Each is looked at once a run.
type glibcs struct{ needs map[string]string } // by sum

// add notes what the program that a resource puts on a host needs, if it needs something.
func (g glibcs) add(set *release.Set, r resource.Resource, into map[string]string) error {
	f, ok := r.(resource.File)
	if !ok || f.Blob == "" {
		return nil
	}
	content, ok := set.BySum(f.Blob)
	if !ok {
		return nil
	}
	need, known := g.needs[f.Blob]
	if !known {
		var err error
		if need, err = content.Glibc(); err != nil {
			return err
		}
		g.needs[f.Blob] = need
	}
	if need != "" {
		into[content.Name] = need
	}
	return nil
}
