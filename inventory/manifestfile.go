package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"kbootstrap/fault"
)

// manifestLimits are those of one document of a file of manifests. Definitions of kinds are large
// and deep.
var manifestLimits = limits{tokens: 1_000_000, depth: 100, nodes: 1_000_000}

// manifestFile reads the objects of one file.
type manifestFile struct {
	name     string
	problems Problems
}

// document is a part of a file that is one value.
type document struct {
	text string
	line int // of the file where it begins, counted from 1
}

// read returns the objects of the file, in its order.
func (f *manifestFile) read() []Manifest {
	data, err := f.content()
	if err != nil {
		f.problem(0, "", err.Error())
		return nil
	}
	return f.parse(data)
}

// parse is read for content that is at hand.
func (f *manifestFile) parse(data []byte) []Manifest {
	if filepath.Ext(f.name) == ".json" {
		return f.readJSON(data)
	}
	text := strings.ReplaceAll(string(bytes.TrimPrefix(data, []byte("\ufeff"))), "\r\n", "\n")
	var all []Manifest
	for _, d := range documents(text) {
		r := f.reader(d)
		if root := r.tree(d.text); root != nil && root.kind != null {
			all = append(all, r.objects(root)...)
		}
		f.keep(r, d)
	}
	return all
}

// content is what is in the file.
func (f *manifestFile) content() ([]byte, error) {
	file, err := os.Open(f.name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxManifestFile+1))
	if err == nil && len(data) > maxManifestFile {
		return nil, errors.New("the file is larger than 8 MiB")
	}
	return data, err
}

// documents are the parts of a YAML stream. A line of a value never begins with three dashes or
// dots: within a value such a line is indented.
func documents(text string) []document {
	var all []document
	var lines []string
	begin := 1
	end := func() { all = append(all, document{text: strings.Join(lines, ""), line: begin}) }
	for i, line := range strings.SplitAfter(text, "\n") {
		isMark := strings.HasPrefix(line, "---") || strings.TrimRight(line, " \n") == "..."
		if isMark && (len(line) == 3 || strings.ContainsRune(" \t\n", rune(line[3]))) {
			end()
			lines, begin = nil, i+1
			line = "   " + line[3:]
		}
		lines = append(lines, line)
	}
	end()
	return all
}

// reader returns a reader of a document.
func (f *manifestFile) reader(d document) *manifestReader {
	return &manifestReader{
		reader: &reader{
			file: f.name, class: fault.InventoryManifest, limits: manifestLimits, lines: strings.Split(d.text, "\n"),
			offset: d.line - 1, places: map[string]*node{}, hidden: map[int]bool{},
		},
	}
}

// secretKind is in documents of which no message may show a line.
var secretKind = regexp.MustCompile(`(?m)kind"?\s*:\s*["']?Secret`)

// keep takes the problems of a document.
func (f *manifestFile) keep(r *manifestReader, d document) {
	isSecret := secretKind.MatchString(d.text)
	for _, p := range r.shown() {
		if isSecret {
			p.Excerpt = ""
		}
		f.problems = append(f.problems, p)
	}
}

// readJSON reads a file of JSON values, one after the other.
func (f *manifestFile) readJSON(data []byte) []Manifest {
	var all []Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for {
		before := data[:d.InputOffset()]
		rest := data[len(before):]
		blank := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
		line := 1 + bytes.Count(data[:len(before)+blank], []byte("\n"))
		var value any
		err := d.Decode(&value)
		if errors.Is(err, io.EOF) {
			return all
		}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		}
		if err != nil {
			f.problem(line, "", "the file is not JSON: "+err.Error())
			return all
		}
		part := document{line: line}
		r := f.reader(part)
		all = append(all, r.objects(nodeOf(value))...)
		f.keep(r, part)
	}
}

// problem reports one of the file.
func (f *manifestFile) problem(line int, hint, message string) {
	f.problems = append(f.problems, Problem{
		Code: fault.InventoryManifest, File: f.name, Line: line, Column: min(line, 1), Message: message, Hint: hint,
	})
}
