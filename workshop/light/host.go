package light

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// Host is a light host.
type Host struct {
	Name    string
	number  int
	hostKey string // as in known_hosts
	dir     string
	pid     int
}

//go:embed host.sh
var hostScript string

// writeHost writes what makes a host another one than its neighbours into its directory: the upper
// layer of its root.
func writeHost(dir string, n int, name, login string) (Host, error) {
	h := Host{Name: name, number: n, dir: filepath.Join(dir, name)}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return h, err
	}
	block, err := ssh.MarshalPrivateKey(private, name)
	if err != nil {
		return h, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return h, err
	}
	h.hostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it never fails
	for path, text := range map[string]string{
		"etc/hostname":                     name + "\n",
		"etc/hosts":                        "127.0.0.1 localhost\n127.0.1.1 " + name + "\n",
		"etc/machine-id":                   hex.EncodeToString(id) + "\n",
		"etc/resolv.conf":                  "nameserver 127.0.0.1\n",
		"etc/ssh/ssh_host_ed25519_key":     string(pem.EncodeToMemory(block)),
		"etc/ssh/sshd_config.d/light.conf": "PermitRootLogin prohibit-password\nUsePAM no\nUseDNS no\nPrintMotd no\n",
		"root/.ssh/authorized_keys":        login + "\n",
		"run/systemd/container":            "light\n",
		"root/.bashrc":                     "",
	} {
		path = filepath.Join(h.dir, "upper", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return h, err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return h, err
		}
	}
	for _, path := range []string{"etc/hostname", "etc/hosts", "etc/machine-id", "etc/resolv.conf"} {
		if err := os.Chmod(filepath.Join(h.dir, "upper", path), 0o644); err != nil {
			return h, err
		}
	}
	return h, errors.Join(os.MkdirAll(filepath.Join(h.dir, "work"), 0o755), os.MkdirAll(filepath.Join(h.dir, "root"),
		0o755))
}

// boot starts the host's sshd in namespaces of its own. It is killed with the namespaces of this
// process.
func (h *Host) boot(ctx context.Context, base string) error {
	log, err := os.Create(filepath.Join(h.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", "-euc", hostScript, "sh", base, h.Name, //nolint:noctx // it outlives the context
		fmt.Sprintf("%s/%d", addressOf(h.number), networkBits), control, controlMAC)
	cmd.Dir, cmd.Stdout, cmd.Stderr = h.dir, log, log
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	// The script waits for its interface at its standard input.
	ready, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	h.pid = cmd.Process.Pid
	go func() { _ = cmd.Wait() }() // collects it
	if err := plugIn(ctx, h.number, h.pid); err != nil {
		return err
	}
	_, err = io.WriteString(ready, "\n")
	return errors.Join(err, ready.Close())
}

// bootLimit is how long a host may take until its sshd answers.
const bootLimit = 2 * time.Minute

// await waits until the host's sshd says who it is.
func (h *Host) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bootLimit, fmt.Errorf("no sshd after %s, see %s/log", bootLimit,
		h.dir))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp",
			addressOf(h.number).String()+":22"); err == nil {
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, _ := c.Read(make([]byte, 4))
			_ = c.Close()
			if n > 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", h.Name, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
