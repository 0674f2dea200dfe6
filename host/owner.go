package host

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"kbootstrap/internal/posix"
)

// Ids are the numbers of an owner such as "etcd:etcd", by the host's own /etc/passwd and
// /etc/group: those of the machine that this process runs on may be others.
func (r Root) Ids(owner string) (uid, gid int, err error) {
	if owner == "" {
		owner = "root:root"
	}
	user, group, found := strings.Cut(owner, ":")
	if !found {
		group = user
	}
	if uid, err = r.id("/etc/passwd", user); err != nil {
		return 0, 0, fmt.Errorf("user %w", err)
	}
	if gid, err = r.id("/etc/group", group); err != nil {
		return 0, 0, fmt.Errorf("group %w", err)
	}
	return uid, gid, nil
}

func (r Root) id(database, name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil {
		return n, nil
	}
	entry, err := r.Account(database, name)
	if err != nil {
		return 0, err
	}
	switch {
	case entry != nil:
		return strconv.Atoi(entry[2])
	case name == "root":
		return 0, nil
	}
	return 0, fmt.Errorf("%s: not in %s", name, database)
}

// Account is the line of a user or a group, split at its colons; nil when there is none.
func (r Root) Account(database, name string) ([]string, error) {
	return findAccount(r, database, func(fields []string) bool { return fields[0] == name })
}

func findAccount(root Root, database string, is func(fields []string) bool) ([]string, error) {
	text, err := root.Read(database)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); len(fields) > 2 && is(fields) {
			return fields, nil
		}
	}
	return nil, nil
}

// OwnerOf names the owner of a file that was found. It is spelled as the wanted one when the two
// are the same, since "etcd:etcd" and "999:999" may be.
func (r Root) OwnerOf(info fs.FileInfo, wanted string) (string, error) {
	stat, ok := posix.StatOf(info)
	if !ok {
		return "", fmt.Errorf("%s: no owner", info.Name())
	}
	if uid, gid, err := r.Ids(wanted); err == nil && uid == stat.UID && gid == stat.GID {
		return wanted, nil
	}
	user, err := nameOf(r, "/etc/passwd", stat.UID)
	if err != nil {
		return "", err
	}
	group, err := nameOf(r, "/etc/group", stat.GID)
	return user + ":" + group, err
}

func nameOf(root Root, database string, id int) (string, error) {
	number := strconv.Itoa(id)
	entry, err := findAccount(root, database, func(fields []string) bool { return fields[2] == number })
	switch {
	case err != nil:
		return "", err
	case entry != nil:
		return entry[0], nil
	case id == 0:
		return "root", nil
	}
	return number, nil
}
