package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"kbootstrap/workshop/internal/tree"
)

// What is looked for, in the code and the strings of the product and in its templates.
var (
	addOn   = regexp.MustCompile(`(?i)coredns`)
	service = regexp.MustCompile(`(?i)flannel`)
)

// reasons says why a file may name a component: the first that matches, by the path and by the text
// of the mention. All of them are counted; the reason is printed with the number.
var reasons = []struct {
	path, text *regexp.Regexp
	reason     string
}{
	{regexp.MustCompile(`(^|/)(coredns|flannel)\.go$`), anything, "its own file"},
	{regexp.MustCompile(`(^|/)(coredns|flanneld?)\.[a-z.]+\.tmpl$`), anything, "its unit or manifest"},
	{regexp.MustCompile(`^certs/`), anything, "its row in the certificate table"},
	{regexp.MustCompile(`^inventory/fields\.go$`), regexp.MustCompile(`^flannel$`), setting},
	{anything, regexp.MustCompile(`^Flannel$|network\.flannel`), setting},
	{regexp.MustCompile(`\.go$`), prose, forPeople},
}

var (
	anything = regexp.MustCompile(``)
	// prose is a text of at least five words, and not the name of a thing.
	prose = regexp.MustCompile(`^\S+(\s+\S+){4,}`)
)

// The reasons that several rows have, and that of a file that has none of the reasons above.
const (
	setting   = "the user's setting network.flannel"
	forPeople = "a text for people"
	knows     = "knows of it"
)

// A Mention is a file that names what was looked for.
type Mention struct {
	Path   string
	Reason string // why it does, or the constant knows
	Line   int    // the first place with this reason
	Text   string
}

func (m Mention) String() string {
	return fmt.Sprintf("%s:%d: %s: %.60q", m.Path, m.Line, m.Reason, m.Text)
}

// mentions returns the files that name it, in their order.
func mentions(files []tree.File, templates map[string]string, name *regexp.Regexp) []Mention {
	var found []Mention
	for _, f := range files {
		var all []Mention
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			text := ""
			switch n := n.(type) {
			case *ast.Ident:
				text = n.Name
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					text = strings.Trim(n.Value, "`\"")
				}
			}
			if name.MatchString(text) {
				all = append(all, mention(f.Path, f.Line(n.Pos()), text))
			}
			return true
		})
		found = appendStrongest(found, all)
	}
	for _, file := range sorted(templates) {
		var all []Mention
		for i, line := range strings.Split(templates[file], "\n") {
			if line = strings.TrimSpace(line); name.MatchString(line) && !strings.HasPrefix(line, "#") {
				all = append(all, mention(file, i+1, line))
			}
		}
		found = appendStrongest(found, all)
	}
	return found
}

func mention(file string, line int, text string) Mention {
	for _, r := range reasons {
		if r.path.MatchString(file) && r.text.MatchString(text) {
			return Mention{file, r.reason, line, text}
		}
	}
	return Mention{file, knows, line, text}
}

// appendStrongest adds the one mention that says most of a file: the first that has no other
// reason, or else the first that is no text for people.
func appendStrongest(found, all []Mention) []Mention {
	best := -1
	for i, m := range all {
		if best < 0 || rank(m) > rank(all[best]) {
			best = i
		}
	}
	if best < 0 {
		return found
	}
	return append(found, all[best])
}

func rank(m Mention) int {
	switch m.Reason {
	case knows:
		return 2
	case forPeople:
		return 0
	}
	return 1
}

// readTemplates returns the texts of the product's templates by their paths.
func readTemplates(root string) (map[string]string, error) {
	paths, err := tree.Paths(root, ".tmpl")
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, name := range paths {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if tree.IsProduct(name) {
			texts[name] = string(text)
		}
	}
	return texts, nil
}
