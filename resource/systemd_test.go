package resource_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kbootstrap/host"
	"kbootstrap/internal/trial"
	"kbootstrap/resource"
)

// systemd is a fake of systemctl and the manager behind it, for one machine. It keeps to what
// matters to a Service: a unit that is held in memory is not read again until a daemon-reload, and
// a process has the environment that its unit had when it was started.
type systemd struct {
	m       *machine
	units   map[string]*memoryUnit // held in memory: those that run, and those that a test says
	nextPID int
	reloads int
	// killed are the units that do not end when they are told to, by name: systemd kills them, and
	// they have failed.
	killed map[string]bool
	// crash makes units fail as soon as they are started, by name.
	crash map[string]bool
	// started is what the processes of units bring about, by name.
	started map[string]func()
	// broken is a text in a unit's files with which it fails as soon as it is started.
	broken string
}

type memoryUnit struct {
	active  string
	pid     int
	enabled bool // as remembered
	files   string
	dropIns []string
	config  string
	command string
}

func newSystemd(m *machine) *systemd {
	s := &systemd{
		m: m, units: map[string]*memoryUnit{}, nextPID: 1000, crash: map[string]bool{}, started: map[string]func(){},
	}
	m.systemd = s
	m.fakes["systemctl"] = s.run
	m.fakes["journalctl"] = func(argv []string) (string, error) {
		unit, ok := strings.CutPrefix(argv[1], "--unit=")
		if len(argv) == 2 && argv[1] == "--sync" {
			return "", nil
		}
		if len(argv) != 7 || !ok || argv[2] != "--boot" {
			return m.unexpected(argv)
		}
		return string(trial.Journal(m.t, "panic: the last words of "+unit)), nil
	}
	return s
}

func (s *systemd) run(argv []string) (string, error) {
	line := strings.Join(argv[1:], " ")
	switch {
	case strings.HasPrefix(line, "show -p "+host.UnitProperties+" -- "):
		return s.show(argv[5:]), nil
	case line == "daemon-reload":
		s.reloads++
		for name, u := range s.units {
			s.read(name, u)
		}
		return "", nil
	case len(argv) == 4 && argv[1] == "--root="+s.m.Root && argv[2] == "enable":
		if !s.m.Exists("/etc/systemd/system/" + argv[3]) {
			return "", errors.New("no such unit file")
		}
		s.m.must(os.MkdirAll(filepath.Dir(s.wants(argv[3])), 0o755))
		if s.enabled(argv[3]) {
			return "", nil
		}
		return "", os.Symlink("/etc/systemd/system/"+argv[3], s.wants(argv[3]))
	case len(argv) == 4 && argv[1] == "--root="+s.m.Root && argv[2] == "disable":
		return "", os.RemoveAll(s.wants(argv[3]))
	case len(argv) == 5 && argv[1] == "--no-block" && argv[2] == "--job-mode=ignore-dependencies" &&
		(argv[3] == "start" || argv[3] == "restart"):
		return "", s.start(argv[4])
	case len(argv) == 3 && argv[1] == "reload":
		if u := s.units[argv[2]]; u == nil || u.pid == 0 {
			return "", errors.New("Job for " + argv[2] + " failed.")
		}
		return "", nil
	case len(argv) == 3 && argv[1] == "stop":
		u := s.units[argv[2]]
		runs := u != nil && u.pid != 0
		if s.end(argv[2]); runs && s.killed[argv[2]] {
			u.active, s.units[argv[2]] = "failed", u
		}
		return "", nil
	case len(argv) == 3 && argv[1] == "reset-failed":
		s.units[argv[2]].active = "inactive"
		return "", nil
	}
	return s.m.unexpected(argv)
}

func (s *systemd) wants(name string) string {
	return s.m.Path("/etc/systemd/system/multi-user.target.wants/" + name)
}

func (s *systemd) enabled(name string) bool {
	_, err := os.Lstat(s.wants(name))
	return err == nil
}

func (s *systemd) show(names []string) string {
	var blocks []string
	for _, name := range names {
		u, held := s.units[name]
		if !held {
			u = &memoryUnit{active: "inactive"}
			s.read(name, u)
		}
		load, file, outdated, job := "not-found", "", "no", ""
		if s.m.Exists("/etc/systemd/system/" + name) {
			load, file = "loaded", "disabled"
			if u.enabled {
				file = "enabled"
			}
		}
		now := &memoryUnit{}
		if s.read(name, now); now.files != u.files {
			outdated = "yes"
		}
		sub := map[string]string{"active": "running", "failed": "failed", "inactive": "dead"}[u.active]
		blocks = append(blocks, fmt.Sprintf("LoadState=%s\nActiveState=%s\nSubState=%s\nMainPID=%d\nUnitFileState=%s\n"+
			"Job=%s\nNeedDaemonReload=%s\nDropInPaths=%s\n",
			load, u.active, sub, u.pid, file, job, outdated, strings.Join(u.dropIns, " ")))
	}
	return strings.Join(blocks, "\n")
}

// read reads a unit from the disk, drop-ins by the order of their names.
func (s *systemd) read(name string, u *memoryUnit) {
	u.enabled, u.files, u.dropIns, u.config, u.command = s.enabled(name), "", nil, "", ""
	files := []string{"/etc/systemd/system/" + name}
	for _, dir := range []string{"/run/systemd/system/", "/etc/systemd/system/"} {
		list, err := filepath.Glob(s.m.Path(dir + name + ".d/*.conf"))
		s.m.must(err)
		for _, f := range list {
			f = strings.TrimPrefix(f, s.m.Root)
			files, u.dropIns = append(files, f), append(u.dropIns, f)
		}
	}
	for _, f := range files {
		text, err := s.m.Read(f)
		s.m.must(err)
		u.files += f + "\n" + text
		for line := range strings.Lines(text) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Environment="+resource.ConfigVariable+"="); ok {
				u.config = v
			}
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart="); ok {
				u.command = v
			}
		}
	}
}

func (s *systemd) start(name string) error {
	if !s.m.Exists("/etc/systemd/system/" + name) {
		return errors.New("Unit " + name + " not found.")
	}
	u := s.units[name]
	if u == nil {
		u = &memoryUnit{}
		s.read(name, u)
		s.units[name] = u
	}
	if u.active == "failed" {
		return nil // it has crashed too often: until reset-failed every start fails at once
	}
	s.end(name)
	s.units[name] = u
	if s.crash[name] || s.broken != "" && strings.Contains(u.files, s.broken) {
		u.active = "failed"
		return nil
	}
	s.nextPID++
	u.active, u.pid = "active", s.nextPID
	if bring := s.started[name]; bring != nil {
		bring()
	}
	// The 22nd field is when it started: long ago. The first would be the number of the process,
	// which differs from run to run.
	s.m.put(fmt.Sprintf("/proc/%d/stat", u.pid), "0 (x) S"+strings.Repeat(" 0", 18)+" 1")
	s.m.put(fmt.Sprintf("/proc/%d/environ", u.pid), "PATH=/bin\x00"+resource.ConfigVariable+"="+u.config+"\x00")
	if u.command != "" {
		s.m.put(fmt.Sprintf("/proc/%d/cmdline", u.pid), strings.ReplaceAll(u.command, " ", "\x00")+"\x00")
	}
	return nil
}

// boot forgets what was held in memory and starts what is enabled.
func (s *systemd) boot() {
	for _, u := range s.units {
		if u.pid != 0 {
			s.m.must(os.RemoveAll(s.m.Path(fmt.Sprintf("/proc/%d", u.pid))))
		}
	}
	s.units = map[string]*memoryUnit{}
	wants, err := filepath.Glob(s.wants("*"))
	s.m.must(err)
	for _, w := range wants {
		if name := filepath.Base(w); s.m.Exists("/etc/systemd/system/" + name) {
			s.m.must(s.start(name))
		}
	}
}

// everything is the state of all units, but for the numbers of their processes.
func (s *systemd) everything() string {
	var b strings.Builder
	for name, u := range s.units {
		fmt.Fprintf(&b, "unit %s: %s, enabled %t, config %q, from %q\n", name, u.active, u.enabled, u.config, u.files)
	}
	return b.String()
}

func (s *systemd) end(name string) {
	if u := s.units[name]; u != nil && u.pid != 0 {
		s.m.must(os.RemoveAll(s.m.Path(fmt.Sprintf("/proc/%d", u.pid))))
		u.active, u.pid = "inactive", 0
		if !u.enabled {
			delete(s.units, name) // no unit refers to it any more
		}
	}
}
