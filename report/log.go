package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"kbootstrap/provision/fleet"
)

// Kept is how many logs of each verb a directory keeps. They are counted by verb, so that running
// status in a loop does not remove the log of the last up.
const Kept = 20

// logName is the names of our own logs: nothing else in the directory is ever removed.
var logName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-([a-z][a-z-]*)\.log$`)

// Log is the log file of a run: every event in full, one line of text each, at the level debug and
// above.
type Log struct {
	file   *os.File
	logger *slog.Logger
}

// LogDir is the directory of the logs of a cluster: below XDG_STATE_HOME, which is ~/.local/state
// by default.
func LogDir(cluster string) (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the specification says that relative paths are ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "kbootstrap", cluster, "runs"), nil
}

// OpenLog begins the log of a run in the directory, which it makes, and removes the oldest logs of
// that verb there. Only the user can read the log, because it names files and addresses. If writing
// fails later, failed is called once.
func OpenLog(dir, verb string, now time.Time, failed func(error)) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := create(dir, verb, now.UTC())
	if err != nil {
		return nil, err
	}
	if err := prune(dir, verb); err != nil {
		failed(err)
	}
	options := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: utc}
	handler := slog.NewTextHandler(&once{file: file, failed: failed}, options)
	return &Log{file: file, logger: slog.New(handler)}, nil
}

// create makes the file. Two runs that begin in the same millisecond have names one apart.
func create(dir, verb string, now time.Time) (*os.File, error) {
	for range 100 {
		name := now.Format("20060102T150405.000Z") + "-" + verb + ".log"
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		now = now.Add(time.Millisecond)
	}
	return nil, fmt.Errorf("%s: too many logs of this moment", dir)
}

// prune removes all but the newest logs of a verb. Their names sort by time.
func prune(dir, verb string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if m := logName.FindStringSubmatch(e.Name()); m != nil && m[1] == verb && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	var failed []error
	for _, name := range names[:max(0, len(names)-Kept)] {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err) // another run may have removed it
		}
	}
	return errors.Join(failed...)
}

// utc writes times as the events do.
func utc(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.String(a.Key, a.Value.Time().UTC().Format(timeLayout))
	}
	return a
}

// Path is the path of the log file.
func (l *Log) Path() string { return l.file.Name() }

// Close ends the log.
func (l *Log) Close() error { return l.file.Close() }

// Event writes one line.
func (l *Log) Event(e Event) {
	level := slog.LevelDebug
	switch e.Kind {
	case Started, Finished, fleet.EventPhase, fleet.EventDone:
		level = slog.LevelInfo
	case Warning:
		level = slog.LevelWarn
	case Failed, fleet.EventFailed:
		level = slog.LevelError
	}
	var attrs []slog.Attr
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			attrs = append(attrs, slog.Int64(key, value))
		}
	}
	if e.Kind == Started {
		add("run", e.Run)
		add("version", e.Version)
		add("command", strings.Join(e.Command, " "))
		add("cluster", e.Cluster)
		add("inventory", e.Inventory)
		add("inventorySha256", e.InventorySHA256)
	}
	add("host", e.Host)
	add("component", e.Component)
	add("resource", e.Resource)
	add("after", e.After)
	number("count", int64(e.Count))
	number("durationMs", e.DurationMs)
	number("bytes", e.Bytes)
	add("from", e.From)
	if e.ExitCode != nil {
		attrs = append(attrs, slog.Int("exitCode", *e.ExitCode))
	}
	add("text", e.Text)
	if e.Error != nil {
		add("code", e.Error.Code)
		if e.Error.Message != e.Text {
			add("error", e.Error.Message)
		}
		add("hint", e.Error.Hint)
		if e.Error.File != "" {
			add("at", fmt.Sprintf("%s:%d:%d", e.Error.File, e.Error.Line, e.Error.Column))
		}
	}
	add("diff", e.Diff)
	record := slog.NewRecord(e.Time.Time, level, e.Kind, 0)
	record.AddAttrs(attrs...)
	_ = l.logger.Handler().Handle(context.Background(), record) // once reports failures
}

// once is a file that reports its first failure and drops everything after it: a full disk must not
// stop a run.
type once struct {
	file   *os.File
	failed func(error)
	broken bool
}

func (o *once) Write(p []byte) (int, error) {
	if o.broken {
		return len(p), nil
	}
	if _, err := o.file.Write(p); err != nil {
		o.broken = true
		o.failed(err)
	}
	return len(p), nil
}
