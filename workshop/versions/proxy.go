package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"kbootstrap/release"
)

// askTimeout bounds how long the module proxy may take for all questions together.
const askTimeout = 2 * time.Minute

// ask has the go command list the published versions of each module, all at the same time. What
// cannot be asked is said, and missing in the table.
func ask(ctx context.Context, all []*pin) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var questions sync.WaitGroup
	for _, p := range all {
		if p.module == "" {
			continue
		}
		questions.Go(func() {
			versions, err := published(ctx, p.module)
			if err != nil {
				fmt.Fprintf(os.Stderr, "versions: %s: %v\n", p.module, err)
				return
			}
			p.patch = newestOf(versions, release.Branch(p.version))
			if len(versions) > 0 {
				p.newest = versions[0]
			}
		})
	}
	questions.Wait()
}

// published are the released versions of a module, newest first.
func published(ctx context.Context, module string) ([]string, error) {
	c := exec.CommandContext(ctx, "go", "list", "-m", "-versions", module)
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	c.Dir = os.TempDir() // outside of the project, whose go.mod need not have the module
	var complaint bytes.Buffer
	c.Stderr = &complaint
	text, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return parsePublished(string(text)), nil
}

// parsePublished reads the line of the go command: the module, and its versions with a blank
// between. Versions from before a project had modules end in +incompatible.
func parsePublished(line string) []string {
	fields := strings.Fields(line)
	for i := range fields {
		fields[i] = strings.TrimSuffix(fields[i], "+incompatible")
	}
	return release.Newest(fields)
}
