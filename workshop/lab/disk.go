package lab

import (
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var (
	//go:embed scripts/lab-boot
	bootProgram string
	//go:embed scripts/lab-boot.service
	bootUnit string
)

// dataDirs are the directories of a host that may not be on overlayfs, because containerd and
// dockerd make overlays in them and etcd syncs there.
func dataDirs() []string {
	return []string{"/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet", "/var/lib/etcd",
		"/var/lib/kbootstrap", "/opt/kbootstrap"}
}

// maskedUnits are of no use in a lab and cost time at boot or later.
func maskedUnits() []string {
	return []string{
		"apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
		"e2scrub_reap.service", "fstrim.timer", "console-getty.service", "getty@tty1.service",
		"systemd-networkd.service", "systemd-networkd.socket",
		"systemd-pstore.service", "systemd-journal-flush.service",
	}
}

// file is one file of a host's disk. Users are numbers, because the disk is written from outside.
type file struct {
	path string
	mode fs.FileMode
	text string
	link string // the target, when it is a symbolic link
	uid  int
}

// vagrantUID is what useradd gives the first user.
const vagrantUID = 1000

// diskFiles lists what a host's disk has on top of the base.
func diskFiles(h hostState, hostKey []byte, loginKey string) []file {
	// The time of /usr is compared with these; without them systemd rebuilds caches at the first
	// boot.
	updated := fmt.Sprintf("TIMESTAMP_NSEC=%d\n", time.Now().UnixNano())
	files := []file{
		{path: "/etc/hostname", mode: 0o644, text: h.Name + "\n"},
		{path: "/etc/hosts", mode: 0o644, text: "127.0.0.1\tlocalhost\n127.0.1.1\t" + h.Name +
			"\n\n::1\tlocalhost ip6-localhost ip6-loopback\n"},
		// Nothing listens there, so a lookup fails at once. An unreachable resolver costs 10 s a
		// lookup.
		{path: "/etc/resolv.conf", mode: 0o644, text: "nameserver 127.0.0.1\n"},
		{path: "/etc/machine-id", mode: 0o444, text: h.MachineID + "\n"},
		{path: "/etc/default/locale", mode: 0o644, text: "LANG=C.UTF-8\n"},
		{path: "/etc/.updated", mode: 0o644, text: updated},
		{path: "/var/.updated", mode: 0o644, text: updated},
		{path: "/etc/ssh/ssh_host_ed25519_key", mode: 0o600, text: string(hostKey)},
		{path: "/etc/ssh/ssh_host_ed25519_key.pub", mode: 0o644, text: h.HostKey + "\n"},
		{path: "/etc/ssh/sshd_config.d/lab.conf", mode: 0o644,
			text: "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n"},
		{path: "/etc/sudoers.d/vagrant", mode: 0o440,
			text: "Defaults:vagrant !requiretty\nvagrant ALL=(ALL) NOPASSWD: ALL\n"},
		{path: "/home/vagrant/.ssh", mode: fs.ModeDir | 0o700, uid: vagrantUID},
		{path: "/home/vagrant/.ssh/authorized_keys", mode: 0o600, uid: vagrantUID, text: loginKey},
	}
	for _, unit := range maskedUnits() {
		files = append(files, file{path: "/etc/systemd/system/" + unit, link: "/dev/null"})
	}
	return files
}

// containerFiles lists what a container's disk has besides.
func containerFiles(canLowerOOM bool) []file {
	files := []file{
		// The product has to cope with swap; containers ignore this line.
		{path: "/etc/fstab", mode: 0o644, text: "/swapfile none swap sw,nofail 0 0\n"},
		{path: "/usr/local/sbin/lab-boot", mode: 0o755, text: bootProgram},
		{path: "/etc/systemd/system/lab-boot.service", mode: 0o644, text: bootUnit},
		{path: "/etc/systemd/system/sysinit.target.wants/lab-boot.service", link: "../lab-boot.service"},
	}
	if !canLowerOOM {
		// Without it every pod fails with "can't get final child's PID from pipe: EOF".
		files = append(files, file{path: "/etc/containerd/conf.d/10-lab.toml", mode: 0o644,
			text: "version = 3\n\n[plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n"})
	}
	return files
}

// writeDisk makes a host's directory: upper and work of the overlay, root where it is mounted, and
// data.
func writeDisk(dir string, files []file) error {
	for _, sub := range []string{"upper", "work", "root", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	for _, d := range dataDirs() {
		if err := os.MkdirAll(dataPath(dir, d), 0o755); err != nil {
			return err
		}
	}
	upper := filepath.Join(dir, "upper")
	for _, f := range files {
		if err := f.write(upper); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	// Its owner was lost when the directories above .ssh were made again in the upper layer.
	return os.Chown(filepath.Join(upper, "home/vagrant"), vagrantUID, vagrantUID)
}

// dataPath is where a data directory of a host really is.
func dataPath(dir, path string) string {
	return filepath.Join(dir, "data", strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
}

func (f file) write(root string) error {
	path := filepath.Join(root, f.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	switch {
	case f.link != "":
		return os.Symlink(f.link, path)
	case f.mode.IsDir():
		return errors.Join(os.Mkdir(path, f.mode.Perm()), os.Chown(path, f.uid, f.uid))
	default:
		// The mode is set apart, because the umask takes from the first one.
		return errors.Join(os.WriteFile(path, []byte(f.text), f.mode), os.Chmod(path, f.mode),
			os.Chown(path, f.uid, f.uid))
	}
}

// newMachineID returns a random machine-id(5).
func newMachineID() string {
	var id [16]byte
	rand.Read(id[:]) // it never returns an error
	return hex.EncodeToString(id[:])
}

// canLowerOOM reports whether this process has CAP_SYS_RESOURCE, bit 24, without which
// oom_score_adj can only be raised.
func canLowerOOM(status string) bool {
	for line := range strings.Lines(status) {
		if caps, found := strings.CutPrefix(line, "CapEff:"); found {
			bits, err := hex.DecodeString(strings.TrimSpace(caps))
			return err == nil && len(bits) == 8 && bits[8-1-24/8]&(1<<(24%8)) != 0
		}
	}
	return false
}
