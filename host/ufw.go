package host

import (
	"context"

	"kbootstrap/host/surroundings"
)

// ufwChain is one of the chains that a ufw that filters has in the packet filter.
const ufwChain = "ufw-user-input"

// UFW reports whether ufw filters packets, now or from the next boot on. Its service says nothing
// about that: it counts as running wherever the package is.
func (s *System) UFW(ctx context.Context) bool { return gatherer{s.Root, ctx, s.Run}.ufw() }

// ufw asks the packet filter where ufw has noted that it is off: who was cut off in turning it off
// has left its rules.
func (g gatherer) ufw() bool {
	switch {
	case g.Program("ufw") == "":
		return false
	case surroundings.UFWStarts(g):
		return true
	case g.Program("iptables") == "":
		return false
	}
	_, err := g.run(g.ctx, "iptables", "-w", "-S", ufwChain)
	return err == nil
}
