package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// The values of --output and --events; --output may be a path too where the command says so.
const (
	textOutput = "text"
	jsonOutput = "json"
	jsonLines  = "jsonl"
)

// progress is where the events of a command go: the screen, the log of the run, and the stream that
// was asked for.
type progress struct {
	app      *app
	verb     string
	view     *screen.View
	stream   *report.Stream // nil when no stream was asked for
	closers  []io.Closer
	document io.Writer // standard output, if a document was asked for
	run      *report.Run
	log      string      // the log's path; "" when there is none
	told     bool        // the command has shown its result
	changed  int         // how many resources of hosts the run has changed; known when it is over
	works    atomic.Bool // work on hosts has begun
}

// newProgress begins to show a command. Only one thing goes to standard output: the results for
// people, or the document, or the stream. With the document or the stream, the results for people
// go to standard error.
func newProgress(a *app, verb string, f *clusterFlags) (*progress, error) {
	p := &progress{app: a, verb: verb}
	formats := append([]string{textOutput, jsonOutput}, f.formats...)
	if !f.paths && !slices.Contains(formats, f.output) {
		last := len(formats) - 1
		return nil, cli.UsageError{Err: fmt.Errorf("-o %s: the formats are %s and %s", f.output,
			strings.Join(formats[:last], ", "), formats[last])}
	}
	format, path, toFile := strings.Cut(f.events, "=")
	if f.events != "" && (format != jsonLines || toFile && path == "") {
		return nil, cli.UsageError{Err: fmt.Errorf("--events %s: say jsonl, or jsonl=FILE", f.events)}
	}
	if format == jsonLines && !toFile && f.output == jsonOutput {
		return nil, cli.UsageError{Err: errBothToStdout}
	}
	if f.progress != "auto" && f.progress != "plain" {
		return nil, cli.UsageError{Err: fmt.Errorf("--progress %s: say auto or plain", f.progress)}
	}
	p.view = screen.New(a.stderr, screenOptions(a.stderr, f))
	switch {
	case toFile:
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, cli.UsageError{Err: fmt.Errorf("--events: %w", err)}
		}
		p.stream, p.closers = report.NewStream(file, p.broken("events")), append(p.closers, file)
	case format == jsonLines:
		p.stream = report.NewStream(a.stdout, p.broken("events"))
		a.stdout = a.stderr
	}
	if f.output == jsonOutput {
		p.document, a.stdout = a.stdout, a.stderr
	}
	return p, nil
}

var errBothToStdout = errors.New(
	"-o json and --events jsonl would both write to standard output: say --events jsonl=FILE")

// screenOptions are what the terminal can do and what the user wants of it.
func screenOptions(stderr io.Writer, f *clusterFlags) screen.Options {
	o := screen.Detect(stderr, os.Getenv)
	o.Quiet, o.Verbose = f.quiet, f.verbose
	o.Live = o.Live && f.progress == "auto"
	o.Colour = o.Colour && !f.noColor
	return o
}

// broken returns a function that warns that something could not be written.
func (p *progress) broken(what string) func(error) {
	return func(err error) { p.view.Warn(fmt.Sprintf("%s: %v; the run goes on without it", what, err)) }
}

// start begins the run, with its log, once the inventory has been read; c is nil if it could not be
// read.
func (p *progress) start(c *inventory.Cluster) {
	if p.run != nil {
		return
	}
	sinks := []report.Sink{p.view}
	if p.stream != nil {
		sinks = append(sinks, p.stream)
	}
	if log := p.openLog(c); log != nil {
		sinks = append(sinks, log)
		p.log, p.closers = log.Path(), append(p.closers, log)
	}
	id := report.Identity{Verb: p.verb, Command: p.app.args, Version: version, Log: p.log}
	p.run = report.Start(id, c, sinks...)
}

func (p *progress) openLog(c *inventory.Cluster) *report.Log {
	if c == nil {
		return nil
	}
	dir, err := report.LogDir(c.Name)
	if err == nil {
		var log *report.Log
		if log, err = report.OpenLog(dir, p.verb, time.Now(), p.broken("log")); err == nil {
			return log
		}
	}
	p.broken("log")(err)
	return nil
}

// report takes one event of the run.
func (p *progress) report(e fleet.Event) {
	if e.Kind == fleet.EventStart {
		p.works.Store(true)
	}
	p.run.Report(e)
}

// suspend keeps the screen still until resume, so that a question can be shown.
func (p *progress) suspend() { p.view.Suspend() }

func (p *progress) resume() { p.view.Resume() }

// stop removes the moving lines from the screen. It may be called again.
func (p *progress) stop() { p.view.Stop() }

// finish ends the run: the last events, the document, and where the log is.
func (p *progress) finish(result any, err error) error {
	p.stop()
	p.start(nil) // in case the inventory was never read
	code := exitCode(err)
	p.run.Finish(err, code)
	document := p.run.Document(kind(p.verb), result, err, code, outcome(code))
	p.changed = document.Changed
	if err != nil && document.Changed > 0 && !p.told {
		for _, h := range document.Hosts {
			p.view.Line(fmt.Sprintf("%s: %s, %d changed", h.Name, h.Outcome, h.Changed))
		}
	}
	var failed error
	if p.document != nil {
		failed = document.Write(p.document)
	}
	for _, c := range p.closers {
		if closed := c.Close(); closed != nil {
			p.broken("log or events")(closed)
		}
	}
	if err == nil {
		return failed
	}
	return err
}

// kind is the kind of a command's document: "AddNode" for add-node.
func kind(verb string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(verb, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// outcome is the outcome of a run with this exit code.
func outcome(code int) string {
	switch code {
	case exitOK, exitChanges:
		return report.OutcomeOK
	case exitPartial:
		return report.OutcomePartial
	case exitInterrupted:
		return report.OutcomeInterrupted
	}
	return report.OutcomeFailed
}
