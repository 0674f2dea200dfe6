package verify

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
)

// What is shown of a failure, at most.
const (
	suspectHosts = 6
	suspectPods  = 4
	podEvents    = 4
)

// hostState is what a host shows of itself.
type hostState struct {
	inventory.Host
	Network host.Network
	Stopped []string // services of the cluster that do not run
}

// clues are what causes are found by.
type clues struct {
	check    Check
	failures []Failure
	cluster  *inventory.Cluster
	hosts    []hostState          // those that may be to blame
	nodes    map[string]nodeState // nil if the API does not tell
	away     []string             // hosts that the tool did not reach
}

// explain gathers what the hosts and pods of the failures show, and what it probably means.
func explain(ctx context.Context, s *Scene, o *Outcome) {
	c := clues{check: o.Check, failures: o.Failures, cluster: s.Cluster}
	var unseen []string
	c.hosts, unseen = s.look(ctx, suspects(s.Cluster, o.Failures))
	if nodes, err := s.nodes(ctx); err == nil {
		c.nodes = nodes
	}
	for _, h := range s.Cluster.Hosts {
		if s.Unreached[h.Name] != nil {
			c.away = append(c.away, h.Name)
		}
	}
	o.Causes = causesOf(c)
	for _, p := range suspectedPods(o.Failures) {
		o.Evidence = append(o.Evidence, s.tellOfPod(ctx, p)...)
	}
	for _, h := range c.hosts {
		o.Evidence = append(o.Evidence, tellOfHost(h)...)
	}
	o.Evidence = append(o.Evidence, unseen...)
}

// suspects are the hosts that failures name, those that most name first; of a failure that names
// none, the control planes.
func suspects(c *inventory.Cluster, failures []Failure) []string {
	count := map[string]int{}
	for _, f := range failures {
		for _, h := range append(f.Hosts, f.Host) {
			if h != "" {
				count[h]++
			}
		}
	}
	var names []string
	for _, h := range c.Hosts {
		if count[h.Name] > 0 {
			names = append(names, h.Name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return count[b] - count[a] })
	names = names[:min(len(names), suspectHosts)]
	for _, h := range c.With(inventory.ControlPlane) {
		if !slices.Contains(names, h.Name) {
			names = append(names, h.Name)
		}
	}
	return names
}

// look asks hosts how they send packets on. What could not be seen is told as such.
func (s *Scene) look(ctx context.Context, names []string) (seen []hostState, unseen []string) {
	states := make([]*hostState, len(names))
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		if !slices.Contains(s.Reached, name) {
			continue
		}
		all.Go(func() {
			network, stopped, err := s.World.Look(ctx, name)
			h, _ := s.Cluster.Host(name)
			states[i], errs[i] = &hostState{h, network, stopped}, err
		})
	}
	all.Wait()
	for i, name := range names {
		switch {
		case errs[i] != nil:
			unseen = append(unseen, name+": not looked at: "+human.OneLine(errs[i].Error()))
		case states[i] == nil:
			unseen = append(unseen, name+": not looked at: the host was not reached")
		default:
			seen = append(seen, *states[i])
		}
	}
	return seen, unseen
}

// suspectedPods are the first pods that failures name.
func suspectedPods(failures []Failure) []string {
	var names []string
	for _, f := range failures {
		for _, p := range f.Pods {
			if p != "" && !slices.Contains(names, p) {
				names = append(names, p)
			}
		}
	}
	return names[:min(len(names), suspectPods)]
}

// tellOfPod is the last events of a pod and the last lines that it wrote.
func (s *Scene) tellOfPod(ctx context.Context, pod string) []string {
	var lines []string
	var list struct {
		Items []struct{ Type, Reason, Message string }
	}
	about := url.QueryEscape("involvedObject.kind=Pod,involvedObject.name=" + pod)
	if err := s.get(ctx, s.path("events")+"?fieldSelector="+about, &list); err == nil {
		events := list.Items[max(0, len(list.Items)-podEvents):]
		for _, e := range events {
			lines = append(lines, fmt.Sprintf("pod %s: %s: %s", pod, e.Reason, human.OneLine(e.Message)))
		}
	}
	if text, err := s.log(ctx, pod, logEnd); err == nil {
		for line := range strings.Lines(text) {
			lines = append(lines, fmt.Sprintf("pod %s wrote: %s", pod, shortened(strings.TrimSpace(line))))
		}
	}
	return lines
}

// tellOfHost is how a host sends packets on.
func tellOfHost(h hostState) []string {
	n := h.Network
	lines := []string{fmt.Sprintf("%s: net.ipv4.ip_forward = %s, rp_filter = %s", h.Name, n.Forward, n.Filter)}
	if len(h.Stopped) > 0 {
		lines = append(lines, h.Name+": not running: "+strings.Join(h.Stopped, ", "))
	}
	var devices, routes []string
	for _, d := range n.Devices {
		state := ""
		if !d.Up {
			state = " down"
		}
		if d.Forward == "0" {
			state += " without forwarding"
		}
		devices = append(devices, fmt.Sprintf("%s mtu %d%s", d.Name, d.MTU, state))
	}
	for _, r := range n.Routes {
		routes = append(routes, r.String())
	}
	const most = 12
	if len(routes) > most {
		routes = append(routes[:most], fmt.Sprintf("and %d more", len(routes)-most))
	}
	lines = append(lines, h.Name+": devices: "+strings.Join(devices, ", "),
		h.Name+": routes: "+strings.Join(routes, "; "))
	for _, drop := range n.Drops[:min(len(n.Drops), most)] {
		lines = append(lines, h.Name+": packet filter: "+drop)
	}
	for _, d := range n.Disks {
		lines = append(lines, fmt.Sprintf("%s: %s has %s free of %s", h.Name, d.Path, human.Size(d.Free),
			human.Size(d.Total)))
	}
	return lines
}
