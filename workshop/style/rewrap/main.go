// Command rewrap breaks the lines of comments where STYLE.md wants them: run it from the root of
// the repository.
//
//	go run ./workshop/style/rewrap            # names what it would change, and what it cannot
//	go run ./workshop/style/rewrap -w         # changes it
//	go run ./workshop/style/rewrap -w report  # in one room only
//
// It changes no word and no code, and a second run changes nothing. What is left to be done by hand
// is named with the lines as they are numbered after the change. Start at rewrap.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

func main() {
	write := flag.Bool("w", false, "write the files, and do not only name them")
	flag.Parse()
	if err := run(*write, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "rewrap:", err)
		os.Exit(1)
	}
}

func run(write bool, rooms []string) error {
	files, err := tree.Read(".")
	if err != nil {
		return err
	}
	changed := 0
	for _, f := range files {
		if f.Generated || !isWanted(f.Path, rooms) {
			continue
		}
		text, left, err := rewrap(f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
		if err := report(f.Path, text, left); err != nil {
			return err
		}
		if string(text) == string(f.Text) {
			continue
		}
		changed++
		if !write {
			fmt.Println(f.Path)
		} else if err := overwrite(f.Path, text); err != nil {
			return err
		}
	}
	fmt.Printf("%d files of %d\n", changed, len(files))
	return nil
}

// report prints what is left to be done by hand in the new text of a file.
func report(path string, text []byte, left []int) error {
	for _, line := range left {
		fmt.Printf("%s:%d: by hand: the comment after this line cannot be moved above it\n", path, line)
	}
	after, err := tree.Parse(path, text)
	if err != nil {
		return err
	}
	for _, found := range style.Check(after, nil) {
		if found.Rule == style.CommentColumns {
			fmt.Printf("%s:%d: by hand: %s\n", found.Path, found.Line, found.Text)
		}
	}
	return nil
}

// isWanted reports whether a file lies in one of the rooms; without rooms all do.
func isWanted(file string, rooms []string) bool {
	for _, room := range rooms {
		if tree.Within(file, filepath.ToSlash(filepath.Clean(room))) {
			return true
		}
	}
	return len(rooms) == 0
}

// overwrite writes a file that exists, and leaves its mode as it is.
func overwrite(name string, text []byte) error {
	f, err := os.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Close()
}
