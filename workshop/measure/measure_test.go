package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/workshop/internal/tree"
)

// TestFigures counts in a small tree, in which each number is known.
func TestFigures(t *testing.T) {
	f, err := measure("testdata/tree")
	if err != nil {
		t.Fatal(err)
	}
	mentions := func(list []Mention) []string {
		var got []string
		for _, m := range list {
			got = append(got, m.Path+": "+m.Reason)
		}
		return got
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"add-on", mentions(f.AddOn), []string{
			"provision/component/component.go: knows of it",
			"provision/component/coredns.go: its own file",
			"templates/coredns.yaml.tmpl: its unit or manifest",
		}},
		{"service", mentions(f.Service), []string{
			"certs/table.go: its row in the certificate table",
			"provision/guard/guard.go: a text for people",
			"templates/flanneld.service.tmpl: its unit or manifest",
		}},
		{"kinds", f.Kinds, []Kind{
			{"File", "resource/file.go", []string{"provision/guard/guard.go", "resource/resource.go"}},
			{"Link", "resource/link.go", []string{"provision/guard/guard.go", "resource/resource.go"}},
			{"Swap", "resource/swap.go", []string{"resource/resource.go"}},
		}},
		{"range of kinds", f.kindRange(), "2–3"},
		{"largest by files", f.Most.Room, "resource"},
		{"largest by lines", f.Largest, Package{"provision", 2, 65}},
		{"object", f.Object, Object{"resource.File", 4}},
		{"imports up", fmt.Sprint(f.Up), "[host imports resource]"},
		{"functions", f.Functions, Functions{All: 19, Long: 1, Longest: "provision/apply.go long", Lines: 62}},
		{"workshop", f.Lines.Workshop, 3},
		{"ring 1", f.ringLines(1), 12},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.what, diff)
		}
	}
}

// TestReferences counts the files that name others: by a function, and by a method that one file
// has.
func TestReferences(t *testing.T) {
	var files []tree.File
	for name, text := range map[string]string{
		"room/a.go": "package room\n\ntype A struct{}\n\nfunc (A) Only() {}\n",
		"room/b.go": "package room\n\nfunc b(x A) { x.Only(); c() }\n",
		"room/c.go": "package room\n\nimport \"strings\"\n\nfunc c() { A := 1; _ = A; strings.Only() }\n",
	} {
		f, err := tree.Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if got := references(files); got != 2 {
		t.Errorf("%d references, want 2: b names a and c", got)
	}
}

// TestRings shows that a file that has moved is noticed.
func TestRings(t *testing.T) {
	if _, err := readRings(t.TempDir()); err == nil || !strings.Contains(err.Error(), "mend the table") {
		t.Errorf("missing files: %v", err)
	}
}

// TestFloors shows that a room without a floor is noticed.
func TestFloors(t *testing.T) {
	if _, err := floorOf("attic"); err == nil {
		t.Error("attic has a floor")
	}
	low, _ := floorOf("resource")
	high, _ := floorOf("resource/converge")
	if low >= high {
		t.Errorf("resource lies on %d, resource/converge on %d", low, high)
	}
}

// TestTree holds the tables of this program to the sources: every file of the rings is there, and
// every room has a floor.
func TestTree(t *testing.T) {
	root := "../.."
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	if _, err := measure(root); err != nil {
		t.Error(err)
	}
}
