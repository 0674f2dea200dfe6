package resource_test

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// everything is the state of a machine, for comparing: its files, its services, its objects, the
// tool's records.
func (m *machine) everything() string {
	m.t.Helper()
	var b strings.Builder
	b.WriteString(m.snapshot())
	m.must(filepath.WalkDir(m.Path(host.StateDir), func(path string, d fs.DirEntry, err error) error {
		if host.Absent(err) || err == nil && d.Name() == "sums.json" {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = string(data)
			if len(data) > 1<<10 {
				content = resource.Sum(data)
			}
		}
		mode := info.Mode()
		if filepath.Dir(path) == m.Path(host.BeforeDir+"/blobs") {
			mode = 0 // a second name of the file that was there, or a copy; the mode to come back is in the record
		}
		fmt.Fprintln(&b, strings.TrimPrefix(path, m.Root), mode, content)
		return nil
	}))
	if m.systemd != nil {
		b.WriteString(m.systemd.everything())
	}
	if m.kube != nil {
		b.WriteString(m.kube.everything())
	}
	all := strings.Split(pidName.ReplaceAllString(b.String(), "$1/N"), "\n")
	lines := slices.DeleteFunc(all, func(line string) bool {
		return slices.ContainsFunc([]string{
			// Empty ones do nothing.
			"/etc/systemd/system/etcd.service.d drwx", "/run/systemd/system/etcd.service.d drwx",
			"/etc/kubernetes/admin.conf ", // has the port of this machine's API
			"/proc/sys/kernel/random/boot_id ", "/run ", "/run/kbootstrap ", "/var/lib/blobs",
		}, func(prefix string) bool { return strings.HasPrefix(line, prefix) })
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// filesWith lists the files that hold a text, with their modes.
func (m *machine) filesWith(text string) string {
	m.t.Helper()
	var b strings.Builder
	m.must(filepath.WalkDir(m.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		encoded := base64.StdEncoding.EncodeToString([]byte(text))[:len(text)/3*4]
		if err == nil && (strings.Contains(string(data), text) || strings.Contains(string(data), encoded)) {
			fmt.Fprintln(&b, strings.TrimPrefix(path, m.Root), info.Mode())
		}
		return err
	}))
	return b.String()
}

// durablePart leaves out what a boot makes again. That services run as wanted is for the case's own
// check.
func durablePart(everything string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(everything, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "/proc") || strings.HasPrefix(line, "/run") || strings.HasPrefix(line, "unit ")
	}), "\n")
}

// runsNothing checks that no program of the machine runs, whoever its parent is.
func (m *machine) runsNothing() {
	m.t.Helper()
	all, err := m.AllProcesses()
	m.must(err)
	for _, p := range all {
		if strings.HasPrefix(p.Exe, m.Root+"/") {
			m.t.Errorf("process %d runs on: %s", p.Pid, p.Exe)
		}
	}
}

// isWhole checks that a small file or a link is, after a power cut, the old one or the new one.
func (m *machine) isWhole(wanted resource.Resource, before string) {
	m.t.Helper()
	switch r := wanted.(type) {
	case resource.File:
		if r.Blob != "" {
			return // it is noticed by the next run, and not believed before
		}
	case resource.Link:
	default:
		return
	}
	if found := m.observe(wanted); found.State() != before && resource.Changed(found, wanted) {
		m.t.Errorf("after a power cut, %s is neither as before nor as wanted:\n%s", wanted.ID(), found.State())
	}
}

// lasts checks that what a run has reached outlives a power cut.
func (m *machine) lasts(wanted resource.Resource) {
	m.t.Helper()
	switch wanted.(type) {
	case resource.File, resource.Dir, resource.Tree, resource.Link, resource.Bootstrapped,
		resource.User, resource.Package, resource.HostNames, kinds.Originals, kinds.Former, kinds.Before, kinds.Data:
		if found := m.observe(wanted); resource.Changed(found, wanted) {
			m.t.Errorf("the run was done, and a power cut took %s away:\n%s", wanted.ID(), resource.Diff(found, wanted))
		}
	}
}

// runsOnly reports whether the law is about what a boot makes again, or does not: processes,
// interfaces.
func (l law) runsOnly() bool {
	if _, ok := l.wanted.(resource.Tree); ok {
		return l.name != "whole" // the others have mounts
	}
	switch l.wanted.(type) {
	case kinds.Originals, kinds.Former, kinds.Data:
		return false // it is files that are put back, or removed
	}
	service, ok := l.wanted.(resource.Service)
	return l.forgets || ok && service.Running && !strings.Contains(l.before, "enabled") && l.before != ""
}
