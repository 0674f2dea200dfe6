package components

import (
	"context"
	"os"
	"path/filepath"
)

// moduleCopy is a published module that is compiled in a copy, next to the lab's own module, whose
// go.mod replaces it by the copy's directory. Files of the lab's own may take the place of what it
// is without: the compiler lays nothing over the modules that it keeps itself.
type moduleCopy struct {
	To      string // the copy's directory below the lab's module
	Path    string // "github.com/go-acme/lego/v5"
	Version string
	Without string // a directory of the module that is left out
}

// writeCopies makes the copies of other modules.
func (g goModule) writeCopies(ctx context.Context, work string) error {
	for _, c := range g.Copies {
		published, err := (goModule{Path: c.Path, Version: c.Version}).download(ctx, work)
		if err != nil {
			return err
		}
		to := filepath.Join(work, c.To)
		if err := os.CopyFS(to, os.DirFS(published.Dir)); err != nil {
			return err
		}
		if c.Without == "" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(to, c.Without)); err != nil {
			return err
		}
	}
	return nil
}
