package netns

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
