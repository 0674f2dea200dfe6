package inventory_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
)

// inputs returns the inventories of a directory of testdata, of which there must be some.
func inputs(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no inventories in testdata/%s: %v", dir, err)
	}
	return files
}

func TestInvalid(t *testing.T) {
	t.Setenv("HOME", "/home/user")
	for _, file := range inputs(t, "invalid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parse(filepath.Base(file), data)
			var problems inventory.Problems
			if !errors.As(err, &problems) || c != nil {
				t.Fatalf("Parse = %v, %v; want no cluster and Problems", c, err)
			}
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".golden", problems.Error()+"\n")
		})
	}
}

func TestProblemIsPrintedSafely(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, tt := range []struct {
		name string
		give inventory.Problem
		want string
	}{
		{"plain", inventory.Problem{File: "h", Line: 3, Column: 3, Message: "bad", Excerpt: "  a: b", Hint: "good"},
			"h:3:3: bad\n      a: b\n      ^\n  hint: good"},
		{"no place", inventory.Problem{File: "h", Message: "bad"}, "h: bad"},
		{"escape sequences", inventory.Problem{File: "h", Line: 1, Column: 2, Message: "bad", Excerpt: "\x1b[2J\tx"},
			"h:1:2: bad\n    ?[2J x\n     ^"},
		{"wide letters", inventory.Problem{File: "h", Line: 1, Column: 3, Message: "bad", Excerpt: "äöü"},
			"h:1:3: bad\n    äöü\n      ^"},
		{"beyond the line", inventory.Problem{File: "h", Line: 1, Column: 99, Message: "bad", Excerpt: "ab"},
			"h:1:99: bad\n    ab\n      ^"},
		{"long line", inventory.Problem{File: "h", Line: 1, Column: 101, Message: "bad", Excerpt: long},
			"h:1:101: bad\n    " + long[:72] + "\n    " + strings.Repeat(" ", 30) + "^"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, inventory.Problems{tt.give}.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestManyProblemsAreCut(t *testing.T) {
	data := "cluster: demo\n"
	for i := range 70 {
		data += "unknown" + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + ": 1\n"
	}
	_, err := parse("hosts.yaml", []byte(data))
	var problems inventory.Problems
	if !errors.As(err, &problems) || len(problems) != 72 {
		t.Fatalf("%d problems, want 70 unknown fields and 2 that are required", len(problems))
	}
	if text := err.Error(); !strings.HasPrefix(text, "hosts.yaml: 72 problems\n") ||
		!strings.HasSuffix(text, "\nand 22 more") {
		t.Errorf("want the number of problems first and how many were cut last:\n%s", text)
	}
}
