package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

// TestSamples holds the program to the files of testdata: x.in.txt becomes x.out.txt.
func TestSamples(t *testing.T) {
	for _, name := range []string{"paragraphs", "trailing"} {
		in, err := os.ReadFile("testdata/" + name + ".in.txt")
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/" + name + ".out.txt")
		if err != nil {
			t.Fatal(err)
		}
		f, err := tree.Parse(name+".go", in)
		if err != nil {
			t.Fatal(err)
		}
		got, left, err := rewrap(f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		lines := strings.Split(string(got), "\n")
		for _, number := range left {
			if !strings.Contains(lines[number-1], "STAYS") {
				t.Errorf("%s:%d is left, but should not be", name, number)
			}
		}
		if n := strings.Count(string(in), "STAYS"); n != len(left) {
			t.Errorf("%s: %d lines are left, want %d", name, len(left), n)
		}
	}
}

// TestTree rewraps every file of the checkout in memory: the code, the directives and the words of
// each comment stay, a second run changes nothing, and no line of prose is too long afterwards.
// Lists and the like are mended by hand.
func TestTree(t *testing.T) {
	files, err := tree.Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Generated {
			continue
		}
		text, _, err := rewrap(f)
		if err != nil {
			t.Errorf("%s: %v", f.Path, err)
			continue
		}
		after, err := tree.Parse(f.Path, text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(words(f), words(after)); diff != "" {
			t.Errorf("%s: words of comments: -before +after\n%s", f.Path, diff)
		}
		if diff := cmp.Diff(style.Tokens(f.Text), style.Tokens(text)); diff != "" {
			t.Errorf("%s: code: -before +after\n%s", f.Path, diff)
		}
		if diff := cmp.Diff(directives(f), directives(after)); diff != "" {
			t.Errorf("%s: directives: -before +after\n%s", f.Path, diff)
		}
		again, _, err := rewrap(after)
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: a second run changes it (%v)", f.Path, err)
		}
		for _, found := range style.Check(after, nil) {
			line := strings.TrimSpace(strings.Split(string(text), "\n")[found.Line-1])
			if found.Rule == style.CommentColumns && !style.IsPreformatted(line) {
				t.Errorf("after rewrapping: %s", found)
			}
		}
	}
}

// directives returns the comments for programs, each with the code on its line.
func directives(f tree.File) []string {
	var found []string
	lines := strings.Split(string(f.Text), "\n")
	for _, group := range f.Syntax.Comments {
		for _, c := range group.List {
			if style.IsDirective(c.Text) {
				found = append(found, strings.Join(strings.Fields(lines[f.Line(c.Pos())-1]), " "))
			}
		}
	}
	return found
}
