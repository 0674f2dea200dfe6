package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// suite is the Debian release of the hosts.
const suite = "bookworm"

// packages is what a minimal Debian lacks to be a host: an init, a way in, a firewall as Red Hat's
// boxes have one, and the programs that Kubernetes asks for.
func packages() []string {
	return []string{
		"systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "ca-certificates", "curl", "procps", "kmod",
		"mount", "e2fsprogs", "iproute2", "iputils-ping", "iptables", "nftables", "firewalld", "ipset", "conntrack",
		"ethtool", "socat", "haproxy",
	}
}

// baseHooks are run with the new root file system as $1 when the packages are in.
func baseHooks() []string {
	return []string{
		`chroot "$1" useradd --create-home --shell /bin/bash --user-group vagrant`,
		// Whoever starts haproxy brings a configuration and a unit.
		`chroot "$1" systemctl --quiet disable haproxy.service`,
		// Each host gets a key of its own.
		`rm -f "$1"/etc/ssh/ssh_host_*`,
	}
}

// cacheDir is where everything is that labs share.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "kbootstrap", "lab"), nil
}

// DefaultMirror is the artifact directory of labs that name none: kbootstrap/lab/mirror below the
// user's cache directory.
func DefaultMirror() (string, error) {
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "mirror"), nil
}

// baseRoot returns the root file system below all hosts, and makes it when it is not in the cache:
// a minute, 310 MB.
func baseRoot(ctx context.Context, progress func(string)) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	if strings.ContainsAny(cache, ":,\\\n") {
		return "", fmt.Errorf("cache directory %q has a colon, comma, backslash or newline in its name", cache)
	}
	sum := sha256.Sum256([]byte(suite + "\n" + strings.Join(packages(), "\n") + "\n" + strings.Join(baseHooks(), "\n")))
	root := filepath.Join(cache, "base-"+hex.EncodeToString(sum[:6]))
	// Two labs may need it at the same time.
	l := flock.New(filepath.Join(cache, "base.lock"))
	if err := l.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }() // the kernel drops the lock with the process at the latest
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	progress("building the hosts' root file system with mmdebstrap, once: about a minute")
	temp := root + ".new"
	if err := os.RemoveAll(temp); err != nil { // of a run that was killed
		return "", err
	}
	argv := []string{"mmdebstrap", "--quiet", "--variant=minbase", "--include=" + strings.Join(packages(), ",")}
	for _, hook := range baseHooks() {
		argv = append(argv, "--customize-hook="+hook)
	}
	if err := run(ctx, "", append(argv, suite, temp)...); err != nil {
		return "", errors.Join(err, os.RemoveAll(temp))
	}
	return root, os.Rename(temp, root)
}
