package audit

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
)

// places finds the files that a check is about. Why says what was looked for if there are none.
type places func(Scene, Host) (found []host.Inspected, why string)

// at are files by patterns, of those that were inspected.
func at(patterns ...string) places {
	return func(_ Scene, h Host) ([]host.Inspected, string) {
		var found []host.Inspected
		for _, f := range h.Inspection.Files {
			if slices.ContainsFunc(patterns, func(p string) bool { return matches(p, f.Path) }) {
				found = append(found, f)
			}
		}
		return found, "there is no " + strings.Join(patterns, ", ")
	}
}

// matches reports whether a path is meant by a pattern, in which /** is all that is below.
func matches(pattern, path string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/**"); ok {
		return path == dir || strings.HasPrefix(path, dir+"/")
	}
	if dir, name, ok := strings.Cut(pattern, "/**/"); ok {
		ok, _ := filepath.Match(name, filepath.Base(path)) // a pattern of ours is a good one
		return ok && strings.HasPrefix(path, dir+"/")
	}
	ok, _ := filepath.Match(pattern, path) // as above
	return ok
}

// unitFiles are the file of a unit, and its drop-ins in /etc and /run.
func unitFiles(unit string) places {
	return func(_ Scene, h Host) ([]host.Inspected, string) {
		var found []host.Inspected
		for _, u := range h.Inspection.Units {
			if u.Name != unit {
				continue
			}
			for _, path := range append([]string{u.Path}, u.DropIns...) {
				isOwn := path == u.Path || strings.Contains(path, "/"+unit+".d/")
				if f, ok := h.Inspection.File(path); ok && isOwn {
					found = append(found, f)
				}
			}
		}
		return found, "systemd knows no file of " + unit
	}
}

// named are the files that flags of the processes of a program name.
func named(program string, flags ...string) places {
	return func(_ Scene, h Host) ([]host.Inspected, string) {
		var found []host.Inspected
		for _, p := range h.Inspection.Daemons(program) {
			for _, name := range flags {
				value, set := flagOf(p, name)
				f, ok := h.Inspection.File(filepath.Clean(value))
				isNew := !slices.ContainsFunc(found, func(g host.Inspected) bool { return g.Path == f.Path })
				if set && ok && isNew {
					found = append(found, f)
				}
			}
		}
		return found, "no process of " + program + " names a file with --" + strings.Join(flags, ", --")
	}
}

// both are the files of several places.
func both(list ...places) places {
	return func(s Scene, h Host) ([]host.Inspected, string) {
		var found []host.Inspected
		var why []string
		for _, p := range list {
			files, none := p(s, h)
			for _, f := range files {
				if !slices.ContainsFunc(found, func(g host.Inspected) bool { return g.Path == f.Path }) {
					found = append(found, f)
				}
			}
			if len(files) == 0 {
				why = append(why, none)
			}
		}
		return found, strings.Join(why, ", and ")
	}
}

// inspect judges files, and names those that are not as they should be.
func inspect(where places, none Result, what string, ok func(host.Inspected) string) func(Scene, Host) Verdict {
	return func(s Scene, h Host) Verdict {
		found, why := where(s, h)
		if len(found) == 0 {
			return Verdict{none, why}
		}
		var wrong, unread []string
		for _, f := range found {
			if f.Err != "" {
				unread = append(unread, f.Path+": "+f.Err)
			} else if problem := ok(f); problem != "" {
				wrong = append(wrong, f.Path+" "+problem)
			}
		}
		switch {
		case len(wrong) > 0:
			return fail(some(wrong, ", "))
		case len(unread) > 0:
			return unknown(some(unread, ", "))
		case len(found) == 1:
			return pass(fmt.Sprintf("%s is %04o %s", found[0].Path, found[0].Mode.Perm(), found[0].Owner))
		}
		return pass(fmt.Sprintf("%d files are %s, such as %s", len(found), what, found[0].Path))
	}
}

// mode asks that files give no more rights than a mode does. Missing files are unknown.
func mode(most fs.FileMode, where places) func(Scene, Host) Verdict {
	return modeOr(Unknown, most, where)
}

// modeOr is mode, with another result where there are no files.
func modeOr(none Result, most fs.FileMode, where places) func(Scene, Host) Verdict {
	return inspect(where, none, fmt.Sprintf("%04o or stricter", most), func(f host.Inspected) string {
		if f.Mode.Perm()&^most != 0 {
			return fmt.Sprintf("is %04o, and %04o is the most", f.Mode.Perm(), most)
		}
		return ""
	})
}

// regular leaves out directories.
func regular(where places) places {
	return func(s Scene, h Host) ([]host.Inspected, string) {
		found, why := where(s, h)
		return slices.DeleteFunc(found, func(f host.Inspected) bool { return f.Mode.IsDir() }), why
	}
}

// owner asks for an owner.
func owner(wanted string, where places) func(Scene, Host) Verdict {
	return ownerOr(Unknown, wanted, where)
}

func ownerOr(none Result, wanted string, where places) func(Scene, Host) Verdict {
	return inspect(where, none, "owned by "+wanted, func(f host.Inspected) string {
		if f.Owner != wanted {
			return "belongs to " + f.Owner + " instead of " + wanted
		}
		return ""
	})
}
