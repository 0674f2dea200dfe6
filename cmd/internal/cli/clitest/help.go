package clitest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Help checks that the help of each command fits on a terminal of 80 columns, except for examples,
// which are typed as they are, and that these come before what the command takes.
func Help(t *testing.T, root *cobra.Command) {
	t.Helper()
	each(root, func(c *cobra.Command) {
		if c.Hidden || strings.HasPrefix(c.CommandPath(), root.Name()+" completion") {
			return
		}
		var text bytes.Buffer
		c.SetOut(&text)
		if err := c.Help(); err != nil {
			t.Errorf("%s: %v", c.CommandPath(), err)
		}
		examples, usage := strings.Index(text.String(), "\nExamples:\n"), strings.Index(text.String(), "\nUsage:\n")
		if usage < 0 || c.HasExample() && (examples < 0 || examples > usage) {
			t.Errorf("%s: no examples, or not before the usage:\n%s", c.CommandPath(), &text)
		}
		for line := range strings.Lines(text.String()) {
			isExample := strings.Contains(c.Example, strings.TrimSpace(line))
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 && !isExample {
				t.Errorf("%s: a line of %d columns: %s", c.CommandPath(), n, line)
			}
		}
	})
}
