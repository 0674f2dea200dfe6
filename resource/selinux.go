package resource

import (
	"context"
	"strings"

	"kbootstrap/host"
)

// SELinux reports whether SELinux enforces its policy, now and at boot. "permissive", "disabled"
// and a kernel without it are the same to us: nothing is forbidden.
type SELinux struct {
	Mode string // "enforcing" or "permissive"; "" when the kernel has no SELinux
	Boot string // the same at boot, from /etc/selinux/config; "" in a wanted value means Mode
}

// ID is "selinux".
func (s SELinux) ID() string { return "selinux" }

// State shows where the policy is enforced; it is empty when it is not.
func (s SELinux) State() string {
	return States(Flag("enforcing now", s.Mode == enforcing), Flag("enforcing at boot", s.boot() == enforcing))
}

const (
	enforcing  = "enforcing"
	permissive = "permissive"
)

func (s SELinux) boot() string {
	if s.Boot == "" {
		return s.Mode
	}
	return s.Boot
}

const selinuxConfig = "/etc/selinux/config"

// Observe reads the kernel's state and the configuration for the next boot.
func (s SELinux) Observe(_ context.Context, sys *host.System) (Resource, error) {
	enforce, err := sys.Read("/sys/fs/selinux/enforce")
	if err != nil {
		return nil, err
	}
	config, err := sys.Read(selinuxConfig)
	if err != nil {
		return nil, err
	}
	found := SELinux{Boot: permissive}
	switch strings.TrimSpace(enforce) {
	case "1":
		found.Mode = enforcing
	case "0":
		found.Mode = permissive
	}
	for line := range strings.Lines(config) {
		if mode, ok := selinuxLine(line); ok && mode == enforcing {
			found.Boot = enforcing
		}
	}
	return found, nil
}

// Apply changes what differs. A policy that is disabled stays so: it enforces nothing.
func (s SELinux) Apply(ctx context.Context, sys *host.System) error {
	observed, err := s.Observe(ctx, sys)
	if err != nil {
		return err
	}
	found, _ := observed.(SELinux)
	if (found.Boot == enforcing) != (s.boot() == enforcing) {
		if err := s.configure(sys); err != nil {
			return err
		}
	}
	if (found.Mode == enforcing) == (s.Mode == enforcing) {
		return nil
	}
	value := "0"
	if s.Mode == enforcing {
		value = "1"
	}
	_, err = sys.Change(ctx, "setenforce", value)
	return err
}

func (s SELinux) configure(sys *host.System) error {
	config, err := sys.Read(selinuxConfig)
	if err != nil {
		return err
	}
	mode := permissive
	if s.boot() == enforcing {
		mode = enforcing
	}
	var text strings.Builder
	for line := range strings.Lines(config) {
		if _, ok := selinuxLine(line); ok {
			line = "SELINUX=" + mode + "\n"
		}
		text.WriteString(line)
	}
	return sys.Rewrite(selinuxConfig, text.String())
}

// selinuxLine is the mode that a line of the configuration sets.
func selinuxLine(line string) (mode string, ok bool) {
	mode, ok = strings.CutPrefix(strings.TrimSpace(line), "SELINUX=")
	return strings.TrimSpace(mode), ok
}
