package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/provision/component"
)

// Logs lists what comes before logs are read: sessions to whatever answers. Nothing is changed.
func Logs() []Stage { return []Stage{TolerateAll, Connect, NeedTrace} }

// LogQuery is what a user wants to read.
type LogQuery struct {
	Hosts     []string      // whose services
	Units     []string      // only these; empty means all of the cluster on a host
	Pods      []string      // names, or what names begin with: "coredns"
	Namespace string        // of the pods
	Since     time.Duration // how far back; 0 means all that there is
	Lines     int           // at most so many of each service or container, the last ones
	// Follow goes on until ctx ends.
	Follow bool
}

// LogLine is a line of a service of a host, or of a container of a pod.
type LogLine struct {
	Time time.Time
	Of   string // "w1", or "kube-system/coredns-…"
	By   string // the service, or the container
	Text string
}

// followEvery is how often a user who follows is told what is new.
const followEvery = time.Second

// source is one thing that writes lines: it returns those that it has not returned before.
type source func(ctx context.Context) ([]LogLine, error)

// Logs tells the lines, a round of them at a time, the oldest first. What cannot be read is an
// error at the end, and the rest is read all the same. Following ends well with ctx.
func (r *Run) Logs(ctx context.Context, q LogQuery, tell func([]LogLine)) error {
	sources, err := r.logSources(ctx, q)
	if err != nil {
		return err
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		lines, err := readAll(ctx, sources)
		tell(lines)
		if !q.Follow || ctx.Err() != nil || err != nil && len(sources) == 1 {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// readAll reads all sources at once.
func readAll(ctx context.Context, sources []source) ([]LogLine, error) {
	lines, errs := make([][]LogLine, len(sources)), make([]error, len(sources))
	var group sync.WaitGroup
	for i, read := range sources {
		group.Go(func() { lines[i], errs[i] = read(ctx) })
	}
	group.Wait()
	all := slices.Concat(lines...)
	slices.SortStableFunc(all, func(a, b LogLine) int { return a.Time.Compare(b.Time) })
	return all, errors.Join(errs...)
}

// logSources are what has to be read: services of hosts, and containers of pods.
func (r *Run) logSources(ctx context.Context, q LogQuery) ([]source, error) {
	var all []source
	for _, name := range q.Hosts {
		s, err := r.unitSource(name, q)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(q.Pods) == 0 {
		return all, nil
	}
	pods, err := r.podSources(ctx, q)
	return append(all, pods...), err
}

// unitSource is the journal of a host.
func (r *Run) unitSource(name string, q LogQuery) (source, error) {
	m := r.Fleet[name]
	if m == nil {
		if err := r.Unreached[name]; err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("no session to %s", name)
	}
	asked := host.UnitQuery{Since: q.Since, Lines: q.Lines}
	for _, u := range q.Units {
		if !strings.Contains(u, ".") {
			u += ".service"
		}
		asked.Units = append(asked.Units, u)
	}
	if len(q.Units) == 0 {
		for _, s := range component.Services(r.Cluster, m.Host) {
			asked.Units = append(asked.Units, s.Unit)
		}
	}
	return func(ctx context.Context) ([]LogLine, error) {
		found, err := m.Client.UnitLines(ctx, asked)
		if err != nil {
			return nil, fault.LogsUnread.Wrap(fmt.Errorf("%s: journal: %w", name, err))
		}
		asked.Cursor = found.Cursor
		if asked.Cursor == "" {
			asked.Since = max(asked.Since, time.Minute) // there was nothing; what comes is wanted
		}
		var lines []LogLine
		for _, l := range found.Lines {
			lines = append(lines, LogLine{Time: l.Time, Of: name, By: l.Unit, Text: l.Text})
		}
		return lines, nil
	}, nil
}
