package inventory

import (
	_ "embed"
	"strings"
)

//go:embed template.yaml
var template string

// Template returns a commented inventory to start from: one control plane and two workers. It is
// valid as it is.
func Template() string { return template }

// TemplateWith returns the template with another first sentence, other settings to log in with, and
// other hosts. The settings and the hosts are lines of YAML, indented as they stand below ssh and
// hosts; the optional settings of the template stay below them, as comments.
func TemplateWith(title, login, hosts string) string {
	_, rest, _ := strings.Cut(template, "\n")
	before, rest, _ := strings.Cut(rest, "\nssh:\n")
	_, rest, _ = strings.Cut(rest, "  # port: 22\n")
	options, _, _ := strings.Cut(rest, "\nhosts:\n")
	return "# " + title + "\n" + before + "\nssh:\n" + login + "  # port: 22\n" + options + "\nhosts:\n" + hosts
}
