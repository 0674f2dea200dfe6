package host

import (
	"strconv"
	"strings"
)

// UnescapeOctal reads the kernel's spelling of blanks in paths: \040.
func UnescapeOctal(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// MountPoints lists all mount points, in the order in which they were mounted.
func (r Root) MountPoints() ([]string, error) {
	list, err := r.Read("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(list) {
		// ID, parent's ID, device, root, mount point, …
		if fields := strings.Fields(line); len(fields) > 4 {
			points = append(points, UnescapeOctal(fields[4]))
		}
	}
	return points, nil
}

// MountedAt returns the source of what was mounted last on a path, such as "/dev/sdb1" or
// "192.168.56.20:/srv/nfs"; "" if nothing is.
func (r Root) MountedAt(path string) (string, error) {
	list, err := r.Read("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	source := ""
	for line := range strings.Lines(list) {
		// …, mount point, options, any number of fields, "-", type, source, … (proc(5))
		mount, system, _ := strings.Cut(line, " - ")
		at, of := strings.Fields(mount), strings.Fields(system)
		if len(at) > 4 && len(of) > 1 && UnescapeOctal(at[4]) == path {
			source = UnescapeOctal(of[1])
		}
	}
	return source, nil
}
