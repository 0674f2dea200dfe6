package checkup

import (
	"fmt"
	"slices"
	"strings"
)

// upgrade finds an upgrade that is half done: some programs have the version of the inventory, and
// others do not.
func upgrade(s Scene) (string, []Problem) {
	wanted := strings.TrimPrefix(s.Cluster.Kubernetes, "v")
	begun := false
	var servers, kubelets, versions []string
	for _, h := range s.Hosts {
		for _, p := range []struct {
			found string
			names *[]string
		}{{h.Server, &servers}, {h.Kubelet, &kubelets}} {
			switch p.found {
			case "":
			case wanted:
				begun = true
			default:
				*p.names = append(*p.names, h.Name)
				if !slices.Contains(versions, "v"+p.found) {
					versions = append(versions, "v"+p.found)
				}
			}
		}
	}
	if !begun || len(versions) == 0 {
		return "", nil
	}
	var left []string
	if servers != nil {
		left = append(left, "the API servers of "+several(servers))
	}
	if kubelets != nil {
		left = append(left, "the kubelets of "+several(kubelets))
	}
	return "", []Problem{{
		Level: Warning, Area: Nodes,
		Text: fmt.Sprintf("an upgrade to %s is half done: %s have %s yet", s.Cluster.Kubernetes,
			strings.Join(left, " and "), strings.Join(versions, ", ")),
		Hint: "`kbootstrap upgrade` goes on",
	}}
}
