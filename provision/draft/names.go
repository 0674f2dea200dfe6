package draft

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Names returns the hosts that are meant by words such as one types after ssh: a name, an address,
// or user@host:port. The key, which may be empty, is the one to log in with.
func Names(words []string, key string) (Source, error) {
	s := Source{Title: "--from ssh"}
	var wrong []error
	seen := map[string]bool{}
	for _, word := range words {
		j, err := inventory.ParseJump(word)
		name := j.Address
		if j.Port != 0 {
			name = net.JoinHostPort(j.Address, strconv.Itoa(j.Port))
		}
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%q is no host: %w", word, err))
			continue
		case seen[name]:
			wrong = append(wrong, fmt.Errorf("%s is named twice", name))
			continue
		}
		seen[name] = true
		h := Host{Name: name, SSH: inventory.SSH{Address: j.Address, Port: j.Port, User: j.User, Key: key}}
		s.Hosts = append(s.Hosts, h)
	}
	if wrong != nil {
		return s, &fault.Error{Code: fault.ForeignInventory, Err: errors.Join(wrong...),
			Advice: "write each host as user@host:port; the user and the port may be left out"}
	}
	return s, nil
}

// isAddress reports whether a text is an address and no name.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
