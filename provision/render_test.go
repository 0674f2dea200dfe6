package provision

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"

	"kbootstrap/provision/resource"
)

// diff is the line diff of two texts, without the numbers of the lines; empty when they are equal.
func diff(a, b string) string {
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: difflib.SplitLines(a), B: difflib.SplitLines(b), Context: 1,
	})
	if err != nil {
		return err.Error()
	}
	return lineNumbers.ReplaceAllString(text, "@@\n")
}

// lineNumbers would make each change of a golden file one of everything below.
var lineNumbers = regexp.MustCompile(`(?m)^@@ .*\n`)

// render is all that a plan says of one host. What differs in each run stands as a word in angle brackets: key material,
// and with it the digests of the services that start with some.
func render(p Plan, host string) string {
	var b strings.Builder
	for _, s := range p.Steps {
		if s.Target.Host.Name == host {
			fmt.Fprintf(&b, "%s:\n%s", s.Component.Name, renderStep(s))
		}
	}
	return b.String()
}

// renderBeside is what a plan says of a host, told by what differs in each component from another host, maybe of another
// plan. A component that the other has not is told whole.
func renderBeside(p Plan, host string, other Plan, otherHost string) string {
	known, same := map[string]string{}, map[string]bool{}
	for _, s := range other.Steps {
		if s.Target.Host.Name == otherHost {
			known[s.Component.Name] = renderStep(s)
		}
	}
	var b strings.Builder
	for _, s := range p.Steps {
		if s.Target.Host.Name != host {
			continue
		}
		name, text := s.Component.Name, renderStep(s)
		before, ok := known[name]
		delete(known, name)
		switch {
		case !ok:
			fmt.Fprintf(&b, "%s:\n%s", name, text)
		case before == text:
			same[name] = true
		default:
			fmt.Fprintf(&b, "%s differs:\n%s", name, diff(before, text))
		}
	}
	fmt.Fprintf(&b, "the same: %s\nnot here: %s\n",
		strings.Join(slices.Sorted(maps.Keys(same)), " "), strings.Join(slices.Sorted(maps.Keys(known)), " "))
	return b.String()
}

func renderStep(s Step) string {
	var b strings.Builder
	keys := keyPaths(s.Target)
	for _, r := range s.Wanted {
		fmt.Fprintf(&b, "  %s%s\n", r.ID(), details(r))
		for line := range strings.Lines(stateText(r, keys)) {
			fmt.Fprintf(&b, "      %s", line)
		}
	}
	return b.String()
}

// stateText is the state of a resource without what differs in each run.
func stateText(r resource.Resource, keys []string) string {
	switch r := r.(type) {
	case resource.File:
		if slices.Contains(keys, r.Path) {
			secret := r.Secret
			r.Content, r.Secret = nil, false
			text := strings.TrimSuffix(r.State(), "empty\n")
			if secret {
				return text + "<secret>\n"
			}
			return text + "<certificate or public key>\n"
		}
	case resource.Service:
		if r.Config != "" {
			r.Config = "<digest>"
		}
		return r.State()
	}
	return r.State()
}

// details are what State does not say, since it is no property of the host, but decides what happens.
func details(r resource.Resource) string {
	switch r := r.(type) {
	case resource.Ready:
		text := fmt.Sprintf(": %s within %s", r.URL, r.Timeout)
		if r.Expect != "" {
			text += fmt.Sprintf(", says %q", r.Expect)
		}
		if r.Cert != "" {
			text += ", as " + filepath.Base(r.Cert)
		}
		if r.Unit != "" {
			text += ", see " + r.Unit
		}
		return text
	case resource.Member:
		return fmt.Sprintf(": in %s, new %t", r.DataDir, r.New)
	case resource.Package:
		return fmt.Sprintf(": apt %s, yum %s", r.Apt, r.Yum)
	case resource.Object:
		return ": with " + filepath.Base(r.Kubeconfig)
	case resource.NodeStatus:
		return fmt.Sprintf(": with %s within %s", filepath.Base(r.Kubeconfig), r.Timeout)
	case resource.Node:
		return fmt.Sprintf(": with %s within %s", filepath.Base(r.Kubeconfig), r.Timeout)
	}
	return ""
}

// keyPaths are the files of key material on a host.
func keyPaths(t Target) []string {
	var paths []string
	for _, component := range []string{
		"pki", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "flannel", "admin",
	} {
		for _, f := range t.PKI.Files(t.Host, component) {
			paths = append(paths, f.Path)
		}
	}
	return paths
}
