package resource

import (
	"context"

	"kbootstrap/host"
)

// Networkd is the tool's own file for systemd-networkd, which tells it what interfaces to leave
// alone: a file of the owner's that matches all of them has networkd take the ends of pods out of
// their bridge when it starts.
type Networkd struct {
	Text   string
	Absent bool
	Unread bool // only in a found value: the networkd that runs has yet to read the file
}

const (
	// NetworkdFile comes before the files of others: networkd takes the first that matches.
	NetworkdFile = "/etc/systemd/network/0-kbootstrap.network"
	networkdUnit = "systemd-networkd.service"
)

// ID is "networkd".
func (n Networkd) ID() string { return "networkd" }

// State shows the file, and whether it has yet to be read.
func (n Networkd) State() string {
	text := ""
	if !n.Absent {
		text = TextLines([]byte(n.Text))
	}
	return States(text, Flag("networkd has yet to read the file", n.Unread))
}

// Observe reads the file.
func (n Networkd) Observe(_ context.Context, sys *host.System) (Resource, error) {
	text, err := sys.Read(NetworkdFile)
	if err != nil {
		return nil, err
	}
	return Networkd{Text: text, Absent: text == "", Unread: sys.Exists(owedReload(networkdUnit))}, nil
}

// Apply writes the file and has a networkd that runs read it. The note that this is owed comes
// first, because nothing else tells a run after one that was cut off in between.
func (n Networkd) Apply(ctx context.Context, sys *host.System) error {
	found, err := n.Observe(ctx, sys)
	if err != nil || found.State() == n.State() {
		return err
	}
	u, err := sys.Unit(ctx, networkdUnit)
	if err != nil {
		return err
	}
	if u.Runs() {
		if err := owe(sys, owedReload(networkdUnit)); err != nil {
			return err
		}
	}
	file := File{Path: NetworkdFile, Content: []byte(n.Text), Absent: n.Absent}
	if err := file.Apply(ctx, sys); err != nil {
		return err
	}
	if u.Runs() {
		if _, err := sys.Change(ctx, "networkctl", "reload"); err != nil {
			return err
		}
	}
	return NotOwed(sys, networkdUnit)
}

// Writes returns the file.
func (n Networkd) Writes() []Write {
	return []Write{{Path: NetworkdFile, Bytes: int64(len(n.Text)), Files: 1}}
}
