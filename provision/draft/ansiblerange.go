package draft

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxRange is how many hosts a pattern may stand for.
const maxRange = 10_000

// expandRange returns the names that a pattern such as node[01:03], db[a:c] or n[1:9:2] stands for.
func expandRange(pattern string) ([]string, error) {
	before, rest, ok := strings.Cut(pattern, "[")
	if !ok {
		if pattern == "" || strings.ContainsAny(pattern, " \t{}*]") {
			return nil, errors.New("a name has no blanks, braces or stars")
		}
		return []string{pattern}, nil
	}
	inside, after, ok := strings.Cut(rest, "]")
	if !ok {
		return nil, errors.New("a bracket is not closed")
	}
	middles, err := steps(inside)
	if err != nil {
		return nil, err
	}
	ends := []string{""}
	if after != "" {
		if ends, err = expandRange(after); err != nil {
			return nil, err
		}
	}
	if len(middles)*len(ends) > maxRange {
		return nil, fmt.Errorf("it stands for more than %d hosts", maxRange)
	}
	var names []string
	for _, middle := range middles {
		for _, end := range ends {
			names = append(names, before+middle+end)
		}
	}
	return names, nil
}

// steps returns what stands for a range: first:last or first:last:step, numbers or single letters.
// As many digits as the first number has, with its zeros, have all.
func steps(text string) ([]string, error) {
	bounds := strings.Split(text, ":")
	if len(bounds) < 2 || len(bounds) > 3 {
		return nil, fmt.Errorf("[%s] is no range such as [1:3]", text)
	}
	step := 1
	if len(bounds) == 3 {
		n, err := strconv.Atoi(bounds[2])
		if err != nil || n < 1 {
			return nil, fmt.Errorf("[%s]: %q is no step", text, bounds[2])
		}
		step = n
	}
	first, last := bounds[0], bounds[1]
	if first == "" {
		first = "0"
	}
	if len(first) == 1 && len(last) == 1 && first[0] >= 'A' && last[0] >= 'A' {
		var all []string
		for c := int(first[0]); c <= int(last[0]); c += step {
			all = append(all, string(rune(c)))
		}
		return nonEmpty(all, text)
	}
	from, err := strconv.Atoi(first)
	to, wrong := strconv.Atoi(last)
	if err != nil || wrong != nil || from < 0 || to-from > maxRange {
		return nil, fmt.Errorf("[%s] is no range such as [1:3]", text)
	}
	width := 0
	if first[0] == '0' {
		width = len(first)
	}
	var all []string
	for n := from; n <= to; n += step {
		all = append(all, fmt.Sprintf("%0*d", width, n))
	}
	return nonEmpty(all, text)
}

func nonEmpty(all []string, text string) ([]string, error) {
	if len(all) == 0 {
		return nil, fmt.Errorf("[%s] is a range without anything in it", text)
	}
	return all, nil
}
