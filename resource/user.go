package resource

import (
	"context"

	"kbootstrap/host"
)

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
		return States(Flag("a group without a user", u.OnlyGroup))
	}
	return States("home "+u.home(), Flag("no group of its own", u.NoGroup))
}

func (u User) home() string {
	if u.Home == "" {
		return "/nonexistent"
	}
	return u.Home
}

// Observe reads the host's own databases, not those of a directory service: a system user is local.
func (u User) Observe(_ context.Context, sys *host.System) (Resource, error) {
	user, err := sys.Account("/etc/passwd", u.Name)
	if err != nil {
		return nil, err
	}
	group, err := sys.Account("/etc/group", u.Name)
	if err != nil {
		return nil, err
	}
	if len(user) < 6 {
		return User{Name: u.Name, Absent: group == nil, OnlyGroup: group != nil}, nil
	}
	return User{Name: u.Name, Home: user[5], NoGroup: group == nil}, nil
}

// Apply makes the group, then the user; each may be there from a run that was cut off, or from a
// package.
func (u User) Apply(ctx context.Context, sys *host.System) error {
	user, err := sys.Account("/etc/passwd", u.Name)
	if err != nil {
		return err
	}
	if u.Absent {
		return u.remove(ctx, sys, user != nil)
	}
	group, err := sys.Account("/etc/group", u.Name)
	if err != nil {
		return err
	}
	switch {
	case group == nil && !u.NoGroup:
		err = changeAccounts(ctx, sys, "groupadd", "-r", u.Name)
	case group != nil && u.NoGroup:
		err = changeAccounts(ctx, sys, "groupdel", u.Name)
	}
	if err != nil {
		return err
	}
	if u.OnlyGroup {
		if user == nil {
			return nil
		}
		if err := changeAccounts(ctx, sys, "userdel", u.Name); err != nil {
			return err
		}
		// It may have taken the group with it.
		if group, err = sys.Account("/etc/group", u.Name); err != nil || group != nil {
			return err
		}
		return changeAccounts(ctx, sys, "groupadd", "-r", u.Name)
	}
	if user != nil {
		if len(user) > 5 && user[5] == u.home() {
			return nil
		}
		return changeAccounts(ctx, sys, "usermod", "-d", u.home(), u.Name)
	}
	return changeAccounts(ctx, sys, "useradd", "-r", "-M", "-g", u.Name, "-d", u.home(), "-s", noShell(sys), u.Name)
}

func (u User) remove(ctx context.Context, sys *host.System, there bool) error {
	if there {
		if err := changeAccounts(ctx, sys, "userdel", u.Name); err != nil {
			return err
		}
	}
	// userdel takes the user's own group with it on most hosts, by a setting in /etc/login.defs.
	group, err := sys.Account("/etc/group", u.Name)
	if err != nil || group == nil {
		return err
	}
	return changeAccounts(ctx, sys, "groupdel", u.Name)
}

// changeAccounts runs one of the shadow suite's programs on the System's root.
func changeAccounts(ctx context.Context, sys *host.System, program string, args ...string) error {
	argv := []string{program}
	if sys.Root != "/" && sys.Root != "" {
		argv = append(argv, "--prefix", string(sys.Root))
	}
	_, err := sys.Change(ctx, append(argv, args...)...)
	return err
}

// noShell is the program that refuses a log-in; where it lies differs between the families.
func noShell(sys *host.System) string {
	for _, shell := range []string{"/usr/sbin/nologin", "/sbin/nologin"} {
		if sys.Exists(shell) {
			return shell
		}
	}
	return "/bin/false"
}
