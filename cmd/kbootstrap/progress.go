package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"kbootstrap/inventory"
	"kbootstrap/provision"
)

// progress shows a run on standard error: on a terminal one live line a host below the finished components, elsewhere one
// plain line a component.
type progress struct {
	out            io.Writer
	quiet, verbose bool
	live           bool
	width          int
	began          time.Time

	mu    sync.Mutex
	hosts []string
	now   map[string]string // by host: what it is at
	since map[string]time.Time
	sent  map[string]int64
	drawn int            // live lines on the screen
	still int            // how many questions stand on the screen
	held  []string       // lines that wait for the end of a question
	count map[string]int // changes by host and component
	stopc chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

func newProgress(out io.Writer, c *inventory.Cluster, f *clusterFlags) *progress {
	p := &progress{
		out: out, quiet: f.quiet, verbose: f.verbose, began: time.Now(),
		now: map[string]string{}, since: map[string]time.Time{}, sent: map[string]int64{}, count: map[string]int{},
		stopc: make(chan struct{}),
	}
	for _, h := range c.Hosts {
		p.hosts = append(p.hosts, h.Name)
	}
	if file, ok := out.(*os.File); ok && !f.quiet && !f.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 20 {
			p.live, p.width = true, width
			p.ended.Go(p.tick)
		}
	}
	return p
}

// tick redraws the live lines, so that their clocks run.
func (p *progress) tick() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.stopc:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.erase()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// stop removes the live lines. It may be called again.
func (p *progress) stop() {
	p.once.Do(func() {
		close(p.stopc)
		p.ended.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.erase()
	})
}

// suspend takes the live lines off the screen and writes nothing more until resume, so that a question can stand there.
func (p *progress) suspend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.still++
}

// resume ends a suspend: what happened meanwhile is written now.
func (p *progress) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.still--; p.still > 0 {
		return
	}
	for _, line := range p.held {
		fmt.Fprint(p.out, line)
	}
	p.held = nil
	p.draw()
}

// report takes one event of the run.
func (p *progress) report(e provision.Event) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := e.Host + " " + e.Component
	switch e.Kind {
	case provision.EventPhase:
		p.line("%s", e.Text)
	case provision.EventConnected:
		p.at(e.Host, "connected")
		if p.verbose {
			p.line("%s: connected: %s", e.Host, e.Text)
		}
	case provision.EventStart:
		p.at(e.Host, e.Component)
	case provision.EventChange:
		p.count[key]++
		if p.verbose {
			p.line("%s: %s: %s (%s)", e.Host, e.Component, e.ID, seconds(e.Took))
		}
	case provision.EventLog:
		p.at(e.Host, e.Component+": "+e.Text)
		if p.verbose {
			p.line("%s: %s: %s", e.Host, e.Component, e.Text)
		}
	case provision.EventSent:
		p.sent[e.Host] += e.Bytes
		if p.verbose {
			p.line("%s: sent %s (%s)", e.Host, e.Text, size(e.Bytes))
		}
	case provision.EventDone:
		if p.count[key] > 0 {
			p.line("%s: %s: %d changed in %s", e.Host, e.Component, p.count[key], seconds(e.Took))
		}
	case provision.EventFailed:
		p.line("%s: %s: failed after %s", e.Host, e.Component, seconds(e.Took))
	}
}

func (p *progress) at(host, what string) {
	p.now[host], p.since[host] = what, time.Now()
}

// line prints a line that stays, above the live ones.
func (p *progress) line(format string, args ...any) {
	text := fmt.Sprintf("kbootstrap: "+format+"\n", args...)
	if p.still > 0 {
		p.held = append(p.held, text)
		return
	}
	p.erase()
	fmt.Fprint(p.out, text)
	p.draw()
}

func (p *progress) erase() {
	if p.drawn > 0 {
		fmt.Fprintf(p.out, "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
}

func (p *progress) draw() {
	if !p.live || p.still > 0 {
		return
	}
	for _, h := range p.hosts {
		if p.now[h] == "" {
			continue
		}
		text := fmt.Sprintf("  %-8s %5.1fs  %6s  %s", h, time.Since(p.since[h]).Seconds(), size(p.sent[h]), p.now[h])
		if r := []rune(text); len(r) >= p.width {
			text = string(r[:p.width-1])
		}
		fmt.Fprintln(p.out, strings.ReplaceAll(text, "\n", " "))
		p.drawn++
	}
}
