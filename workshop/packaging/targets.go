package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// target is a kind of control machine.
type target struct {
	os, arch string // as Go names them
}

func (t target) String() string { return t.os + "/" + t.arch }

// allTargets are the control machines that the tool is built for.
var allTargets = []target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// hostArchitectures are those of the hosts of clusters, all of which run Linux.
var hostArchitectures = []string{"amd64", "arm64"}

// chooseTargets reads a list of targets separated by commas; an empty one stands for all.
func chooseTargets(list string) ([]target, error) {
	if list == "" {
		return allTargets, nil
	}
	var chosen []target
	var problems []error
	for word := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(allTargets, func(t target) bool { return t.String() == word })
		if i < 0 {
			problems = append(problems, fmt.Errorf("the tool is not built for %q, but for %v", word, allTargets))
			continue
		}
		if !slices.Contains(chosen, allTargets[i]) {
			chosen = append(chosen, allTargets[i])
		}
	}
	return chosen, errors.Join(problems...)
}

// agents are the architectures of which the target needs the Linux program besides its own.
func (t target) agents() []string {
	return slices.DeleteFunc(slices.Clone(hostArchitectures), func(arch string) bool {
		return t.os == "linux" && t.arch == arch
	})
}

// program is what the tool is called on the target.
func (t target) program() string {
	if t.os == "windows" {
		return "kbootstrap.exe"
	}
	return "kbootstrap"
}

// file is the name of the target's archive: Windows itself opens zip.
func (r *release) file(t target) string {
	if t.os == "windows" {
		return r.archive(t) + ".zip"
	}
	return r.archive(t) + ".tar.gz"
}

// archive is the name of the target's archive, without its extension; it is also the directory
// within.
func (r *release) archive(t target) string {
	return "kbootstrap-" + r.version + "-" + t.os + "-" + t.arch
}
