package host

import (
	"net/netip"
	"strconv"
	"strings"
)

// Neighbour is another machine in a network of the host, as the kernel has heard of it.
type Neighbour struct {
	Address netip.Addr
	MAC     string // in lower case
}

// neighbours are those whose MAC address the kernel knows.
func (s surveyor) neighbours() []Neighbour {
	const complete = 0x2 // ATF_COM of if_arp.h
	var found []Neighbour
	for line := range strings.Lines(s.text("proc/net/arp")) {
		// IP address, HW type, Flags, HW address, Mask, Device
		fields := strings.Fields(line)
		if len(fields) < 6 {
			continue
		}
		address, err := netip.ParseAddr(fields[0])
		flags, errFlags := strconv.ParseUint(fields[2], 0, 16)
		if err == nil && errFlags == nil && flags&complete != 0 {
			found = append(found, Neighbour{address, strings.ToLower(fields[3])})
		}
	}
	return found
}
