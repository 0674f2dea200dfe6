package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/host/netns"
)

// A podDifference is something of the network of pods that does not agree, and what mends it.
type podDifference struct {
	text string
	part podPart
	key  string // of the remedy: what has the same one is mended together
	// deletes says that the remedy takes the bridge from all that is on it.
	deletes bool
	// remedy changes something, or reports that the time for that has not come.
	remedy func(ctx context.Context, sys *host.System) (ran bool, err error)
}

// podPart is a part of the network; each depends on those before it.
type podPart int

const (
	partLease podPart = iota
	partBridge
	partPods
)

// leftTolerance is how many addresses may be held for containers that are gone. The kubelet gives
// back what a boot has left; only so many that pods may find none are worth a change.
const leftTolerance = 32

// gateway is the address of the bridge: the first of the subnet.
func gateway(subnet netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(subnet.Masked().Addr().Next(), subnet.Bits())
}

// differences lists what does not agree, in the order in which it is to be mended.
func (f podFacts) differences(n PodNetwork) []podDifference {
	return slices.Concat(f.leaseDiffers(n), f.bridgeDiffers(), f.podsDiffer())
}

func (f podFacts) leaseDiffers(n PodNetwork) []podDifference {
	var list []podDifference
	differs := func(format string, args ...any) {
		list = append(list, podDifference{
			text: fmt.Sprintf(format, args...), part: partLease, key: flanneldUnit,
			remedy: restartSettled(flanneldUnit),
		})
	}
	at := gateway(f.subnet).String()
	switch f.lease {
	case at:
	case "":
		differs("flanneld holds no subnet, and the node's podCIDR is %s", f.subnet)
	default:
		differs("flanneld holds the subnet of %s, and the node's podCIDR is %s", f.lease, f.subnet)
	}
	switch f.config {
	case f.subnet.String():
	case "":
		differs("%s gives new pods no subnet, and the node's podCIDR is %s", n.Config, f.subnet)
	default:
		differs("%s gives new pods addresses of %s, and the node's podCIDR is %s", n.Config, f.config, f.subnet)
	}
	if f.publicIP != n.Address {
		differs("flannel's public-ip of the node is %s, and the host's address is %s", orNone(f.publicIP), n.Address)
	}
	if f.backendType == "" {
		differs("flannel's backend-type of the node is none, and other hosts ignore such a lease")
	}
	if !n.VXLAN {
		return list
	}
	var backend struct{ VtepMAC string }
	_ = json.Unmarshal([]byte(f.backendData), &backend) // what cannot be read names no MAC
	switch {
	case f.vtep == nil:
		differs("interface %s is not there", vtepName)
	case !f.vtep.Up:
		differs("interface %s is down", vtepName)
	case !strings.EqualFold(f.vtep.MAC, backend.VtepMAC):
		differs("interface %s has the MAC %s, and the node tells other hosts %s",
			vtepName, f.vtep.MAC, orNone(backend.VtepMAC))
	case !slices.Contains(f.vtepNets, netip.PrefixFrom(f.subnet.Masked().Addr(), 32)):
		differs("interface %s has %s, and not the address %s",
			vtepName, prefixes(f.vtepNets), f.subnet.Masked().Addr())
	}
	return list
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func prefixes(list []netip.Prefix) string {
	if len(list) == 0 {
		return "no address"
	}
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

func (f podFacts) bridgeDiffers() []podDifference {
	if f.bridge == nil {
		return nil // the first pod brings it about
	}
	if !slices.Equal(f.bridgeNets, []netip.Prefix{gateway(f.subnet)}) && len(f.bridgeNets) > 0 {
		return []podDifference{{
			text: fmt.Sprintf("interface %s has %s, and not %s, so no new pod starts",
				Bridge, prefixes(f.bridgeNets), gateway(f.subnet)),
			part: partBridge, key: Bridge, deletes: true, remedy: runs("ip", "link", "delete", "dev", Bridge),
		}}
	}
	if !f.bridge.Up {
		return []podDifference{{
			text: "interface " + Bridge + " is down",
			part: partBridge, key: Bridge, remedy: runs("ip", "link", "set", "dev", Bridge, "up"),
		}}
	}
	return nil
}

func (f podFacts) podsDiffer() []podDifference {
	var list []podDifference
	for _, p := range f.pods {
		why := f.stranded(p)
		if why == "" {
			continue
		}
		list = append(list, podDifference{
			text: p.name + " " + why + "; it needs a new sandbox",
			part: partPods, key: fmt.Sprintf("sandbox %d", p.PID),
			remedy: func(_ context.Context, sys *host.System) (bool, error) {
				return true, sys.Signal(p.PID, syscall.SIGKILL)
			},
		})
	}
	if f.leftBehind > leftTolerance {
		list = append(list, podDifference{
			text: fmt.Sprintf("%d of %d addresses in %s are held for containers that are gone",
				f.leftBehind, f.addresses, TakenDir),
			part: partPods, key: TakenDir,
			remedy: func(_ context.Context, sys *host.System) (bool, error) {
				// As many as need be, so that a run which was cut off has the same end.
				for _, path := range f.leftFiles[leftTolerance:] {
					if err := sys.Remove(sys.Path(path)); err != nil && !host.Absent(err) {
						return false, err
					}
				}
				return true, sys.Sync(sys.Path(TakenDir))
			},
		})
	}
	return list
}

// stranded tells why a pod that runs is not on the network.
func (f podFacts) stranded(p podOnHost) string {
	onBridge := slices.ContainsFunc(f.ports, func(port netns.NetLink) bool { return port.Index == p.peer })
	switch {
	case len(p.addresses) > 0 && !f.subnet.Contains(p.addresses[0].Addr()):
		return fmt.Sprintf("runs with the address %s, which is not of %s", p.addresses[0].Addr(), f.subnet)
	case !onBridge:
		return "runs, and its interface is not on " + Bridge
	}
	return ""
}

// patience is how long a port of the bridge may be one that no pod has: that of a pod which is
// starting.
const patience = 5 * time.Second

// mayDelete reports whether the bridge may be deleted: not while it carries what no pod of the
// kubelet has. When that stays, it is a container of another program, which is an error. Seen is
// when each such port was seen first.
func (f podFacts) mayDelete(seen map[int]time.Time) (bool, error) {
	var names []string
	oldest := time.Duration(0)
	for _, port := range f.ports {
		if slices.ContainsFunc(f.pods, func(p podOnHost) bool { return p.peer == port.Index }) {
			continue
		}
		if seen[port.Index].IsZero() {
			seen[port.Index] = time.Now()
		}
		names = append(names, port.Name)
		oldest = max(oldest, time.Since(seen[port.Index]))
	}
	if oldest < patience {
		return len(names) == 0, nil
	}
	return false, fault.BridgeInUse.Errorf(
		"interface %s has %s, and not %s, and carries %s, of containers that are not this cluster's",
		Bridge, prefixes(f.bridgeNets), gateway(f.subnet), strings.Join(names, ", "))
}

// runs is a remedy that is one command.
func runs(argv ...string) func(context.Context, *host.System) (bool, error) {
	return func(ctx context.Context, sys *host.System) (bool, error) {
		_, err := sys.Change(ctx, argv...)
		return err == nil, err
	}
}

// restartSettled is a remedy that restarts a unit.
func restartSettled(unit string) func(context.Context, *host.System) (bool, error) {
	return func(ctx context.Context, sys *host.System) (bool, error) { return restart(ctx, sys, unit, settled) }
}
