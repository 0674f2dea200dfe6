package preflight

import (
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// SceneOf is what a plan tells of its hosts, before anybody looks at them.
func SceneOf(c *inventory.Cluster, p plan.Plan) Scene {
	scene := Scene{Cluster: c}
	for _, h := range p.Hosts() {
		one := Host{Host: h}
		for _, s := range p.At(h.Name) {
			scene.Minor = s.Target.Minor()
			if scene.CA == "" {
				scene.CA = authority(s)
			}
			for _, c := range s.Changes() {
				one.Writes = append(one.Writes, writes(c.Wanted)...)
				if pkg, ok := c.Wanted.(resource.Package); ok && !pkg.Absent {
					one.Packages = append(one.Packages, pkg.Program)
				}
			}
		}
		scene.Hosts = append(scene.Hosts, one)
	}
	return scene
}

// authority is the key of the cluster's authority, if the step puts it on the host.
func authority(s plan.Step) string {
	for _, w := range s.Wanted {
		if f, ok := w.(resource.File); ok && f.Path == component.Pki+"/ca.crt" {
			found, _ := host.ParseAuthority(f.Content)
			return found.Key
		}
	}
	return ""
}

// etcdBytes is what an etcd member writes in its first minutes: a log of 64 MB is laid out ahead,
// and the next one.
const etcdBytes = 256 << 20

// writes is what a resource puts on the disks of a host.
func writes(r resource.Resource) []Write {
	write := func(path string, bytes int64, files int64) Write {
		return Write{Path: Place(path), Bytes: bytes, Files: files}
	}
	const store = "/opt/kbootstrap" // where contents arrive
	switch r := r.(type) {
	case resource.File:
		if r.Absent {
			return nil
		}
		// A content arrives in the store, and is renamed where that is possible.
		if r.Blob != "" && Place(r.Path) != store {
			return []Write{write(r.Path, r.Size, 1), write(store, r.Size, 1)}
		}
		return []Write{write(r.Path, max(r.Size, int64(len(r.Content))), 2)}
	case resource.Image:
		// The archive, then its layers, packed and unpacked.
		return []Write{write(store, r.Size, 1), write("/var/lib/containerd", 2*r.Size, 2000)}
	case resource.Member:
		return []Write{write(r.DataDir, etcdBytes, 20)}
	case resource.Dir, resource.Link:
		return []Write{write("/", 0, 1)}
	}
	return nil
}

// FindGlibc finds which glibc the programs of each host need, those that are there already too.
// Each program is looked at once.
func FindGlibc(p plan.Plan, hosts []Host) error {
	known := map[string]string{} // by sum
	for i := range hosts {
		needs := map[string]string{}
		for _, s := range p.At(hosts[i].Name) {
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
