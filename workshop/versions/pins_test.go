package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPins: each component has a row, and its version stands in the file that the row names.
func TestPins(t *testing.T) {
	all, err := pins()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		text, err := os.ReadFile(filepath.Join("../..", p.edit))
		if err != nil || !strings.Contains(string(text), p.version) {
			t.Errorf("%s %s does not stand in %s: %v", p.component, p.version, p.edit, err)
		}
	}
	shown := table(all)
	for _, p := range all {
		if !strings.Contains(shown, "\n"+p.component+" ") {
			t.Errorf("%s is not in the table:\n%s", p.component, shown)
		}
	}
}

func TestRemarks(t *testing.T) {
	for _, test := range []struct {
		pin  pin
		want []string // the beginnings
	}{
		{pin{version: "1.5.2", known: "1.5.2", lab: "1.5.2", patch: "1.5.2", newest: "1.5.2"}, nil},
		{pin{version: "1.5.2", known: "1.5.2", patch: "1.5.3", newest: "1.6.0"},
			[]string{"1.5.3 is published", "1.6.0 is the newest branch"}},
		{pin{version: "1.5.9", known: "1.5.10", patch: "1.5.10", newest: "1.5.10"}, []string{"1.5.10 has sums"}},
		{pin{version: "1.5.3", known: "1.5.2", patch: "1.5.2"}, nil}, // newer than what is known
		{pin{version: "1.1.5", known: "1.1.5", weak: "CVE-1", lab: "1.0.0"},
			[]string{"has CVE-1", "the lab runs 1.0.0"}},
		{pin{version: "3.5.33", minors: "1.29-1.33", known: "3.5.33", lab: "3.6.14", newest: "3.7.3"}, nil},
		{pin{version: "0.28.4"}, []string{"no sum of its branch"}},
	} {
		got := test.pin.remarks()
		same := slices.EqualFunc(got, test.want, strings.HasPrefix)
		if !same {
			t.Errorf("%+v: %q, want %q", test.pin, got, test.want)
		}
	}
	if text := table([]*pin{{component: "runc", version: "1.5.2", known: "1.5.2"}}); !strings.Contains(text,
		"nothing is older") {
		t.Errorf("the table has a remark:\n%s", text)
	}
}

func TestParsePublished(t *testing.T) {
	got := parsePublished("example.org/m v1.9.0 v1.10.0 v1.10.1-rc.1 v1.2.0+incompatible v0.0.0-2020-abcdef\n")
	if want := []string{"1.10.0", "1.9.0", "1.2.0"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
