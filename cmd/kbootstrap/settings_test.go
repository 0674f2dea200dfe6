package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
)

// TestSettings checks that a flag wins over the environment, and that over the file.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	if err := os.MkdirAll(filepath.Join(dir, "kbootstrap"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "kbootstrap", "config.yaml")
	if err := os.WriteFile(file, []byte("inventory: from-file.yaml\nquiet: true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	typed := false
	run := func(args ...string) (clusterFlags, error) {
		flags := clusterFlags{app: &app{stdout: io.Discard, stderr: io.Discard}}
		c := &cobra.Command{Use: "up", PreRunE: func(c *cobra.Command, _ []string) error { return applySettings(c) },
			RunE: func(c *cobra.Command, _ []string) error {
				typed = c.Flags().Changed("inventory")
				return nil
			}}
		flags.bind(c)
		c.SetArgs(append([]string{}, args...)) // without any, cobra would take those of the process
		c.SilenceErrors, c.SilenceUsage = true, true
		err := c.Execute()
		return flags, err
	}
	if f, err := run(); err != nil || f.inventory != "from-file.yaml" || !f.quiet || f.verbose {
		t.Errorf("file: %+v, %v", f, err)
	}
	t.Setenv("KBOOTSTRAP_INVENTORY", "from-env.yaml")
	t.Setenv("KBOOTSTRAP_NO_COLOR", "true")
	if f, err := run(); err != nil || f.inventory != "from-env.yaml" || !f.quiet || !f.noColor || typed {
		t.Errorf("environment: %+v, %v, typed %v", f, err, typed)
	}
	if f, err := run("-i", "typed.yaml", "--quiet=false"); err != nil ||
		f.inventory != "typed.yaml" || f.quiet || !typed {
		t.Errorf("flags: %+v, %v", f, err)
	}
	t.Setenv("KBOOTSTRAP_QUIET", "perhaps")
	if _, err := run(); exitCode(err) != exitUsage {
		t.Errorf("a wrong value: %v", err)
	}
	if err := os.WriteFile(file, []byte("inventory: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := run(); exitCode(err) != exitUsage {
		t.Errorf("a broken file: %v", err)
	}
}
