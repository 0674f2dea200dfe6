package resource

import (
	"context"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// HostNames are the tool's own lines in /etc/hosts, by which the programs of a host find others
// without DNS. They come first, so that they win over the lines of others, which stay.
type HostNames struct {
	Names  []HostName
	Absent bool // there is none
}

// HostName is a line: a name, and the address that it stands for.
type HostName struct{ Name, Address string }

// HostsFile is the table of names that every program reads before it asks a DNS server.
const HostsFile = "/etc/hosts"

// ownLine is the comment of the tool's own lines.
const ownLine = "# kbootstrap"

// ID is "names in /etc/hosts".
func (n HostNames) ID() string { return "names in " + HostsFile }

// State lists the lines.
func (n HostNames) State() string {
	if n.Absent {
		return ""
	}
	var lines []string
	for _, name := range n.Names {
		lines = append(lines, name.Address+" "+name.Name)
	}
	return States(lines...)
}

// Observe reads the tool's own lines.
func (n HostNames) Observe(_ context.Context, sys *host.System) (Resource, error) {
	text, err := sys.Read(HostsFile)
	if err != nil {
		return nil, err
	}
	found := HostNames{}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); isOwnLine(line) && len(words) > 1 {
			found.Names = append(found.Names, HostName{Name: words[1], Address: words[0]})
		}
	}
	found.Absent = found.Names == nil
	return found, nil
}

// isOwnLine reports whether a line is one of the tool's.
func isOwnLine(line string) bool { return strings.HasSuffix(strings.TrimSpace(line), ownLine) }

// Apply writes the file with other lines of the tool's own.
func (n HostNames) Apply(ctx context.Context, sys *host.System) error {
	before, err := sys.Read(HostsFile)
	if err != nil {
		return err
	}
	var after strings.Builder
	if !n.Absent {
		for _, name := range n.Names {
			after.WriteString(name.Address + " " + name.Name + " " + ownLine + "\n")
		}
	}
	theirs := slices.DeleteFunc(slices.Collect(strings.Lines(before)), isOwnLine)
	after.WriteString(strings.Join(theirs, ""))
	if after.String() == before {
		return nil
	}
	found, err := File{Path: HostsFile}.Observe(ctx, sys)
	if err != nil {
		return err
	}
	file, _ := found.(File)
	if file.Target != "" {
		return fault.PathOccupied.Errorf("%s: is not a regular file but a link to %s", HostsFile, file.Target)
	}
	file.Content, file.Absent = []byte(after.String()), false
	return file.Apply(ctx, sys)
}

// Writes returns the file; a content is written next to the one that it replaces.
func (n HostNames) Writes() []Write { return []Write{{Path: HostsFile, Bytes: 4 << 10, Files: 1}} }
