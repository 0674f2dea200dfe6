package checkup

import (
	"fmt"
	"time"

	"kbootstrap/provision/preflight"
)

// clocks judges the clocks of the hosts as preflight does.
func clocks(s Scene) (string, []Problem) {
	var scene preflight.Scene
	scene.Cluster = s.Cluster
	var least, most time.Duration // the control machine's own is 0
	for _, h := range s.Hosts {
		if !h.Reached {
			continue
		}
		scene.Hosts = append(scene.Hosts, preflight.Host{Host: h.Host, Clock: h.Clock})
		least, most = min(least, h.Clock.Offset), max(most, h.Clock.Offset)
	}
	if scene.Hosts == nil {
		return "", nil
	}
	var found []Problem
	for _, f := range preflight.ClockSkew(scene) {
		p := Problem{
			Level: Broken, Host: f.Hosts[0], Text: "the clock is " + f.Evidence,
			Hint: "timedatectl on the host: nodes, leases and certificates go by the clock",
		}
		switch f.Level {
		case preflight.OK:
			continue
		case preflight.Warn:
			p.Level = Warning
		}
		found = append(found, p)
	}
	return fmt.Sprintf("%d within %s of each other", len(scene.Hosts)+1, apart(most-least)), found
}

// apart is how far clocks are apart, as far as that can be measured over a network.
func apart(d time.Duration) string {
	if d < time.Second {
		return "1s"
	}
	return d.Round(time.Second).String()
}
