package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestFiguresWithDocument: what a verb shows before it asks goes to standard error when a document
// is wanted: a program reads that alone.
func TestFiguresWithDocument(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, verb := range []string{"remove-node", "replace-node", "recover"} {
		var stdout, stderr strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
		flags := &clusterFlags{app: a, output: jsonOutput, progress: "auto"}
		shown, err := newProgress(a, verb, flags)
		if err != nil {
			t.Fatal(err)
		}
		a.shown = shown
		shown.start(nil)
		if err := a.consent(t.Context(), nil, "demo", "this does much", "etcd: 3 now, 1 afterwards\n"); err != nil {
			t.Fatal(err)
		}
		if err := shown.finish(nil, nil); err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(stdout.String()))
		var document struct{ Kind string }
		if err := decoder.Decode(&document); err != nil || document.Kind != kind(verb) {
			t.Errorf("%s: %v in\n%s", verb, err, stdout.String())
		}
		if err := decoder.Decode(&document); !errors.Is(err, io.EOF) {
			t.Errorf("%s: more than a document:\n%s", verb, stdout.String())
		}
		if !strings.Contains(stderr.String(), "etcd: 3 now, 1 afterwards\n") {
			t.Errorf("%s does not tell the figures:\n%s", verb, stderr.String())
		}
	}
}
