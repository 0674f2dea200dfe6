package timeline

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/golden"
)

// readRun reads testdata/up.log: the log of a run that made a cluster of two hosts, without the
// diffs of files.
func readRun(t *testing.T) Run {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "up.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	run, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestGolden: the texts and the picture of a real run.
func TestGolden(t *testing.T) {
	run := readRun(t)
	for name, write := range map[string]func(io.Writer) error{
		"critical.txt": run.WriteCritical, "chart.txt": run.WriteChart, "picture.svg": run.WriteSVG,
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		golden.File(t, filepath.Join("testdata", name), out.String())
	}
}

// TestCriticalPathIsAChain: each step begins when the one before it has ended, and the last one
// ends last.
func TestCriticalPathIsAChain(t *testing.T) {
	run := readRun(t)
	path := run.Critical()
	if len(path) < 5 {
		t.Fatalf("a path of %d steps", len(path))
	}
	for i := 1; i < len(path); i++ {
		if gap := path[i].Begin - path[i-1].End; gap < 0 || gap > time.Second {
			t.Errorf("%s begins %s after %s", path[i].ID(), gap, path[i-1].ID())
		}
	}
	for _, s := range run.Steps {
		if s.End > path[len(path)-1].End {
			t.Errorf("%s ends after the path", s.ID())
		}
	}
}

// TestSVGIsXML: a picture can be opened whatever the names in the log are.
func TestSVGIsXML(t *testing.T) {
	run := readRun(t)
	run.Steps[0].Name, run.Steps[0].Changes[0].Name = "<&\"'", "</title><script>"
	var out bytes.Buffer
	if err := run.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(&out)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Error("a name in the log became an element")
		}
	}
}

const begun = `time=2026-01-02T15:04:05.000Z level=INFO msg=started command="up -i hosts.yaml" cluster=demo` + "\n"

// TestCutOff: the log of a run that was killed is read as far as it goes.
func TestCutOff(t *testing.T) {
	run, err := Read(strings.NewReader(begun +
		"time=2026-01-02T15:04:06.000Z level=DEBUG msg=start host=w1 component=base\n" +
		"time=2026-01-02T15:04:08.500Z level=DEBUG msg=change host=w1 component=base resource=\"file /etc/x"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run.WriteCritical(&out); err != nil {
		t.Fatal(err)
	}
	if want := "w1 base (the log ends before it)"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

// TestNoLog: what is no log of a run is refused, with the line.
func TestNoLog(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "the log is empty",
		"hosts:\n":            "line 1: \"hosts:\" is no attribute",
		"a=b\n":               "line 1: not a log of kbootstrap",
		begun + "x\n" + begun: "line 2: \"x\" is no attribute",
		"time=2026-01-02T15:04:06.000Z level=DEBUG msg=start host=w1\n": "line 1: not the log of a run",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
