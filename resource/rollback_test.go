package resource_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/trial"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

func TestRollback(t *testing.T) {
	s := newServer(t)
	var changes []resource.Change
	err := converge.Converge(t.Context(), s.System, s.component("broken"), func(c resource.Change) {
		changes = append(changes, c)
	})
	var rolled *converge.RolledBackError
	if !errors.As(err, &rolled) || rolled.Failed != nil || fault.Of(err) != fault.RolledBack {
		t.Fatalf("error is %v", err)
	}
	parts := []string{
		"rolled back: server.service is as before",
		"panic: the last words of server.service",
		"put back:",
		"link /usr/local/bin/server",
	}
	for _, want := range parts {
		if !strings.Contains(whole(err), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if d := cmp.Diff(s.start, s.state()); d != "" || !s.runs() {
		t.Errorf("it is not as before:\n%s", d)
	}
	s.clean()
	var back []string
	for _, c := range changes {
		if c.Back {
			back = append(back, c.ID)
		}
	}
	want := []string{
		"file /etc/server/new",
		"file /etc/systemd/system/server.service",
		"file /etc/server/key",
		"link /usr/local/bin/server",
		"service server.service",
	}
	if d := cmp.Diff(want, back); d != "" || !slices.Equal(rolled.Restored, back) {
		t.Errorf("put back in another order:\n%s", d)
	}
	if !s.Exists("/opt/server-broken/server") {
		t.Error("a program was removed that the next try needs")
	}
	if got := s.converge(s.component("1")); len(got) != 0 {
		t.Errorf("the old wish changes %q", got)
	}
	if got := s.converge(s.component("2")); len(got) != 7 {
		t.Errorf("a good change changes %q", got)
	}
	s.clean()
}

// TestNothingToGoBackTo: what did not run, or was not healthy, stays as it was made, for the next
// run to finish.
func TestNothingToGoBackTo(t *testing.T) {
	for name, before := range map[string]func(s *server){
		"it did not run":     func(s *server) { s.systemd.end(serverUnit) },
		"it was not healthy": func(s *server) { s.url += "/%zz" }, // which no server is asked for
		"it was never started": func(s *server) {
			s.must(os.Remove(s.Path("/etc/systemd/system/" + serverUnit)))
			s.systemd.end(serverUnit)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			before(s)
			err := converge.Converge(t.Context(), s.System, s.component("broken"), nil)
			var rolled *converge.RolledBackError
			if err == nil || errors.As(err, &rolled) {
				t.Errorf("error is %v", err)
			}
			if !strings.Contains(s.get("/etc/systemd/system/"+serverUnit), "broken") || s.Exists(host.UndoDir) {
				t.Errorf("the machine is\n%s", s.snapshot())
			}
		})
	}
}

// TestRollbackOfWhatIsDamaged: a program that was replaced in its place is put back from the host
// itself.
func TestRollbackOfWhatIsDamaged(t *testing.T) {
	s := newServer(t)
	large := strings.Repeat("theirs", resource.ContentLimit)
	s.put("/opt/server-broken/server", large)
	s.must(os.Chmod(s.Path("/opt/server-broken/server"), 0o755))
	var rolled *converge.RolledBackError
	err := converge.Converge(t.Context(), s.System, s.component("broken"), nil)
	if !errors.As(err, &rolled) || rolled.Failed != nil {
		t.Fatalf("error is %v", err)
	}
	if s.get("/opt/server-broken/server") != large {
		t.Error("the program is another")
	}
	s.clean()
}

// TestInterruptedBeforeItsService: what was changed is put back without a restart; the process has
// seen nothing of it.
func TestInterruptedBeforeItsService(t *testing.T) {
	for name, end := range map[string]func(s *server, cancel context.CancelFunc){
		"connection lost": func(_ *server, cancel context.CancelFunc) { cancel() },
		"stopped":         func(s *server, _ context.CancelFunc) { s.Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			pid := s.pid()
			ctx, cancel := context.WithCancel(t.Context())
			err := converge.Converge(ctx, s.System, s.component("2"), func(c resource.Change) {
				if c.ID == "file /etc/server/key" && !c.Back {
					end(s, cancel)
				}
			})
			cancel()
			var rolled *converge.RolledBackError
			if !errors.As(err, &rolled) || fault.Of(err) != "" ||
				!errors.Is(err, context.Canceled) && !errors.Is(err, host.ErrStopped) {
				t.Fatalf("error is %v", err)
			}
			if d := cmp.Diff(s.start, s.state()); d != "" || s.pid() != pid {
				t.Errorf("process %d, was %d:\n%s", s.pid(), pid, d)
			}
			s.clean()
			s.reopen()
			s.converge(s.component("2"))
			s.clean()
		})
	}
}

// TestInterruptedAtItsService: once the service is being changed, it becomes healthy before
// anything ends.
func TestInterruptedAtItsService(t *testing.T) {
	for _, version := range []string{"2", "broken"} {
		t.Run(version, func(t *testing.T) {
			s := newServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			restart := s.fakes["systemctl"]
			s.fakes["systemctl"] = func(argv []string) (string, error) {
				if slices.Contains(argv, "restart") {
					cancel()
				}
				return restart(argv)
			}
			err := converge.Converge(ctx, s.System, s.component(version), nil)
			if !s.runs() {
				t.Errorf("it does not run: %v", err)
			}
			s.clean()
			var rolled *converge.RolledBackError
			switch {
			case version == "2" && !errors.Is(err, context.Canceled): // what comes after is not begun
				t.Errorf("error is %v", err)
			case version == "2" && s.get("/etc/server/admin") != "admin 2":
				t.Error("it was not finished")
			case version == "broken" && (!errors.As(err, &rolled) || rolled.Failed != nil):
				t.Errorf("error is %v", err)
			case version == "broken" && s.state() != s.start:
				t.Error(cmp.Diff(s.start, s.state()))
			}
		})
	}
}

// TestCutOffAnywhere kills the process at each step of a change that is no good, on its way and on
// its way back, and lets the next run either try the same again or have its wish mended. Both leave
// a service that is healthy.
func TestCutOffAnywhere(t *testing.T) {
	for _, wishes := range [][]string{{"broken"}, {"1", "2"}} {
		at := int64(0)
		for cut := true; cut; {
			s := newServer(t)
			if at++; !s.killedAt(at, s.component("broken")) {
				cut = false
				continue
			}
			again := wishes[int(at)%len(wishes)]
			err := converge.Converge(t.Context(), s.System, s.component(again), nil)
			var rolled *converge.RolledBackError
			if again == "broken" && (!errors.As(err, &rolled) || rolled.Failed != nil) ||
				again != "broken" && err != nil {
				t.Errorf("killed at %d, then %s: %v", at, again, err)
			}
			if d := cmp.Diff(s.start, s.state()); again == "broken" && d != "" || !s.runs() {
				t.Errorf("killed at %d, then %s, it is not as before:\n%s", at, again, d)
			}
			s.clean()
			if again == "broken" {
				continue
			}
			if got := s.converge(s.component(again)); len(got) != 0 {
				t.Errorf("killed at %d, then %s, the third run changes %q", at, again, got)
			}
		}
		if at < 100 {
			t.Errorf("it has %d steps only", at)
		}
	}
}

// TestFinishedByItself: a run is killed while it waits for health, and then the service becomes
// healthy. The next change that is no good goes back to that, and not further; unless files were
// changed since, which the process has not seen.
func TestFinishedByItself(t *testing.T) {
	for back, since := range map[string]func(s *server){
		"2": func(*server) {},
		"1": func(s *server) { s.must(resource.OweRestart(s.System, serverUnit)) },
	} {
		s := newServer(t)
		for at := int64(1); ; at++ { // up to where nothing is left to do but to forget
			if !s.killedAt(at, s.component("2")) {
				t.Fatal("it was never killed there")
			}
			if s.Exists(host.UndoDir+"/"+serverUnit+"/found.json") && s.differing(s.component("2")) == 0 {
				break
			}
			s = newServer(t)
		}
		since(s)
		var rolled *converge.RolledBackError
		err := converge.Converge(t.Context(), s.System, s.component("broken"), nil)
		if !errors.As(err, &rolled) || rolled.Failed != nil {
			t.Errorf("error is %v", err)
		}
		key, config := s.get("/etc/server/key"), resource.ConfigOf(s.System, s.pid())
		if key != "s3cret "+back || config != "config-"+back {
			t.Errorf("it went back to %q and %q, want those of %s", key, config, back)
		}
		s.clean()
	}
}

// differing is how many resources are not as wanted.
func (s *server) differing(wanted []resource.Resource) int {
	found, err := converge.Observe(s.t.Context(), s.System, wanted)
	s.must(err)
	n := 0
	for i, w := range wanted {
		if resource.Changed(found[i], w) {
			n++
		}
	}
	return n
}

var errKilled = errors.New("killed")

// killedAt converges in a process that is killed before its nth step: nothing that it does from
// there on happens. It reports whether there was such a step. After it the machine is as another
// session finds it.
func (s *server) killedAt(at int64, wanted []resource.Resource) bool {
	var n atomic.Int64
	s.Around = func(step host.Step, do func() error) error {
		if n.Add(1) >= at {
			s.killed.Store(true)
			return errKilled
		}
		return unsynced(step, do)
	}
	s.Run = func(ctx context.Context, argv ...string) ([]byte, error) {
		if s.killed.Load() {
			return nil, errKilled
		}
		return s.run(ctx, argv...)
	}
	_ = converge.Converge(s.t.Context(), s.System, wanted, nil)
	s.reopen()
	return s.killed.Swap(false)
}

// TestRollbackThatFails: it says so, and what was healthy is remembered until it is again.
func TestRollbackThatFails(t *testing.T) {
	s := newServer(t)
	s.systemd.broken = "version" // nothing starts any more
	err := converge.Converge(t.Context(), s.System, s.component("2"), nil)
	var rolled *converge.RolledBackError
	if !errors.As(err, &rolled) || rolled.Failed == nil || fault.Of(err) != fault.NotRolledBack {
		t.Fatalf("error is %v", err)
	}
	if !strings.HasPrefix(err.Error(), "rolled back, but server.service is not as before: ") {
		t.Errorf("error is %v", err)
	}
	s.systemd.broken = "broken"
	err = converge.Converge(t.Context(), s.System, s.component("broken"), nil)
	if !errors.As(err, &rolled) || rolled.Failed != nil {
		t.Errorf("the next run: %v", err)
	}
	if d := cmp.Diff(s.start, s.state()); d != "" {
		t.Errorf("it is not as before:\n%s", d)
	}
	s.clean()
}

// TestCrashLoop: a changed service that systemd starts again and again is given up long before its
// time is up.
func TestCrashLoop(t *testing.T) {
	m := newMachine(t)
	h := httptest.NewServer(http.NotFoundHandler())
	defer h.Close()
	restarts := 3
	m.fakes["systemctl"] = func([]string) (string, error) {
		restarts++
		const show = "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nMainPID=0\nNRestarts=%d\n"
		return fmt.Sprintf(show, restarts), nil
	}
	m.fakes["journalctl"] = func([]string) (string, error) {
		return string(trial.Journal(t, "unknown flag: "+
			"--nonsense")), nil
	}
	ready := resource.Ready{Name: "server", URL: h.URL, Unit: serverUnit, Crashes: 2, Every: resource.UnitPoll}
	err := ready.Apply(t.Context(), m.System)
	if err == nil ||
		!strings.Contains(err.Error(), "server.service ends again and again: systemd restarted it 2 times") ||
		!strings.Contains(whole(err), "unknown flag: --nonsense") {
		t.Errorf("error is %v", err)
	}
}

// TestEditedByHand: a file is edited and the service started again by hand, both out of our sight.
// The process says that it has the wanted configuration. Putting the file back starts the service
// again, also when the run that does it is cut off in between.
func TestEditedByHand(t *testing.T) {
	edit := func(t *testing.T) *server {
		s := newServer(t)
		s.put("/etc/server/key", "edited")
		s.must(os.Chmod(s.Path("/etc/server/key"), 0o600))
		s.must(s.systemd.start(serverUnit))
		return s
	}
	s := edit(t)
	found, err := converge.Observe(t.Context(), s.System, s.component("1"))
	s.must(err)
	if service := found[5]; service.State() != "enabled\nrunning\nconfig config-1\nolder than what it starts with\n" {
		t.Errorf("found %q", service.State())
	}
	pid := s.pid()
	got := s.converge(s.component("1"))
	if !slices.Equal(got, []string{"file /etc/server/key", "service server.service"}) {
		t.Errorf("it changes %q", got)
	}
	if s.pid() == pid {
		t.Error("the process is the same")
	}
	s.clean()
	if got := s.converge(s.component("1")); len(got) != 0 {
		t.Errorf("again it changes %q", got)
	}

	for at := int64(1); ; at++ {
		s := edit(t)
		pid := s.pid()
		if !s.killedAt(at, s.component("1")) {
			break
		}
		s.converge(s.component("1"))
		if s.pid() == pid {
			t.Errorf("killed at %d, the process is the same", at)
		}
		s.clean()
	}
}

// TestStop ends a wait, and nothing else that is under way.
func TestStop(t *testing.T) {
	m := newMachine(t)
	h := httptest.NewServer(http.NotFoundHandler())
	defer h.Close()
	m.Stop()
	err := converge.Converge(t.Context(), m.System, []resource.Resource{resource.File{Path: "/etc/a"}}, nil)
	if !errors.Is(err, host.ErrStopped) || m.Exists("/etc/a") {
		t.Errorf("after Stop: %v", err)
	}
	m.System = host.NewSystem(m.Root, m.run, m.blob, func(string) { m.Stop() }) // it says that it waits
	wanted := []resource.Resource{resource.File{Path: "/etc/a"}, resource.Ready{Name: "h", URL: h.URL}}
	err = converge.Converge(t.Context(), m.System, wanted, nil)
	if !errors.Is(err, host.ErrStopped) || !m.Exists("/etc/a") {
		t.Errorf("in a wait: %v", err)
	}
}
