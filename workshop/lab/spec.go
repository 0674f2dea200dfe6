package lab

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Spec is what a lab should be.
type Spec struct {
	// Dir is where the lab lives: hosts.yaml, keys, state and the hosts' disks. It must be on a
	// real file system, not on overlayfs, because the hosts' root file systems are overlays on it.
	Dir string `json:"-"`
	// Name is the cluster's name in hosts.yaml; by default it is made from the last element of Dir.
	Name string `json:"name"`
	// ControlPlanes, Workers and Spare count the hosts: cp1…, w1… and s1…. Spares run, but are not
	// in hosts.yaml. A lab may begin without hosts.
	ControlPlanes int `json:"controlPlanes"`
	Workers       int `json:"workers"`
	Spare         int `json:"spare"`
	// Image is the system of the hosts, one of Images; Images has it by host where it is another.
	Image  string            `json:"image"`
	Images map[string]string `json:"images,omitempty"`
	// VM makes the hosts virtual machines, each with a kernel and a disk of its own.
	VM bool `json:"vm,omitempty"`
	// Kernel is that of virtual machines, one of Kernels; by default it is PackagedKernel.
	Kernel string `json:"kernel,omitempty"`
	// Kubernetes is the version written to hosts.yaml, such as "v1.36.3".
	Kubernetes string `json:"kubernetes"`
	// Mirror is the artifact directory written to hosts.yaml, together with its lock file,
	// artifacts.lock.
	Mirror string `json:"mirror"`
	// DualStack gives the hosts addresses of both families, and has hosts.yaml make a cluster of
	// both.
	DualStack bool `json:"dualStack,omitempty"`
	// Domain, when set, ends the names of the hosts: "example.lan" makes cp1.example.lan.
	Domain string `json:"domain,omitempty"`
	// Progress, when set, is told each step in a short line. It is called from one goroutine at a
	// time.
	Progress func(step string) `json:"-"`
}

// maxHosts is how many addresses the plan has: 192.168.56.11 to .250.
const maxHosts = 240

var (
	label      = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`) // RFC 1123
	subdomain  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	kubernetes = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
)

// complete fills in the defaults and makes the paths absolute.
func (s Spec) complete() (Spec, error) {
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return s, err
	}
	s.Dir = dir
	if s.Name == "" {
		s.Name = labelOf(filepath.Base(dir))
	}
	if s.Image == "" {
		s.Image = DefaultImage
	}
	if s.Mirror != "" {
		if s.Mirror, err = filepath.Abs(s.Mirror); err != nil {
			return s, err
		}
	}
	return s, s.validate()
}

// validate returns every problem of the spec at once.
func (s Spec) validate() error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !label.MatchString(s.Name) {
		problem("name %q is not an RFC 1123 label", s.Name)
	}
	if s.Domain != "" && !subdomain.MatchString(s.Domain) {
		problem("domain %q is not an RFC 1123 subdomain", s.Domain)
	}
	if s.ControlPlanes < 0 || s.Workers < 0 || s.Spare < 0 {
		problem("a number of hosts is negative")
	}
	if n := s.ControlPlanes + s.Workers + s.Spare; n > maxHosts {
		problem("%d hosts are more than the %d that a lab has addresses for", n, maxHosts)
	}
	names := map[string]bool{}
	for _, h := range planHosts(s) {
		names[h.Name] = true
	}
	if err := checkImage(s.Image); err != nil {
		problems = append(problems, err)
	}
	for _, host := range slices.Sorted(maps.Keys(s.Images)) {
		if !names[host] {
			problem("an image is named for %q, and the lab has no such host", host)
		}
		if err := checkImage(s.Images[host]); err != nil {
			problem("%s: %w", host, err)
		}
	}
	switch {
	case s.Kernel != "" && !s.VM:
		problem("a kernel is named, and the hosts are no virtual machines")
	case s.Kernel != "" && !slices.Contains(Kernels(), s.Kernel):
		problem("kernel %q is none of %s", s.Kernel, strings.Join(Kernels(), ", "))
	}
	if !kubernetes.MatchString(s.Kubernetes) {
		problem("kubernetes %q is not a version such as v1.36.3", s.Kubernetes)
	}
	// overlayfs separates its options with these, and the shell's escapes do not help there.
	if strings.ContainsAny(s.Dir, ":,\\\n") {
		problem("directory %q has a colon, comma, backslash or newline in its name", s.Dir)
	}
	return errors.Join(problems...)
}

// labelOf makes an RFC 1123 label out of a file name; "lab" when nothing usable is left.
func labelOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else {
			b.WriteByte('-')
		}
	}
	out := b.String()
	if len(out) > 63 {
		out = out[:63]
	}
	if out = strings.Trim(out, "-"); out == "" {
		return "lab"
	}
	return out
}

// kernel returns the kernel of virtual machines.
func (s Spec) kernel() string { return cmp.Or(s.Kernel, PackagedKernel) }

// sameShape reports whether both specs ask for the same hosts and the same hosts.yaml.
func (s Spec) sameShape(o Spec) bool {
	return s.Name == o.Name && s.ControlPlanes == o.ControlPlanes && s.Workers == o.Workers && s.Spare == o.Spare &&
		s.Image == o.Image && maps.Equal(s.Images, o.Images) && s.VM == o.VM && s.kernel() == o.kernel() &&
		s.Kubernetes == o.Kubernetes && s.Mirror == o.Mirror && s.DualStack == o.DualStack && s.Domain == o.Domain
}
