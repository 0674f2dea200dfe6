package inventory

import (
	"path"
	"slices"
	"strings"

	"kbootstrap/fault"
)

// reaches reports whether a program can read what an argument names, and write what it is to write:
// its sandbox hides some directories, and lets it write in few.
func (r *reader) reaches(rule Rule, program Program, name string, v *node) bool {
	defer r.as(fault.ArgumentPath)()
	if dir := hiddenBy(program.Hidden, v.text); dir != "" {
		r.problemAt(v.line, v.column, "put the file elsewhere, such as in a directory of its own below /etc",
			"--%s of %s names a file in %s, which the sandbox of the service hides", name, program.Name, dir)
		return false
	}
	if rule.Writes && !slices.Contains([]string{"", "-"}, v.text) && !isPlaceForFiles(v.text) {
		r.problemAt(v.line, v.column, "use a directory of its own, such as /srv/audit",
			"--%s of %s is %q, where the service cannot write", name, program.Name, v.text)
		return false
	}
	return true
}

// hiddenBy returns the directory in which a value names a file; "" when it names none there.
func hiddenBy(hidden []string, value string) string {
	isEnd := func(c rune) bool { return strings.ContainsRune(",:=;", c) }
	for _, word := range strings.FieldsFunc(value, isEnd) {
		for _, dir := range hidden {
			if path.IsAbs(word) && isBelow(path.Clean(word), dir) {
				return dir
			}
		}
	}
	return ""
}

// isPlaceForFiles reports whether a service may write a file: in a directory that is neither the
// root nor the system's, which its sandbox has for reading only.
func isPlaceForFiles(file string) bool {
	dir := path.Dir(path.Clean(file))
	system := []string{"/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr",
		"/var/run"}
	isOf := func(s string) bool { return isBelow(dir, s) }
	return path.IsAbs(file) && dir != "/" && !slices.ContainsFunc(system, isOf)
}

// isBelow reports whether a path is a directory or in it.
func isBelow(file, dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") }
