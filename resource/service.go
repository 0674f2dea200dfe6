package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/host/surroundings"
)

// Service is a systemd unit: whether it starts at boot, whether it runs, and what it was started
// with.
type Service struct {
	Name    string // with its type: "etcd.service"
	Enabled bool
	Running bool
	// Config is the digest of everything that the service starts with. A running process carries it
	// in its environment, so that a service whose configuration is newer than its process is seen,
	// whenever and by whomever it was changed. It is "" for units that are not ours: a process of
	// ours is then restarted without it.
	Config string
	// Starts are the IDs of the resources that the service starts with. When one of them is
	// changed, the service is started again, also if its Config is the wanted one: a user may have
	// edited the file, started the service, and had the edit taken back by us.
	Starts []string `json:",omitempty"`
	Older  bool     // only in a found value: something that it starts with is about to change, or has since its start
	// Reloads are the IDs of the resources that the running process reads again when it is told to,
	// so that it goes on without a break when they change; they are no part of Config.
	Reloads []string `json:",omitempty"`
	Unread  bool     // only in a found value: one of Reloads is about to change, or has and was not read again
	// Stray is, only in a found value, the command line of a process that carries the wanted
	// Config, and was started with a command that neither its unit nor a drop-in has any more.
	Stray string `json:",omitempty"`
}

// ID is "service NAME".
func (s Service) ID() string { return "service " + s.Name }

// State shows what holds of: enabled, running, and the configuration that the process runs with. A
// unit that is neither enabled nor running has the same state as one that does not exist.
func (s Service) State() string {
	config := ""
	if s.Running {
		config = s.Config
	}
	return States(Flag("enabled", s.Enabled), Flag("running", s.Running), property("config", config),
		Flag("older than what it starts with", s.Running && s.Older),
		Flag("with a configuration that it has yet to read again", s.Running && s.Unread),
		property("started as", s.Stray))
}

const (
	// until a process with the wanted configuration runs; ready is another matter. On three hosts
	// that shared two busy cores units were active for 15 s before their programs had begun.
	startTimeout = 60 * time.Second
	stopTimeout  = 100 * time.Second     // until the one before has ended: systemd kills it after 90 s (TimeoutStopSec)
	startPoll    = 10 * time.Millisecond // a process is there after some 20 ms
	// environmentReads is how often the environment of a process is read until there is one: for
	// two seconds.
	environmentReads = 200
)

// Observe asks systemd, and the process itself for its configuration.
func (s Service) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	u, err := sys.Unit(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	return s.found(sys, u), nil
}

// serviceBatch is the key of all services: one systemctl shows them.
type serviceBatch struct{}

// BatchKey is the same for all services.
func (s Service) BatchKey() any { return serviceBatch{} }

// ObserveAll asks systemd once.
func (s Service) ObserveAll(ctx context.Context, sys *host.System, all []Resource) ([]Resource, error) {
	services := make([]Service, len(all))
	names := make([]string, len(all))
	for i, r := range all {
		services[i], _ = r.(Service)
		names[i] = services[i].Name
	}
	units, err := sys.Units(ctx, names...)
	if err != nil {
		return nil, err
	}
	found := make([]Resource, len(all))
	for i, u := range units {
		found[i] = services[i].found(sys, u)
	}
	return found, nil
}

// Runs returns the unit, and reports whether it runs.
func (s Service) Runs() (unit string, running bool) { return s.Name, s.Running }

// Ended is the same service, not running.
func (s Service) Ended() Resource {
	s.Running = false
	return s
}

// Aged marks the found service as older where something that it starts with differs.
func (s Service) Aged(found Resource, differs func(id string) bool) Resource {
	now, ok := found.(Service)
	if !ok || !now.Running || now.Config != s.Config {
		return found
	}
	now.Older = now.Older || slices.ContainsFunc(s.Starts, differs)
	now.Unread = now.Unread || slices.ContainsFunc(s.Reloads, differs)
	return now
}

// Unmet returns the error of a service that was started, and has crashed since.
func (s Service) Unmet(ctx context.Context, sys *host.System, err error) error {
	if !s.Running {
		return fault.NotAsWanted.Wrap(err)
	}
	return sys.Failed(ctx, fault.ServiceNotStarted, s.Name, host.Crashed, sys.Since(s.Name), err)
}

// Problem says that the service should run, and does not.
func (s Service) Problem(wanted Resource) string {
	if w, ok := wanted.(Service); ok && w.Running && !s.Running {
		return s.ID() + " is not running"
	}
	return ""
}

func (s Service) found(sys *host.System, u host.Unit) Service {
	found := Service{Name: s.Name, Enabled: u.Enabled(), Running: u.Runs()}
	if s.Enabled && !u.CanEnable() {
		found.Enabled = true
	}
	// Who wants it stopped must wait for a process that is still ending, and end one that crashes
	// again and again.
	if !s.Running && (u.State == "deactivating" || u.State == "activating") {
		found.Running = true
	}
	if isTimer(s.Name) {
		// A timer has no process: it goes by what systemd has read of its file.
		found.Older = found.Running && u.Outdated
		return found
	}
	if found.Running {
		found.Config = configOf(sys, u.PID)
		found.Older = s.Config != "" && (sys.Exists(Owed(s.Name)) || s.hasEditedDropIn(sys, found.Config))
		found.Unread = s.Reloads != nil && sys.Exists(owedReload(s.Name))
		found.Stray = s.stray(sys, u.PID, found.Config)
	}
	return found
}

// isTimer reports whether a unit is a timer.
func isTimer(name string) bool { return strings.HasSuffix(name, ".timer") }

// stray is the command line of a process that carries the wanted configuration and was started with
// another command: a drop-in that has gone since replaced it, and left the environment alone.
func (s Service) stray(sys *host.System, pid int, config string) string {
	if s.Config == "" || config != s.Config {
		return ""
	}
	return withoutSecrets(surroundings.StrayCommand(sys, s.Name, pid))
}

// secretWord finds the values of a command line that may be secrets.
var secretWord = regexp.MustCompile(`(?i)(token|passw|secret|key|auth)([a-z-]*)[= ]\S+`)

// withoutSecrets is a command line that may be shown.
func withoutSecrets(command string) string { return secretWord.ReplaceAllString(command, "$1$2=…") }

// hasEditedDropIn reports whether a user wrote more into the tool's own drop-in, or gave it another
// mode, under a process that carries the wanted configuration.
func (s Service) hasEditedDropIn(sys *host.System, config string) bool {
	text, err := sys.Read(s.dropIn())
	return err == nil && config == s.Config && text != "" && !s.isDropIn(sys, text)
}

// dropInMode is the mode of the tool's own drop-in, as that of its units: the CIS Kubernetes
// Benchmark asks for it (1.1.1).
const dropInMode = 0o600

// isDropIn reports whether the tool's own drop-in, which has a text, is as the tool writes it.
func (s Service) isDropIn(sys *host.System, text string) bool {
	info, err := os.Stat(sys.Path(s.dropIn()))
	return err == nil && info.Mode().Perm() == dropInMode && text == s.dropInText()
}

// configOf reads the configuration that a process was started with; "" when it does not tell.
func configOf(sys *host.System, pid int) string {
	if pid == 0 {
		return ""
	}
	// A process that has just ended is one without a configuration. One that starts another program
	// in its place, as HAProxy does when it is reloaded, has no environment for a moment.
	name, environment := "/proc/"+strconv.Itoa(pid)+"/environ", ""
	for range environmentReads {
		var err error
		if environment, err = sys.Read(name); err != nil || environment != "" || !sys.Exists(name) {
			break
		}
		<-time.After(startPoll)
	}
	for entry := range strings.SplitSeq(environment, "\x00") {
		if value, ok := strings.CutPrefix(entry, surroundings.ConfigVariable+"="); ok {
			return value
		}
	}
	return ""
}

// Apply stops, disables, enables, starts or restarts, whatever is needed. It does not wait until
// the service is ready.
func (s Service) Apply(ctx context.Context, sys *host.System) error {
	if !s.Running {
		if err := s.stop(ctx, sys); err != nil {
			return err
		}
	}
	if err := s.oweForDropIn(ctx, sys); err != nil {
		return err
	}
	// The drop-in goes to the disk before systemd is asked: a unit that it has not read yet, it
	// then reads whole.
	if err := s.writeDropIn(sys); err != nil {
		return err
	}
	u, err := sys.Unit(ctx, s.Name)
	if err != nil {
		return err
	}
	enabling := s.Enabled != u.Enabled() && (!s.Enabled || u.CanEnable())
	if enabling {
		if err := s.enable(ctx, sys); err != nil {
			return err
		}
	}
	if u.Stale(s.dropIn(), s.Config != "") {
		if _, err := sys.Change(ctx, "systemctl", "daemon-reload"); err != nil {
			return err
		}
	}
	if s.Running {
		if err := s.start(ctx, sys, u); err != nil {
			return err
		}
	}
	if !enabling {
		return nil
	}
	return s.checkEnabled(ctx, sys)
}

// ProxyDropIn is the path of the file that tells a unit which pulls images of a proxy.
func ProxyDropIn(unit string) string { return surroundings.ProxyDropIn(unit) }

// dropIn is the file that puts the configuration's digest into the environment of the process.
func (s Service) dropIn() string { return surroundings.OwnDropIn(s.Name) }

func (s Service) dropInText() string {
	return "[Service]\nEnvironment=" + surroundings.ConfigVariable + "=" + s.Config + "\n"
}

// oweForDropIn notes that the process may have been started with more than the tool's own drop-in
// says, before what tells of it is overwritten.
func (s Service) oweForDropIn(ctx context.Context, sys *host.System) error {
	if text, err := sys.Read(s.dropIn()); err != nil || s.Config == "" || text == "" || s.isDropIn(sys, text) {
		return err
	}
	u, err := sys.Unit(ctx, s.Name)
	if err != nil || !u.Runs() || !s.hasEditedDropIn(sys, configOf(sys, u.PID)) {
		return err
	}
	return OweRestart(sys, s.Name)
}

func (s Service) writeDropIn(sys *host.System) error {
	name := s.dropIn()
	if s.Config == "" {
		if err := sys.RemoveFile(sys.Path(name)); err != nil {
			return err
		}
		sys.RemoveEmpty(sys.Path(filepath.Dir(name)))
		return nil
	}
	text := s.dropInText()
	if was, err := sys.Read(name); err != nil || s.isDropIn(sys, was) {
		return err
	}
	return sys.WriteOwn(sys.Path(name), []byte(text), dropInMode)
}

func (s Service) stop(ctx context.Context, sys *host.System) error {
	u, err := sys.Unit(ctx, s.Name)
	if err != nil || !s.found(sys, u).Running {
		return err
	}
	if _, err = sys.Change(ctx, "systemctl", "stop", s.Name); err != nil {
		return err
	}
	// One that had to be killed, as an API server without etcd, has failed; what waits for it later
	// would take it for hopeless.
	if u, err = sys.Unit(ctx, s.Name); err == nil && u.State == "failed" {
		_, err = sys.Change(ctx, "systemctl", "reset-failed", s.Name)
	}
	if err != nil {
		return err
	}
	return NotOwed(sys, s.Name)
}

// start starts the unit, or restarts it when its process has another configuration or is older than
// what it starts with, and waits for the process.
func (s Service) start(ctx context.Context, sys *host.System, u host.Unit) error {
	older := s.Config != "" && sys.Exists(Owed(s.Name))
	if s.converged(sys, u) && !older {
		return s.reload(ctx, sys)
	}
	before := u.PID
	if u.State == "failed" {
		// Without this a unit that has crashed too often is not started.
		if _, err := sys.Change(ctx, "systemctl", "reset-failed", s.Name); err != nil {
			return err
		}
	}
	verb := "start"
	if u.Runs() || u.State == "activating" {
		verb = "restart"
	}
	// Without waiting: etcd counts as started only when its peers are, and those may be started
	// after this. And without the order of a boot, which would hold this start until the units
	// before it are ready: what it truly needs was done before.
	argv := []string{"systemctl", "--no-block", "--job-mode=ignore-dependencies", verb, s.Name}
	sys.Touch(s.Name)
	if _, err := sys.Change(ctx, argv...); err != nil {
		return err
	}
	if err := s.await(ctx, sys, before); err != nil || !older && !sys.Exists(owedReload(s.Name)) {
		return err
	}
	return NotOwed(sys, s.Name)
}

func (s Service) converged(sys *host.System, u host.Unit) bool {
	config := configOf(sys, u.PID)
	return u.Runs() && config == s.Config && s.stray(sys, u.PID, config) == ""
}

// await polls until another process than the one before runs with the wanted configuration.
func (s Service) await(ctx context.Context, sys *host.System, before int) error {
	deadline, cancel := context.WithTimeout(ctx, stopTimeout+startTimeout)
	defer cancel()
	begin := time.Now()
	stopped := begin
	var last host.Unit
	err := host.Poll(deadline, startPoll, func() (bool, error) {
		u, err := sys.Unit(deadline, s.Name)
		if err != nil {
			return false, err
		}
		last = u
		if u.Load != "loaded" {
			return false, fmt.Errorf("systemd has no such unit: %s", u.Load)
		}
		if u.FailedForGood() {
			return false, errors.New("it failed")
		}
		if u.State == "deactivating" {
			stopped = time.Now()
		} else if time.Since(stopped) > startTimeout {
			return false, context.DeadlineExceeded
		}
		return s.converged(sys, u) && (u.PID != before || before == 0), nil
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	wanted := "a process"
	if s.Config != "" {
		wanted = "a process with configuration " + s.Config
	}
	err = fmt.Errorf("waited %s for %s, and it is %s (%s): %w", time.Since(begin).Round(time.Millisecond),
		wanted, last.State, last.Sub, err)
	return sys.Failed(ctx, fault.ServiceNotStarted, s.Name, host.Crashed, sys.Since(s.Name), err)
}
