package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInterfaceBytes(t *testing.T) {
	const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  111      1    0    0    0     0          0         0  111      1    0    0    0     0       0          0
  eth0: 279049364 9000    0    0    0     0          0         0  1306119  8000    0    0    0     0       0          0
`
	received, sent, err := interfaceBytes(dev, "eth0")
	if err != nil || received != 279049364 || sent != 1306119 {
		t.Errorf("eth0: %d, %d, %v", received, sent, err)
	}
	if _, _, err := interfaceBytes(dev, "eth1"); err == nil {
		t.Error("an interface that is not there has counters")
	}
}

// The text is OpenSSH 9.2's, at LogLevel DEBUG1.
func TestSSHD(t *testing.T) {
	connections, channels := sshd(`debug1: Forked child 61.
Connection from 10.0.2.2 port 39318 on 10.0.2.15 port 22 rdomain ""
Postponed publickey for vagrant from 10.0.2.2 port 39318 ssh2 [preauth]
Accepted publickey for vagrant from 10.0.2.2 port 39318 ssh2: ED25519 SHA256:x
debug1: server_input_channel_open: ctype session rchan 0 win 2097152 max 32768
debug1: input_session_request
debug1: server_input_channel_open: ctype direct-tcpip rchan 1 win 2097152 max 32768
`)
	if connections != 1 || channels != 2 {
		t.Errorf("%d connections, %d channels", connections, channels)
	}
}

func TestCostsOfOneCommand(t *testing.T) {
	before := costs{"cp1": {Received: 10, Sent: 5, Connections: 2, Channels: 3}}
	after := costs{"cp1": {Received: 110, Sent: 7, Connections: 3, Channels: 7},
		"w1": {Received: 1, Sent: 2, Connections: 1, Channels: 1}}
	want := costs{"cp1": {Received: 100, Sent: 2, Connections: 1, Channels: 4},
		"w1": {Received: 1, Sent: 2, Connections: 1, Channels: 1}}
	if d := cmp.Diff(want, after.minus(before)); d != "" {
		t.Error(d)
	}
}
