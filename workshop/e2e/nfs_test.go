//go:build e2e && hosts

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// nfsServerPackages are what nfs-ganesha runs with, a server of NFS in user space: the kernel of
// the lab has none.
var nfsServerPackages = []string{
	"nfs-ganesha", "nfs-ganesha-vfs", "libntirpc4.3", "libwbclient0", "libnfsidmap1", "liburcu8", "rpcbind",
	"libtirpc3", "libtirpc-common", "libwrap0", "netbase",
}

// nfsExport is what the server exports, as /srv/nfs. It needs a file system that gives files
// handles, which the root of hosts in the lab is not.
const nfsExport = "/var/lib/docker/export"

const nfsConfig = `
NFS_CORE_PARAM { Protocols = 3, 4; MNT_Port = 20048; Mount_Path_Pseudo = true;
	Enable_NLM = false; Enable_UDP = false; Enable_RQUOTA = false; }
NFSv4 { RecoveryRoot = /var/lib/ganesha; Only_Numeric_Owners = true; Grace_Period = 5; }
EXPORT { Export_Id = 1; Path = ` + nfsExport + `; Pseudo = /srv/nfs; Access_Type = RW; SecType = sys;
	Squash = No_Root_Squash; FSAL { Name = VFS; } }
`

// nfsServer runs a server of NFS on a host that is not in the cluster.
func (l *lab) nfsServer(host string) {
	l.t.Helper()
	l.unpack(l.debian(nfsServerPackages...), []string{"usr", "etc", "lib", "sbin"}, host, "/")
	l.input(strings.NewReader(nfsConfig), host, "tee", "/etc/ganesha.conf")
	l.exec(host, "sh", "-ec", `
ldconfig
useradd --system --no-create-home --home /run/rpcbind _rpc
mkdir -p /run/rpcbind /run/ganesha /var/lib/ganesha `+nfsExport+`
chown _rpc /run/rpcbind
systemd-run --unit rpcbind-lab --quiet /sbin/rpcbind -f -w`)
	l.eventually(time.Minute, "the port mapper", contains(":111 "), host, "ss", "-Hltn")
	l.startNFS(host)
	for _, port := range []string{"111/tcp", "2049/tcp", "20048/tcp"} {
		l.exec(host, "firewall-cmd", "--add-port="+port)
	}
}

// startNFS starts the server.
func (l *lab) startNFS(host string) {
	l.t.Helper()
	l.exec(host, "systemd-run", "--unit", "ganesha", "--quiet", "/usr/bin/ganesha.nfsd", "-F", "-f",
		"/etc/ganesha.conf", "-L", "/var/log/ganesha.log")
	l.eventually(time.Minute, "the server of NFS", contains(":2049 "), host, "ss", "-Hltn")
}

// stopNFS ends the server.
func (l *lab) stopNFS(host string) {
	l.t.Helper()
	l.exec(host, "sh", "-c", "systemctl stop ganesha && { systemctl reset-failed ganesha 2>/dev/null || true; }")
}

// nfsClient gives hosts a mount.nfs that goes without a client in the kernel, see
// testdata/mountnfs.c.
func (l *lab) nfsClient(hosts ...host) {
	l.t.Helper()
	tree := l.debian("libnfs-dev", "libfuse3-dev")
	program := filepath.Join(l.t.TempDir(), "mount.nfs")
	compiled := l.runs(2*time.Minute, "gcc", "-static", "-O1", "-D_FILE_OFFSET_BITS=64",
		"-I"+filepath.Join(tree, "usr/include"), "-o", program, "testdata/mountnfs.c",
		"-L"+filepath.Join(tree, "usr/lib/x86_64-linux-gnu"), "-lfuse3", "-lnfs", "-lpthread", "-ldl")
	if compiled.code != 0 {
		l.fatalf("mount.nfs: %s", compiled.stderr)
	}
	for _, h := range hosts {
		f, err := os.Open(program)
		if err != nil {
			l.fatalf("%v", err)
		}
		l.input(f, h.Name, "sh", "-ec", "cat >/sbin/mount.nfs; chmod 755 /sbin/mount.nfs")
		f.Close()
	}
}
