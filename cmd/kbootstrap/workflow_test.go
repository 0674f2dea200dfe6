package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli/clitest"
	"kbootstrap/examples/vagrant"
)

// TestVagrantWorkflow: what the workflow has public CI type are calls that the tool takes, and its
// systems are those of the Vagrantfile.
func TestVagrantWorkflow(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".github/workflows/vagrant.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Strategy struct{ Matrix struct{ System []string } }
			Steps    []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatal(err)
	}
	job := workflow.Jobs["cluster"]
	calls := 0
	for _, step := range job.Steps {
		for _, call := range regexp.MustCompile(`kbootstrap [a-z][^|;)"\n]*`).FindAllString(step.Run, -1) {
			calls += clitest.Line(t, func() *cobra.Command { return (&app{}).root() }, "vagrant.yaml", call)
		}
	}
	if calls < 10 {
		t.Errorf("only %d calls were found", calls)
	}
	var boxes []string
	for _, box := range regexp.MustCompile(`(?m)^  "(\w+)" => "`).FindAllStringSubmatch(vagrant.Vagrantfile(), -1) {
		boxes = append(boxes, box[1])
	}
	slices.Sort(boxes)
	slices.Sort(job.Strategy.Matrix.System)
	if !slices.Equal(boxes, job.Strategy.Matrix.System) {
		t.Errorf("the workflow tries %s, and the Vagrantfile has %s", strings.Join(job.Strategy.Matrix.System, ", "),
			strings.Join(boxes, ", "))
	}
}
