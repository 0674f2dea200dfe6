package host

import (
	"context"
	"slices"
	"sync"
	"time"
)

// InspectionQuery says what an Inspection is to look at. Paths are those of the host, and may be
// patterns as path.Match has them; a path that ends with "/**" is a directory and all that is
// below it.
type InspectionQuery struct {
	Programs  []string // the names of executables whose processes are wanted
	Variables []string // the beginnings of the names of variables that are settings of these
	Files     []string // whose modes and owners are wanted
	Documents []string // files in YAML or JSON whose content is wanted, without secrets
	// DocumentFlags are the flags of the programs that name such a document.
	DocumentFlags []string
	Units         []string
}

// Inspection is what a host shows for an audit. Secrets are not in it.
type Inspection struct {
	Now       time.Time // the clock of the host
	Processes []Daemon  // those of the programs, except for processes in pods
	// Files are those that exist of the asked files, of the documents, of the processes'
	// executables, and of the files that their flags name. They are in the order of their paths.
	Files     []Inspected
	Documents []Document
	Units     []Unit // one for each asked unit, in their order
	UnitsErr  string // why there are none
}

// Daemons returns the processes of a program.
func (i Inspection) Daemons(program string) []Daemon {
	var found []Daemon
	for _, p := range i.Processes {
		if p.Program == program {
			found = append(found, p)
		}
	}
	return found
}

// File returns a file by its path.
func (i Inspection) File(path string) (Inspected, bool) {
	at, ok := slices.BinarySearchFunc(i.Files, path, func(f Inspected, path string) int {
		switch {
		case f.Path < path:
			return -1
		case f.Path > path:
			return 1
		}
		return 0
	})
	if !ok {
		return Inspected{}, false
	}
	return i.Files[at], true
}

// Document returns a document by its path.
func (i Inspection) Document(path string) (Document, bool) {
	at := slices.IndexFunc(i.Documents, func(d Document) bool { return d.Path == path })
	if at < 0 {
		return Document{}, false
	}
	return i.Documents[at], true
}

// Inspect looks at processes, files and units. It changes nothing, and starts one program,
// systemctl.
func (s *System) Inspect(ctx context.Context, q InspectionQuery) Inspection {
	found := Inspection{Now: time.Now()}
	look := surveyor{s.Root, ctx, s.Run}
	var wg sync.WaitGroup
	wg.Go(func() {
		if len(q.Units) == 0 {
			return
		}
		units, err := s.Units(ctx, q.Units...)
		if err != nil {
			found.UnitsErr = err.Error()
		}
		found.Units = units
	})
	wg.Go(func() {
		found.Processes = look.processes(q)
		documents := look.expand(q.Documents)
		files := append(look.expand(q.Files), documents...)
		for _, p := range found.Processes {
			files = append(files, p.Path)
			for _, f := range p.Flags() {
				paths := f.paths()
				files = append(files, paths...)
				if slices.Contains(q.DocumentFlags, f.Name) {
					documents = append(documents, paths...)
				}
			}
		}
		for _, path := range distinct(documents) {
			if d, ok := look.document(path); ok {
				found.Documents = append(found.Documents, d)
			}
		}
		for _, path := range distinct(files) {
			if f, ok := look.inspected(path); ok {
				found.Files = append(found.Files, f)
			}
		}
	})
	wg.Wait()
	return found
}

func distinct(paths []string) []string { return slices.Compact(slices.Sorted(slices.Values(paths))) }
