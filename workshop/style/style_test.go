package style_test

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

var all = flag.Bool("all", false, "hold all rooms to all rules, those too that are not clean yet")

const root = "../.."

// clean are the rooms that keep a rule, without the rooms below them. A room is added as soon as it
// does; when all rooms are here, this table goes.
var clean = map[style.Rule][]string{
	style.CodeColumns: {
		"cmd/internal/cli/clitest", "internal/atomic", "internal/human",
		"workshop/internal/tree", "workshop/lab/components/pause",
		"workshop/measure", "workshop/style", "workshop/style/rewrap",
	},
	style.CommentColumns: {
		"cmd/internal/cli/clitest", "workshop/internal/tree",
		"workshop/measure", "workshop/style", "workshop/style/rewrap",
	},
	style.Words: {
		"cmd/internal/cli/clitest", "internal/atomic", "internal/human", "templates",
		"workshop/internal/tree", "workshop/lab/components/pause",
		"workshop/measure", "workshop/style", "workshop/style/rewrap",
	},
}

// TestStyle walks the checkout. With -all it shows what the other rooms still break; with -v it
// names the rooms that could be added to the table.
func TestStyle(t *testing.T) {
	words, err := style.WordList()
	if err != nil {
		t.Fatal(err)
	}
	files, err := tree.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	rooms, broken := map[style.Rule]map[string]bool{}, map[style.Rule]map[string]bool{}
	for _, rule := range style.Rules {
		rooms[rule], broken[rule] = map[string]bool{}, map[string]bool{}
	}
	judge := func(found []style.Finding) {
		for _, f := range found {
			room := path.Dir(f.Path)
			broken[f.Rule][room] = true
			if *all || slices.Contains(clean[f.Rule], room) {
				t.Errorf("%s", strings.TrimPrefix(f.String(), "./"))
			}
		}
	}
	for _, f := range files {
		for _, rule := range style.Rules {
			rooms[rule][f.Room()] = true
		}
		judge(style.Check(f, words))
	}
	for _, page := range pages(t) {
		rooms[style.Words][path.Dir(page)] = true
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		judge(style.Prose(page, text, words))
	}
	for _, rule := range style.Rules {
		for _, room := range clean[rule] {
			if !rooms[rule][room] {
				t.Errorf("the table of clean rooms names %s, which is not there", room)
			}
		}
		for room := range rooms[rule] {
			if !broken[rule][room] && !slices.Contains(clean[rule], room) {
				t.Logf("%s keeps the rule %q: add it to the table", room, rule)
			}
		}
	}
}

// pages are the pages that people read; docs/cli is written by the commands, and their texts are
// checked.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	list := []string{"README.md"}
	for _, page := range found {
		list = append(list, "docs/"+filepath.Base(page))
	}
	return list
}
