package preflight

import (
	"cmp"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// SceneOf is what a plan tells of its hosts, before anybody looks at them. The hosts are those of
// the whole plan, and what is written is what the limited one writes.
func SceneOf(c *inventory.Cluster, whole, limited plan.Plan) Scene {
	scene := Scene{Cluster: c, Now: time.Now()}
	for _, h := range whole.Hosts() {
		one := Host{Host: h, Versions: Versions(limited, h.Name)}
		for _, s := range whole.At(h.Name) {
			scene.Minor = s.Target.Minor()
			if scene.CA.Key == "" {
				scene.CA = authority(s)
			}
			one.Docker = cmp.Or(one.Docker, dockerFile(s))
		}
		for _, s := range limited.At(h.Name) {
			one.Rewalled = one.Rewalled || s.Component.Name == component.Firewall && len(s.Changes()) > 0
			for _, c := range s.Changes() {
				one.Displaced = append(one.Displaced, displaced(c)...)
				one.Writes = append(one.Writes, writes(c.Wanted)...)
				if installer, ok := c.Wanted.(resource.Installer); ok && installer.Installs() != "" {
					one.Packages = append(one.Packages, installer.Installs())
				}
			}
		}
		scene.Hosts = append(scene.Hosts, one)
	}
	return scene
}

// authority is the cluster's authority, if the step puts it on the host.
func authority(s plan.Step) host.Authority {
	for _, w := range s.Wanted {
		if f, ok := w.(resource.File); ok && f.Path == component.PKIDir+"/ca.crt" {
			found, _ := host.ParseAuthority(f.Content)
			return found
		}
	}
	return host.Authority{}
}

// writes is what a resource puts on the disks of a host. A content arrives in the store, and is
// renamed where that is possible.
func writes(r resource.Resource) []Write {
	const store = "/opt/kbootstrap" // where contents arrive
	var all []Write
	sum, size := resource.Contents(r)
	if sum != "" {
		all = append(all, Write{Path: store, Bytes: size, Files: 1})
	}
	writer, ok := r.(resource.Writer)
	if !ok {
		return all
	}
	for _, w := range writer.Writes() {
		place := Place(w.Path)
		if sum != "" && place == store {
			w.Bytes = 0 // the content that has arrived becomes the file
		}
		all = append(all, Write{Path: place, Bytes: w.Bytes, Files: w.Files})
	}
	return all
}

// FindGlibc finds which glibc the programs of each host need, those that are there already too.
// Each program is looked at once.
func FindGlibc(p plan.Plan, hosts []Host) error {
	known := map[string]string{} // by sum
	var reader release.GlibcReader
	defer reader.Close()
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
					if need, err = reader.Of(content); err != nil {
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
