package resource_test

import (
	"os"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/resource"
)

// TestHostNamesLeaveOthers: the lines of others stay as they are, the tool's come first, and the
// file keeps its mode. A link is not replaced: it is its owner's work.
func TestHostNamesLeaveOthers(t *testing.T) {
	const theirs = "127.0.0.1\tlocalhost\n# registry.example.com is elsewhere\n192.0.2.9 registry.example.com"
	m := newMachine(t)
	m.put(resource.HostsFile, theirs)
	m.must(os.Chmod(m.Path(resource.HostsFile), 0o640))
	wanted := resource.HostNames{Names: []resource.HostName{{Name: "registry.example.com", Address: "192.0.2.1"}}}
	m.apply(wanted)
	if text, _ := m.Read(resource.HostsFile); text != "192.0.2.1 registry.example.com # kbootstrap\n"+theirs {
		t.Errorf("the file is\n%s", text)
	}
	info, err := os.Stat(m.Path(resource.HostsFile))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	m.apply(resource.HostNames{Absent: true})
	if text, _ := m.Read(resource.HostsFile); text != theirs {
		t.Errorf("without the tool's own lines the file is\n%s", text)
	}
	m.must(os.Remove(m.Path(resource.HostsFile)))
	m.link(resource.HostsFile, "/etc/hosts.d/all")
	if err := wanted.Apply(t.Context(), m.System); fault.Of(err) != fault.PathOccupied {
		t.Errorf("a link in the file's place: %v", err)
	}
}
