package remote

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

// TestFindAgent looks for agents where an archive, a package and a build have them.
func TestFindAgent(t *testing.T) {
	for name, c := range map[string]struct{ program, agent, link string }{
		"a build":           {program: "bin/kbootstrap", agent: "bin/kbootstrap-linux-arm64"},
		"a renamed program": {program: "bin/kb", agent: "bin/kb-linux-arm64"},
		"a package":         {program: "usr/bin/kbootstrap", agent: "usr/lib/kbootstrap/kbootstrap-linux-arm64"},
		"a link to a package": {program: "cellar/1/bin/kbootstrap",
			agent: "cellar/1/lib/kbootstrap/kbootstrap-linux-arm64", link: "opt/bin/kbootstrap"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program, agent := filepath.Join(dir, c.program), filepath.Join(dir, c.agent)
			for _, path := range []string{program, agent, filepath.Join(dir, c.link)} {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			trial.Write(t, program, "", 0o755)
			trial.Write(t, agent, "", 0o755)
			if c.link != "" {
				link := filepath.Join(dir, c.link)
				if err := os.Symlink(program, link); err != nil {
					t.Fatal(err)
				}
				program = link
			}
			found, err := (&Agents{}).find(program, "arm64")
			if err != nil || found.path != agent {
				t.Errorf("%v, %v; want %s", found, err, agent)
			}
			_, err = (&Agents{}).find(program, "amd64")
			if fault.Of(err) != fault.AgentMachine || !strings.Contains(err.Error(), "kbootstrap-linux-amd64") {
				t.Errorf("amd64: %v", err)
			}
		})
	}
}
