package resource

import "context"

// User is a system user with a group of its own and no shell.
type User struct {
	Name   string
	Home   string // the directory is not made; "" means /nonexistent
	Absent bool

	NoGroup   bool // only in a found value: the user is there, without a group of the same name
	OnlyGroup bool // only in a found value: the group is there, without a user
}

// ID is "user NAME".
func (u User) ID() string { return "user " + u.Name }

// State shows the home directory.
func (u User) State() string {
	if u.Absent || u.OnlyGroup {
		return states(flag("a group without a user", u.OnlyGroup))
	}
	return states("home "+u.home(), flag("no group of its own", u.NoGroup))
}

func (u User) home() string {
	if u.Home == "" {
		return "/nonexistent"
	}
	return u.Home
}

// Observe reads the host's own databases, not those of a directory service: a system user is local.
func (u User) Observe(_ context.Context, sys *System) (Resource, error) {
	user, err := sys.account("/etc/passwd", u.Name)
	if err != nil {
		return nil, err
	}
	group, err := sys.account("/etc/group", u.Name)
	if err != nil {
		return nil, err
	}
	if len(user) < 6 {
		return User{Name: u.Name, Absent: group == nil, OnlyGroup: group != nil}, nil
	}
	return User{Name: u.Name, Home: user[5], NoGroup: group == nil}, nil
}

// Apply makes the group, then the user; each may be there from a run that was cut off, or from a package.
func (u User) Apply(ctx context.Context, sys *System) error {
	user, err := sys.account("/etc/passwd", u.Name)
	if err != nil {
		return err
	}
	if u.Absent {
		return u.remove(ctx, sys, user != nil)
	}
	group, err := sys.account("/etc/group", u.Name)
	if err != nil {
		return err
	}
	switch {
	case group == nil && !u.NoGroup:
		err = sys.accounts(ctx, "groupadd", "-r", u.Name)
	case group != nil && u.NoGroup:
		err = sys.accounts(ctx, "groupdel", u.Name)
	}
	if err != nil {
		return err
	}
	if u.OnlyGroup {
		if user == nil {
			return nil
		}
		if err := sys.accounts(ctx, "userdel", u.Name); err != nil {
			return err
		}
		// It may have taken the group with it.
		if group, err = sys.account("/etc/group", u.Name); err != nil || group != nil {
			return err
		}
		return sys.accounts(ctx, "groupadd", "-r", u.Name)
	}
	if user != nil {
		if len(user) > 5 && user[5] == u.home() {
			return nil
		}
		return sys.accounts(ctx, "usermod", "-d", u.home(), u.Name)
	}
	return sys.accounts(ctx, "useradd", "-r", "-M", "-g", u.Name, "-d", u.home(), "-s", sys.noShell(), u.Name)
}

func (u User) remove(ctx context.Context, sys *System, there bool) error {
	if there {
		if err := sys.accounts(ctx, "userdel", u.Name); err != nil {
			return err
		}
	}
	// userdel takes the user's own group with it on most hosts, by a setting in /etc/login.defs.
	group, err := sys.account("/etc/group", u.Name)
	if err != nil || group == nil {
		return err
	}
	return sys.accounts(ctx, "groupdel", u.Name)
}

// accounts runs one of the shadow suite's programs on the System's root.
func (s *System) accounts(ctx context.Context, program string, args ...string) error {
	argv := []string{program}
	if s.Root != "/" && s.Root != "" {
		argv = append(argv, "--prefix", s.Root)
	}
	_, err := s.change(ctx, append(argv, args...)...)
	return err
}

// noShell is the program that refuses a log-in; where it lies differs between the families.
func (s *System) noShell() string {
	for _, shell := range []string{"/usr/sbin/nologin", "/sbin/nologin"} {
		if s.exists(shell) {
			return shell
		}
	}
	return "/bin/false"
}
