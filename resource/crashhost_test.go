package resource_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

// canary is the secret that must be in one file, and nowhere else.
const canary = "the-canary-sings-at-midnight"

// hostWants is what a host is to have, as a component's list has it: an account, directories, a
// key, a program behind a link, configuration, a unit, a service that starts with all of them, and
// its health.
func hostWants(m *machine, version, health string) []resource.Resource {
	program := m.has(strings.Repeat("program "+version+"\n", 1000))
	file := func(path, content string) resource.File { return resource.File{Path: path, Content: []byte(content)} }
	key := resource.File{
		Path:    "/etc/server/server.key",
		Mode:    0o600,
		Content: []byte(canary + version + "\n"),
		Secret:  true,
	}
	binary := resource.File{Path: "/opt/server-" + version + "/server", Mode: 0o755, Blob: program}
	link := resource.Link{Path: "/usr/local/bin/server", Target: binary.Path}
	config := file("/etc/server/server.conf", "version "+version+"\n")
	unit := file("/etc/systemd/system/server.service", "[Service]\nExecStart=/usr/local/bin/server\n")
	service := resource.Service{Name: "server.service", Enabled: true, Running: true, Config: version}
	for _, r := range []resource.Resource{key, link, config, unit} {
		service.Starts = append(service.Starts, r.ID())
	}
	return []resource.Resource{
		resource.Dir{Path: "/etc/server", Mode: 0o700},
		file("/etc/sysctl.d/99-server.conf", "net.ipv4.ip_forward = 1\n"),
		resource.Sysctl{Key: "net.ipv4.ip_forward", Value: "1"}, key, binary, link, config, unit, service,
		resource.Ready{Name: "server", URL: health, Unit: "server.service", Timeout: 15 * time.Second},
	}
}

// hostCase is a host that becomes what version 2 wants, from the version before or from nothing.
func hostCase(t *testing.T, before string) crashCase {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	wants := func(m *machine, version string) []resource.Resource { return hostWants(m, version, server.URL) }
	return crashCase{
		bare: before == "",
		start: func(m *machine) {
			newSystemd(m)
			m.put("/proc/sys/net/ipv4/ip_forward", "0\n")
			m.must(os.MkdirAll(m.Path("/etc/systemd/system/multi-user.target.wants"), 0o755))
			if before != "" {
				m.must(converge.Converge(m.t.Context(), m.System, wants(m, before), nil))
				m.must(m.Flush())
			}
		},
		run: func(ctx context.Context, m *machine) error {
			return converge.Converge(ctx, m.System, wants(m, "2"), nil)
		},
		check: func(m *machine) {
			m.t.Helper()
			found, err := converge.Observe(m.t.Context(), m.System, wants(m, "2"))
			m.must(err)
			for i, w := range wants(m, "2") {
				if resource.Changed(found[i], w) {
					m.t.Errorf("in the end %s differs:\n%s", w.ID(), resource.Diff(found[i], w))
				}
			}
			m.keepsSecret()
		},
		whole: func(m *machine) {
			for _, w := range wants(m, "2") {
				old := resource.Resource(resource.File{Absent: true})
				for _, b := range wants(m, before) {
					if b.ID() == w.ID() && before != "" {
						old = b
					}
				}
				m.isWhole(w, old.State())
			}
		},
		lasts: func(m *machine) {
			for _, w := range wants(m, "2") {
				m.lasts(w)
			}
		},
	}
}

// keepsSecret looks for the canary in all files but the one that is to have it, and records of what
// it was before.
func (m *machine) keepsSecret() {
	m.t.Helper()
	for line := range strings.Lines(m.filesWith(canary)) {
		path, mode, _ := strings.Cut(strings.TrimSpace(line), " ")
		if mode != "-rw-------" || path != "/etc/server/server.key" && !strings.HasPrefix(path, host.BeforeDir+"/") {
			m.t.Errorf("a secret is in %s (%s)", path, mode)
		}
	}
}

// TestCrashHost breaks the making of a host, and its change, at every step.
func TestCrashHost(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "1"} {
		t.Run(map[string]string{"": "new", "1": "changed"}[before], func(t *testing.T) {
			t.Parallel()
			points, cases := hostCase(t, before).matrix(t)
			t.Logf("%d points, %d cases", points, cases)
		})
	}
}

// TestCrashLies: a program that says that it is done, and has done nothing, is not believed.
func TestCrashLies(t *testing.T) {
	t.Parallel()
	c := hostCase(t, "")
	steps, _ := c.golden(t)
	lies := 0
	for _, at := range steps {
		if !strings.HasPrefix(at, string(host.OpRun)) && !strings.HasPrefix(at, "write /proc/sys") {
			continue
		}
		lies++
		t.Run(fmt.Sprint(lies), func(t *testing.T) {
			t.Log("nothing happens at:", at)
			m := c.machineFor(t)
			if _, err := c.process(m, at, lied, nil); err == nil {
				c.check(m) // it did not matter
			} else if errors.Is(err, errRefused) {
				t.Error(err)
			}
			_, err := c.process(m, "", unbroken, nil)
			m.must(err)
			c.check(m)
		})
	}
	if lies < 3 {
		t.Errorf("only %d steps are other programs': %q", lies, steps)
	}
}

// TestConvergeLooksAgain: what was as wanted at the beginning may no longer be, because a change
// before it has touched it too.
func TestConvergeLooksAgain(t *testing.T) {
	m := newMachine(t)
	m.executable("/usr/bin/apt-get")
	m.fakes["env"] = func([]string) (string, error) {
		m.executable("/usr/sbin/conntrack")
		m.put("/etc/a.conf", "theirs\n")
		return "", nil
	}
	m.put("/etc/a.conf", "ours\n")
	m.must(converge.Converge(t.Context(), m.System, []resource.Resource{
		resource.Package{Program: "conntrack", Apt: "conntrack"},
		resource.File{Path: "/etc/a.conf", Content: []byte("ours\n")},
	}, nil))
	if got := m.get("/etc/a.conf"); got != "ours\n" {
		t.Errorf("the file says %q", got)
	}
}
