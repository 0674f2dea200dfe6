package surroundings

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	netlinkHeader = unix.SizeofNlMsghdr
	nfgenHeader   = 4 // struct nfgenmsg: family, version, resource
	netlinkWait   = 2 // seconds; the kernel answers at once
)

// errNetlink is an answer of the kernel that cannot be read.
var errNetlink = errors.New("unreadable answer of the kernel")

// An attribute is a part of a message, by its number.
type attribute struct {
	kind  uint16
	value []byte
}

// askNFTables asks the kernel for all things of nf_tables of one kind, such as
// unix.NFT_MSG_GETCHAIN, in a family of tables, with what they are to have.
func askNFTables(kind uint16, family byte, which ...attribute) ([]nftAnswer, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	wait := unix.Timeval{Sec: netlinkWait}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return nil, err
	}
	request := make([]byte, netlinkHeader+nfgenHeader)
	request[netlinkHeader] = family
	order := binary.NativeEndian
	for _, a := range which {
		request = order.AppendUint16(request, uint16(unix.SizeofNlAttr+len(a.value)))
		request = order.AppendUint16(request, a.kind)
		request = append(request, a.value...)
		request = append(request, make([]byte, align4(len(a.value))-len(a.value))...)
	}
	order.PutUint32(request[0:], uint32(len(request)))
	order.PutUint16(request[4:], unix.NFNL_SUBSYS_NFTABLES<<8|kind)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	var all []nftAnswer
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err != nil {
			return nil, err
		}
		answers, done, err := readNetlink(buffer[:n])
		if all = append(all, answers...); done || err != nil {
			return all, err
		}
	}
}

// readNetlink reads the messages of one datagram, and reports whether the answer ends with it.
func readNetlink(data []byte) (answers []nftAnswer, done bool, err error) {
	order := binary.NativeEndian
	for len(data) >= netlinkHeader {
		size := int(order.Uint32(data))
		if size < netlinkHeader || size > len(data) {
			return nil, false, errNetlink
		}
		body := data[netlinkHeader:size]
		switch order.Uint16(data[4:]) {
		case unix.NLMSG_DONE:
			return answers, true, nil
		case unix.NLMSG_ERROR:
			if len(body) < 4 {
				return nil, false, errNetlink
			}
			return nil, false, fmt.Errorf("nf_tables: %w", unix.Errno(-int32(order.Uint32(body))))
		}
		if len(body) >= nfgenHeader {
			// The attributes outlive the buffer.
			answers = append(answers, nftAnswer{body[0], attributesOf(append([]byte(nil), body[nfgenHeader:]...))})
		}
		data = data[min(align4(size), len(data)):]
	}
	return answers, false, nil
}

// attributesOf reads attributes, which may lie within another one. Each kind is there once.
func attributesOf(data []byte) map[uint16][]byte {
	found := map[uint16][]byte{}
	for _, a := range listOf(data) {
		found[a.kind] = a.value
	}
	return found
}

// listOf reads attributes in their order.
func listOf(data []byte) []attribute {
	order := binary.NativeEndian
	var all []attribute
	for len(data) >= unix.SizeofNlAttr {
		size := int(order.Uint16(data))
		if size < unix.SizeofNlAttr || size > len(data) {
			break
		}
		kind := order.Uint16(data[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
		all = append(all, attribute{kind, data[unix.SizeofNlAttr:size]})
		data = data[min(align4(size), len(data)):]
	}
	return all
}

// align4 is the next multiple of four.
func align4(n int) int { return (n + 3) &^ 3 }
