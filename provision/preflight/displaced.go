package preflight

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// displaced is what a change takes the place of, whoever put it there.
func displaced(c plan.Change) []Displaced {
	found, ok := c.Found.(resource.Displacer)
	if !ok {
		return nil
	}
	d := Displaced{ID: found.ID(), What: found.Displaces(c.Wanted)}
	if d.What == "" {
		return nil
	}
	file, _ := c.Found.(resource.File)
	wanted, _ := c.Wanted.(resource.File)
	switch file.Path {
	case component.ContainerdConfig:
		if foreign := lostSettings(file.Content, wanted.Content); len(foreign) > 0 {
			d.What += ", and with it " + strings.Join(foreign, ", ")
			d.Hint = "put what you still need of it into a file of its own in " + component.ContainerdSite +
				", which containerd includes and the tool leaves alone; reset puts the old file back"
		}
	case component.DockerConfig:
		d.Hint = "docker listens on its socket and shares the kubelet's containerd and cgroup driver; flags of " +
			"your own " +
			"go into arguments: {dockerd: {…}}; reset puts the old file back"
	}
	return []Displaced{d}
}

// lostSettings are the settings of a TOML file that another one has not, or has otherwise.
func lostSettings(found, wanted []byte) []string {
	theirs, ours := map[string]string{}, map[string]string{}
	for text, settings := range map[*[]byte]map[string]string{&found: theirs, &wanted: ours} {
		var tree map[string]any
		if toml.Unmarshal(*text, &tree) == nil { // what cannot be read, containerd cannot read either
			flatten("", tree, settings)
		}
	}
	var names []string
	for name, value := range theirs {
		if ours[name] != value && name != "version" && name != "imports" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// flatten lists the settings of a tree by their paths. Plugins go by the last part of their names.
func flatten(path string, tree map[string]any, settings map[string]string) {
	for key, value := range tree {
		name := strings.TrimPrefix(path+"."+key[strings.LastIndex(key, ".")+1:], ".")
		if below, ok := value.(map[string]any); ok {
			flatten(name, below, settings)
		} else {
			settings[name] = fmt.Sprint(value)
		}
	}
}

// dockerFile reads docker's configuration as it is before the plan, if the step is about it.
func dockerFile(s plan.Step) *DockerFile {
	for i, w := range s.Wanted {
		if f, ok := w.(resource.File); !ok || f.Path != component.DockerConfig {
			continue
		}
		docker := &DockerFile{}
		if s.Found != nil {
			if f, ok := s.Found[i].(resource.File); ok && json.Unmarshal(f.Content, docker) != nil {
				docker = &DockerFile{} // it will be replaced
			}
		}
		return docker
	}
	return nil
}

// Forget takes what the tool has changed before, by the IDs of the resources, from what a host's
// owner would lose.
func (h *Host) Forget(recorded []string) {
	h.Displaced = slices.DeleteFunc(h.Displaced, func(d Displaced) bool { return slices.Contains(recorded, d.ID) })
}

// replaces names what of the host's owner would be replaced. That firewalld is turned off, and that
// a container runtime which runs is replaced, have checks of their own.
func replaces(_ Scene, h Host) []Finding {
	told := []string{resource.Service{Name: firewalld}.ID(), resource.UFW{}.ID()}
	for _, name := range runtimes {
		if h.active(name) {
			told = append(told, resource.Service{Name: name}.ID())
		}
	}
	var found []Finding
	for _, d := range h.Displaced {
		if !slices.Contains(told, d.ID) {
			found = append(found, Finding{Level: Warn, Evidence: d.What, Hint: d.Hint})
		}
	}
	if found == nil {
		return one(OK, "nothing")
	}
	return found
}
