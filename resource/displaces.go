package resource

import (
	"fmt"
	"strings"

	"kbootstrap/internal/human"
)

// Displaces names the file, or those of its keys that get another value.
func (f File) Displaces(wanted Resource) string {
	to, ok := wanted.(File)
	switch {
	case !ok || f.Absent:
		return ""
	case f.Target != "":
		return fmt.Sprintf("%s, a link to %s, would be replaced", f.Path, f.Target)
	case to.Absent:
		return f.Path + " would be removed"
	case !to.isKeyed():
		return f.Path + " would be replaced"
	}
	kept, readable := f.Foreign()
	lost := f.Lost(to)
	switch {
	case !readable:
		return f.Path + ", which is not valid JSON, would be replaced"
	case len(lost) == 0:
		return ""
	case len(kept) == 0:
		return fmt.Sprintf("%s in %s would be replaced", strings.Join(lost, ", "), f.Path)
	}
	return fmt.Sprintf("%s in %s would be replaced; %s would stay", strings.Join(lost, ", "), f.Path,
		strings.Join(kept, ", "))
}

// Displaces names the program or the link that another link takes the place of.
func (l Link) Displaces(wanted Resource) string {
	to, ok := wanted.(Link)
	switch {
	case !ok || l.Absent:
		return ""
	case l.Instead != nil:
		size := max(l.Instead.Size, int64(len(l.Instead.Content)))
		return fmt.Sprintf("%s, a file of %s, would be replaced by a link to %s", l.Path, human.Size(size), to.Target)
	}
	return fmt.Sprintf("%s, a link to %s, would lead to %s", l.Path, l.Target, to.Target)
}

// Displaces says that a service of another installation would be stopped, or started from our unit.
func (s Service) Displaces(wanted Resource) string {
	to, ok := wanted.(Service)
	switch {
	case !ok || !s.Running && !s.Enabled || s.Config != "":
		return ""
	case !to.Running:
		return s.Name + " would be stopped, and would not start at boot"
	case s.Running:
		return s.Name + ", which runs, would be restarted with a unit and a program of the tool"
	}
	return s.Name + ", which starts at boot, would start with a unit and a program of the tool"
}
