package provision

import (
	"kbootstrap/provision/preflight"
	"kbootstrap/resource"
)

// glibc finds which glibc the programs of each host need, those that are there already too. Each program is looked at once.
func (r *Run) glibc(hosts []preflight.Host) error {
	known := map[string]string{} // by sum
	for i := range hosts {
		needs := map[string]string{}
		for _, s := range r.Plan.Steps {
			if s.At != hosts[i].Name {
				continue
			}
			for _, w := range s.Wanted {
				f, ok := w.(resource.File)
				if !ok || f.Blob == "" {
					continue
				}
				content, ok := s.Target.Release.BySum(f.Blob)
				if !ok {
					continue
				}
				need, ok := known[f.Blob]
				if !ok {
					var err error
					if need, err = content.Glibc(); err != nil {
						return err
					}
					known[f.Blob] = need
				}
				if need != "" {
					needs[content.Name] = need
				}
			}
		}
		hosts[i].Glibc = needs
	}
	return nil
}
