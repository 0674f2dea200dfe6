package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"kbootstrap/host"
)

// NetLink is an interface of the network as the kernel itself tells it, with what holds of veth
// pairs and bridges.
type NetLink struct {
	Index  int
	Name   string
	Up     bool // as it was set, whether or not there is a carrier
	MAC    string
	Master int // the index of the bridge that it is a port of; 0 for none
	Peer   int // of a veth: the index of the other end, in the network namespace where that is
}

// NetLinks asks the kernel for all interfaces of the thread's network namespace.
func NetLinks() ([]NetLink, error) {
	data, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("ask for interfaces: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(data)
	if err != nil {
		return nil, fmt.Errorf("read interfaces: %w", err)
	}
	var links []NetLink
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWLINK || len(m.Data) < syscall.SizeofIfInfomsg {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return nil, fmt.Errorf("read interfaces: %w", err)
		}
		info := (*syscall.IfInfomsg)(unsafe.Pointer(&m.Data[0]))
		link := NetLink{Index: int(info.Index), Up: info.Flags&syscall.IFF_UP != 0}
		for _, a := range attributes {
			link.read(a)
		}
		links = append(links, link)
	}
	return links, nil
}

// read takes one attribute of an interface.
func (l *NetLink) read(a syscall.NetlinkRouteAttr) {
	number := func() int {
		if len(a.Value) < 4 {
			return 0
		}
		return int(*(*uint32)(unsafe.Pointer(&a.Value[0])))
	}
	switch a.Attr.Type {
	case unix.IFLA_IFNAME:
		l.Name = unix.ByteSliceToString(a.Value)
	case unix.IFLA_ADDRESS:
		l.MAC = net.HardwareAddr(a.Value).String()
	case unix.IFLA_MASTER:
		l.Master = number()
	case unix.IFLA_LINK:
		l.Peer = number()
	}
}

// AddressesOf are the IPv4 addresses of an interface, with the length of their networks. One that
// is gone by now has none.
func AddressesOf(name string) []netip.Prefix {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil
	}
	addresses, err := i.Addrs()
	if err != nil {
		return nil
	}
	var prefixes []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// InNetwork runs a function in another network namespace, given by its path, such as
// /proc/42/ns/net. A socket that the function opens stays in that namespace; whatever else is to
// happen there must happen in the same goroutine.
func InNetwork(path string, do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// The first thread of a process cannot end before the process, and would stay there.
			// While this goroutine holds it, the next one gets another.
			defer runtime.UnlockOSThread()
			done <- InNetwork(path, do)
			return
		}
		// The thread is never unlocked: the runtime ends it together with the goroutine, and no
		// other goroutine runs in that namespace by mistake.
		done <- func() error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("enter %s: %w", path, err)
			}
			return do()
		}()
	}()
	return <-done
}

// ErrNoInterface says that a network namespace has no interface of the name.
var ErrNoInterface = errors.New("no such interface")

// PodLink is the interface by which a pod is on the network of pods.
const PodLink = "eth0"

// LinkOf returns the pod's end of the pod's veth pair, and the IPv4 addresses on it.
func (s Sandbox) LinkOf(sys *host.System) (NetLink, []netip.Prefix, error) {
	var link NetLink
	var addresses []netip.Prefix
	err := InNetwork(s.Network(sys), func() error {
		links, err := NetLinks()
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Name == PodLink {
				link, addresses = l, AddressesOf(PodLink)
				return nil
			}
		}
		return ErrNoInterface
	})
	return link, addresses, err
}
