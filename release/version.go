package release

import (
	"fmt"
	"regexp"
	"strconv"
)

var versionPattern = regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:\.\d{1,4})?(-[0-9A-Za-z.-]+)?$`)

// number is a version as numbers.
type number struct {
	major, minor, patch int
	pre                 string // "-rc.1"; empty for a release
}

// parseVersion reads "2.2.0", "3.9" or "2.3.0-rc.1", without a leading v. The text ends up in URLs
// and in paths, so nothing else is taken.
func parseVersion(s string) (number, error) {
	m := versionPattern.FindStringSubmatch(s)
	if m == nil {
		return number{}, fmt.Errorf("%q is not a version such as 1.2.3", s)
	}
	var n number
	for i, to := range []*int{&n.major, &n.minor, &n.patch} {
		if m[i+1] != "" {
			*to, _ = strconv.Atoi(m[i+1]) // at most four digits: the pattern says so
		}
	}
	n.pre = m[4]
	return n, nil
}

// less orders by number; a pre-release comes before its release, two pre-releases of one version
// are not ordered.
func (n number) less(o number) bool {
	switch {
	case n.major != o.major:
		return n.major < o.major
	case n.minor != o.minor:
		return n.minor < o.minor
	case n.patch != o.patch:
		return n.patch < o.patch
	}
	return n.pre != "" && o.pre == ""
}

// Compare orders two versions without a leading v; a text that is none comes first.
func Compare(a, b string) int {
	x, badX := parseVersion(a)
	y, badY := parseVersion(b)
	switch {
	case badX != nil && badY != nil:
		return 0
	case badX != nil || badY == nil && x.less(y):
		return -1
	case badY != nil || y.less(x):
		return 1
	}
	return 0
}
