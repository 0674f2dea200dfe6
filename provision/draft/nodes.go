package draft

import (
	"fmt"
	"regexp"
	"strings"

	"kbootstrap/host"
)

var notLabel = regexp.MustCompile(`[^a-z0-9-]+`)

// nodeNames returns the names of the nodes: those of the source if they are names, else what the
// hosts call themselves, else what is left of the way to them. Each is a label, and no two are the
// same.
func nodeNames(hosts []Host, facts map[string]host.Facts) []string {
	names, used := make([]string, len(hosts)), map[string]bool{}
	called := map[string]int{}
	for _, h := range hosts {
		called[label(facts[h.Name].Hostname)]++
	}
	for i, h := range hosts {
		own := label(facts[h.Name].Hostname)
		switch {
		case h.IsNamed:
			names[i] = label(h.Name)
		case own != "" && own != "localhost" && called[own] == 1:
			names[i] = own
		case !isAddress(h.SSH.Address):
			names[i] = label(h.SSH.Address)
		}
		if names[i] == "localhost" {
			names[i] = ""
		}
	}
	for i, name := range names {
		if used[name] {
			names[i] = ""
		}
		used[name] = true
	}
	for i := range names {
		for n := i + 1; names[i] == ""; n++ {
			if name := fmt.Sprintf("node%d", n); !used[name] {
				names[i], used[name] = name, true
			}
		}
	}
	return names
}

// label makes an RFC 1123 label of a name: its first part, in small letters.
func label(name string) string {
	first, _, _ := strings.Cut(strings.ToLower(name), ".")
	first = strings.Trim(notLabel.ReplaceAllString(first, "-"), "-")
	return strings.Trim(first[:min(len(first), 63)], "-")
}
