package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// A host that takes longer than this until it lets its user in is given up. A container takes 3 to
// 5 s, and many at once take longer; a virtual machine takes 10 s, and more than a minute at a
// first boot that labels its files for SELinux.
const bootDeadline, bootDeadlineVM = 2 * time.Minute, 10 * time.Minute

// errGone ends the waiting for a host that is not coming.
var errGone = errors.New("it stopped while booting")

// waitSSH waits until the host lets its user in, over the forwarded port and with the host key that
// was given to it. Before the system is up, pam_nologin refuses users, so a login says that the
// boot is over.
func (s state) waitSSH(ctx context.Context, h hostState) error {
	key, err := loginKey(s.Spec.Dir)
	if err != nil {
		return err
	}
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(h.HostKey))
	if err != nil {
		return err
	}
	config := &ssh.ClientConfig{
		User: "vagrant", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(hostKey),
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	}
	deadline := bootDeadline
	if s.Spec.VM {
		deadline = bootDeadlineVM
	}
	waiting, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	err = poll(waiting, func() error {
		if !h.Nspawn.alive() {
			cancel()
			return errGone
		}
		return login(waiting, fmt.Sprintf("127.0.0.1:%d", h.SSHPort), config)
	})
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return hintedError{fmt.Errorf("%s: %w", h.Name, err), "the end of its console:\n" + s.consoleTail(h.Name)}
}

// login logs in once and leaves.
func login(ctx context.Context, address string, config *ssh.ClientConfig) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	// A host that is half up may answer to nothing.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	return ssh.NewClient(client, channels, requests).Close()
}

// consoleTail returns the last lines that the host's systemd wrote.
func (s state) consoleTail(host string) string {
	text, err := os.ReadFile(filepath.Join(s.hostDir(host), "console.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(bytes.TrimSpace(text)), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-20):], "\n  ")
}
