package checkup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// network counts the hosts on which all components of the pod network are healthy.
func network(s Scene) (string, []Problem) {
	has, well, unknown := 0, 0, 0
	for _, h := range s.Hosts {
		part := slices.DeleteFunc(slices.Clone(h.Components), func(c Component) bool { return c.Area != Network })
		if len(part) == 0 {
			continue
		}
		has++
		switch {
		case !slices.ContainsFunc(part, func(c Component) bool { return c.Problem != "" }):
			well++
		case !slices.ContainsFunc(part, func(c Component) bool { return c.Problem != "" && !c.Unknown }):
			unknown++
		}
	}
	if has == 0 {
		return "", nil
	}
	text := fmt.Sprintf("%d of %d hosts", well, has)
	if unknown > 0 {
		text += fmt.Sprintf(", %d not known", unknown)
	}
	return text, nil
}

// hosts judges what each host tells of itself: whether it answers, its components, and its units.
func hosts(s Scene) (string, []Problem) {
	var found []Problem
	for _, h := range s.Hosts {
		if h.Error != "" {
			p := Problem{Level: Broken, Host: h.Name, Text: h.Error, Unreached: !h.Reached}
			if p.Text = strings.TrimPrefix(p.Text, h.Name+": "); p.Unreached {
				p.Text = "not reached: " + p.Text
				p.Hint = "nothing is known of this host; is it on, and does ssh get there?"
			}
			found = append(found, p)
		}
		for _, c := range h.Components {
			if c.Problem == "" || c.Unknown || s.explains(h, c) {
				continue
			}
			p := Problem{Level: Broken, Area: c.Area, Host: h.Name, Text: c.Name + ": " + c.Problem,
				Hint: "`kbootstrap plan` shows what differs, `kbootstrap up` mends it"}
			if c.Unit != "" {
				p.Hint = journal(c.Unit) + "; `kbootstrap up` mends it"
			}
			found = append(found, p)
		}
		for _, s := range h.Checkup.Starts {
			if p, bad := restarts(h, s); bad {
				found = append(found, p)
			}
			if p, bad := Unstarted(h.Name, s); bad {
				found = append(found, p)
			}
		}
	}
	return "", found
}

// explains reports whether another rule tells the cause of a component's problem, and better than
// the component: that etcd is not healthy because of an alarm, for instance, and not for want of a
// quorum. Whether a service runs at all is for the component to say.
func (s Scene) explains(h Host, c Component) bool {
	if c.Unit != "" && strings.HasSuffix(c.Problem, "is not running") {
		return false
	}
	told, ok := s.api()
	switch v := h.Checkup.Vitals; c.Name {
	case component.Etcd:
		return v.Etcd != nil && (v.Etcd.Error != "" || v.Etcd.Leader == "" || len(v.Etcd.Alarms) > 0)
	case component.APIServer:
		return v.API != nil && v.API.Error != ""
	case component.DNSDeployment:
		return ok && (told.Pods == nil || told.Pods.Ready < told.Pods.Wanted)
	}
	isWell := func(n api.NodeVitals) bool { return n.Name == h.Name && n.Ready && n.Wrong == nil }
	return ok && strings.HasPrefix(c.Problem, "node "+h.Name+" is ") && !slices.ContainsFunc(told.Nodes, isWell)
}

// journal is where a unit tells more.
func journal(unit string) string {
	return "journalctl -u " + strings.TrimSuffix(unit, ".service") + " on the host"
}

const (
	// crashLoop is how often systemd has to have restarted a unit, and crashLately how young its
	// process is, until it crashes again and again; see docs/decisions.
	crashLoop   = 5
	crashLately = time.Minute
	// restartLately is how long a restart is worth a warning.
	restartLately = 10 * time.Minute
)

// restarts judges a unit that systemd had to start again. One that has no process is the problem of
// its component.
func restarts(h Host, r host.Starts) (Problem, bool) {
	p := Problem{
		Level: Warning, Host: h.Name, Hint: journal(r.Unit),
		Text: fmt.Sprintf("systemd had to start %s again, the last time %s ago (%d)", r.Unit, span(r.Ago), r.Count),
	}
	switch {
	case r.Count == 0 || r.Ago == 0 || r.Ago > restartLately:
		return p, false
	case r.Count >= crashLoop && r.Ago < crashLately:
		p.Level = Broken
		p.Text = fmt.Sprintf("%s crashes again and again: %d times, the last time %s ago", r.Unit, r.Count, span(r.Ago))
	}
	return p, true
}

// startLong is how long a start may take without a word: no unit of the tool needs that on a busy
// host, once what it needs is there.
const startLong = 30 * time.Second

// Unstarted judges a unit of a host whose start does not come to its end, although its process may
// be there and answer: systemd holds back what comes after it, and at the next boot so much longer.
func Unstarted(name string, s host.Starts) (Problem, bool) {
	hint := "`systemctl list-jobs` and `systemctl status " + s.Unit + "` on the host"
	switch {
	case s.Starting >= startLong:
		text := fmt.Sprintf("systemd has been starting %s for %s, and the start does not come to its end", s.Unit,
			span(s.Starting))
		return Problem{Level: Warning, Host: name, Text: text, Hint: hint}, true
	case s.Waiting >= startLong:
		text := s.Unit + " does not run, and its start waits in systemd's queue for that of another unit"
		return Problem{Level: Warning, Host: name, Text: text, Hint: hint}, true
	}
	return Problem{}, false
}
