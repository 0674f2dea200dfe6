package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Firewalld is what the tool has in firewalld: a zone of the interfaces of pods, from which all is
// accepted, and two policies that accept what is sent to the host and to the pods. Policies hold
// next to the zones of the host's owner, which stay as they are; firewalld has them from 0.9 on
// (https://firewalld.org/2020/09/policy-objects-introduction).
type Firewalld struct {
	Interfaces []string            // "cni0"
	Sets       map[string][]string // the addresses of each set: "hosts" to "192.168.56.11", …
	ToHost     []Opening
	ToPods     []Opening
	Absent     bool
	// Restarts are the services whose rules of iptables a reload flushes, whichever backend
	// firewalld has (seen with 1.3 and nftables). They are restarted if they run.
	Restarts []string
	// Strange are, only in a found value, the rules and files that are not like any of the tool's.
	Strange []string `json:",omitempty"`
}

// An Opening is what a firewall accepts.
type Opening struct {
	Set     string // the name of the set of addresses that it is from; or
	Network string // the network; with neither it is from anywhere
	IPv6    bool   // the set or the network is one of IPv6
	// Ports is a port, or a range such as "30000-32767", of Protocol; "" means all that is sent.
	Ports    string
	Protocol string
}

// The names of the tool's objects. A zone and a policy cannot have the same.
const (
	firewalldZone   = "kbootstrap"
	firewalldToHost = "kbootstrap-host"
	firewalldToPods = "kbootstrap-pods"
	firewalldDir    = "/etc/firewalld/"
)

// FirewalldZoneFile is there as long as the tool has something in firewalld.
const FirewalldZoneFile = firewalldDir + "zones/" + firewalldZone + ".xml"

// ID is "firewalld".
func (f Firewalld) ID() string { return "firewalld" }

// State lists what is accepted, and by whom.
func (f Firewalld) State() string {
	if f.Absent {
		return ""
	}
	var lines []string
	for _, name := range f.Interfaces {
		lines = append(lines, "all from "+name)
	}
	for name, addresses := range f.Sets {
		for _, a := range addresses {
			lines = append(lines, "address of "+name+" "+a)
		}
	}
	for _, o := range f.ToHost {
		lines = append(lines, "to the host "+o.String())
	}
	for _, o := range f.ToPods {
		lines = append(lines, "to pods "+o.String())
	}
	lines = append(lines, f.Strange...)
	slices.Sort(lines)
	return States(lines...)
}

// String shows an opening: "30000-32767/tcp", "10250/tcp from control-plane".
func (o Opening) String() string {
	text := "all"
	if o.Ports != "" {
		text = o.Ports + "/" + o.Protocol
	}
	if from := cmp.Or(o.Set, o.Network); from != "" {
		text += " from " + from
	}
	return text
}

// Observe asks the firewalld that runs what it has loaded, and compares the files that it will load
// next.
func (f Firewalld) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found, running, err := f.loaded(ctx, sys)
	if err != nil {
		return nil, err
	}
	files, err := f.present(sys)
	if err != nil {
		return nil, err
	}
	wanted := f.files()
	if !running && maps.Equal(files, wanted) {
		return f, nil // a firewalld that starts loads them
	}
	// What was loaded comes from files, unless a user has changed one of the two since.
	source := found.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] != wanted[name] && files[name] != source[name] {
			found.Strange = append(found.Strange, "file "+name+" is not what is loaded")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(source)) {
		if _, there := files[name]; !there {
			found.Strange = append(found.Strange, "file "+name+" is missing")
		}
	}
	found.Absent = found.Absent && len(found.Strange) == 0
	return found, nil
}

// Apply writes the files, has firewalld check them, and has it load them.
func (f Firewalld) Apply(ctx context.Context, sys *host.System) error {
	if len(f.Strange) > 0 {
		return errors.New("rules of firewalld that the tool does not know cannot be put back")
	}
	found, err := f.Observe(ctx, sys)
	if err != nil || found.State() == f.State() {
		return err
	}
	before, err := f.present(sys)
	if err != nil {
		return err
	}
	if err := f.write(sys, before, f.files()); err != nil {
		return err
	}
	running, err := f.isRunning(ctx, sys)
	if err != nil || !running {
		return err
	}
	// A firewalld that cannot load its files drops everything. It never gets so far.
	if _, err := sys.Change(ctx, "firewall-cmd", "--check-config"); err != nil {
		return errors.Join(err, f.write(sys, f.files(), before))
	}
	if _, err := sys.Change(ctx, "firewall-cmd", "--reload"); err != nil {
		return err
	}
	return f.restart(ctx, sys)
}

// restart restarts the services that run. On a new host they come later in the same plan.
func (f Firewalld) restart(ctx context.Context, sys *host.System) error {
	if len(f.Restarts) == 0 {
		return nil
	}
	units, err := sys.Units(ctx, f.Restarts...)
	if err != nil {
		return err
	}
	for i, unit := range units {
		if !unit.Active {
			continue
		}
		if _, err := sys.Change(ctx, "systemctl", "--no-block", "try-restart", f.Restarts[i]); err != nil {
			return err
		}
	}
	return nil
}

// write makes the files of the tool those that are wanted. Their directories stay: they are those
// of firewalld's package.
func (f Firewalld) write(sys *host.System, before, wanted map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, kept := wanted[name]; !kept {
			if err := sys.RemoveFile(sys.Path(name)); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if before[name] == wanted[name] {
			continue
		}
		if err := sys.WriteOwn(sys.Path(name), []byte(wanted[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// present are the files of the tool that are there.
func (f Firewalld) present(sys *host.System) (map[string]string, error) {
	found := map[string]string{}
	for _, kind := range []string{"zones", "policies", "ipsets"} {
		names, err := filepath.Glob(sys.Path(firewalldDir + kind + "/" + firewalldZone + "*.xml"))
		if err != nil {
			return nil, err
		}
		for _, file := range names {
			name := firewalldDir + kind + "/" + filepath.Base(file)
			if found[name], err = sys.Read(name); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// files are those that firewalld reads, as firewalld.zone(5), firewalld.policy(5) and
// firewalld.ipset(5) have them.
func (f Firewalld) files() map[string]string {
	if f.Absent {
		return nil
	}
	const head = `<?xml version="1.0" encoding="utf-8"?>` + "\n<!-- written by kbootstrap -->\n"
	files := map[string]string{}
	var zone strings.Builder
	for _, name := range f.Interfaces {
		fmt.Fprintf(&zone, "  <interface name=%q/>\n", name)
	}
	files[FirewalldZoneFile] = head + "<zone target=\"ACCEPT\">\n" + zone.String() + "</zone>\n"
	for name, to := range map[string]struct {
		zone     string
		openings []Opening
	}{firewalldToHost: {"HOST", f.ToHost}, firewalldToPods: {firewalldZone, f.ToPods}} {
		var rules strings.Builder
		for _, o := range to.openings {
			rules.WriteString("  " + o.element() + "\n")
		}
		files[firewalldDir+"policies/"+name+".xml"] = head + "<policy target=\"CONTINUE\" priority=\"-10\">\n" +
			"  <ingress-zone name=\"ANY\"/>\n  <egress-zone name=\"" + to.zone + "\"/>\n" +
			rules.String() + "</policy>\n"
	}
	for name, addresses := range f.Sets {
		var entries strings.Builder
		for _, a := range addresses {
			entries.WriteString("  <entry>" + a + "</entry>\n")
		}
		option := ""
		if slices.ContainsFunc(addresses, isIPv6) {
			option = "  <option name=\"family\" value=\"inet6\"/>\n"
		}
		files[firewalldDir+"ipsets/"+setName(name)+".xml"] = head + "<ipset type=\"hash:ip\">\n" + option +
			entries.String() + "</ipset>\n"
	}
	return files
}

// setName is the name that a set has in firewalld.
func setName(name string) string { return firewalldZone + "-" + name }

// isIPv6 reports whether an address or a network is one of IPv6.
func isIPv6(address string) bool { return strings.Contains(address, ":") }
