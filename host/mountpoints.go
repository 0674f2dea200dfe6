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
