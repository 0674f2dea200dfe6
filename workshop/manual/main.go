// Command manual writes down which flags, feature gates and admission plugins the releases of the
// programs have: release/manual/*.txt. It reads the published source of each release, follows the
// functions that build the command line, and builds nothing. Run it as
//
//	go run ./workshop/manual
//
// For the next minor version of Kubernetes, add its row to releases.go first.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	out := flag.String("o", "release/manual", "the directory that gets the files")
	only := flag.String("only", "", "print what one release has instead, such as kubelet@1.36")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := write(ctx, *out, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// write reads all releases and writes the files, or prints one release.
func write(ctx context.Context, dir, only string) error {
	book, shelf := newBook(), newShelf()
	for _, r := range releases() {
		if only != "" && only != r.program+"@"+r.line {
			continue
		}
		names, err := r.read(ctx, shelf)
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.program, r.line, err)
		}
		book.add(r, names)
	}
	if only != "" {
		fmt.Print(book.text())
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "manual.txt"), []byte(book.text()), 0o644)
}
