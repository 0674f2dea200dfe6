package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"kbootstrap/internal/atomic"
)

// Add boots one more worker and returns it. The name is the next free one of w1…, or of s1… for a
// spare, when it is empty; the address is the next free one unless it is given, and the image that
// of the lab. A host that is not a spare is appended to hosts.yaml, the rest of which stays as the
// user left it.
func (l *Lab) Add(ctx context.Context, name string, address netip.Addr, spare bool, image string) (Host, error) {
	var added Host
	err := l.change(func(s *state) error {
		h, err := s.nextHost(name, address, spare)
		if err != nil {
			return err
		}
		h.Image = cmp.Or(image, s.Spec.Image)
		if err := checkImage(h.Image); err != nil {
			return err
		}
		roots, err := baseRoots(ctx, []string{h.Image}, s.Spec.progress)
		if err != nil {
			return err
		}
		err = s.addHost(ctx, h, roots[h.Image])
		if err == nil {
			err = s.start(ctx, []*hostState{&s.Hosts[len(s.Hosts)-1]})
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", h.Name, err), s.removeHost(context.WithoutCancel(ctx), h.Name))
		}
		last, err := s.host(h.Name)
		if err != nil {
			return err
		}
		added = last.Host
		added.Running = true
		if err := s.writeKnownHosts(); err != nil || spare {
			return err
		}
		return appendFile(l.Inventory(), added.Snippet())
	})
	return added, err
}

// nextHost plans a host with a name and an address that are free.
func (s state) nextHost(name string, wanted netip.Addr, spare bool) (Host, error) {
	used := func(f func(hostState) bool) bool { return slices.ContainsFunc(s.Hosts, f) }
	named := func(name string) bool { return used(func(h hostState) bool { return h.Name == name }) }
	prefix := "w"
	if spare {
		prefix = "s"
	}
	for i := 1; name == ""; i++ {
		if n := s.Spec.inDomain(fmt.Sprintf("%s%d", prefix, i)); !named(n) {
			name = n
		}
	}
	if !subdomain.MatchString(name) {
		return Host{}, fmt.Errorf("name %q is not an RFC 1123 subdomain", name)
	}
	if named(name) {
		return Host{}, fmt.Errorf("there is a host %q already", name)
	}
	for i := range maxHosts {
		address := addressOf(i)
		if wanted.IsValid() && address != wanted {
			continue
		}
		if !used(func(h hostState) bool { return h.Address == address }) {
			h := Host{Name: name, Address: address, Roles: []string{"worker"}, Spare: spare}
			if s.Spec.DualStack {
				h.IPv6 = ipv6Of(address)
			}
			return h, nil
		}
	}
	if wanted.IsValid() {
		return Host{}, fmt.Errorf("the address %s is taken, or is none of %s to %s", wanted, addressOf(0),
			addressOf(maxHosts-1))
	}
	return Host{}, fmt.Errorf("no address is free")
}

func appendFile(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := len(old); n > 0 && old[n-1] != '\n' {
		text = "\n" + text
	}
	return atomic.WriteFile(path, append(old, text...), 0o644)
}
