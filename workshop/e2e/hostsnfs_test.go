//go:build e2e && hosts

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// nfsShare is where hosts have the directory of the server.
const nfsShare = "/var/lib/kbootstrap-nfs/share"

// TestHostsNFS has volumes on a server of NFS that is not in the cluster: one that a user has
// described, which the kubelet mounts with mount(8), and those of the class nfs. The server is
// real; in place of the client that the kernel of the lab lacks, a program serves the mounts.
func TestHostsNFS(t *testing.T) {
	l := newLab(t, "nfs", "--control-planes", "1", "--workers", "1", "--spare", "1")
	server := l.address("s1")
	l.edit("hosts:\n", fmt.Sprintf("addons: {nfs: {enabled: true, server: %s, path: /srv/nfs, "+
		"options: [nfsvers=3, hard]}}\nhosts:\n", server))
	l.exits(5, "up", "-i", l.inventory).says(t, "KernelModules", "a client of NFS, which addons.nfs needs")
	l.nfsServer("s1")
	l.nfsClient(l.hosts()...)
	l.must(9*time.Minute, l.nfsUp()...)
	for _, h := range l.hosts() {
		l.image(h.Name)
		l.eventually(time.Minute, "the mount", contains(server+":/srv/nfs "+nfsShare+" fuse.nfs"), h.Name,
			"cat", "/proc/mounts")
	}
	nfsUnchanged(t, l)
	nfsByHand(t, l, server)
	nfsClaim(t, l)
	nfsAway(t, l)
	nfsOff(t, l)
	nfsGoes(t, l)
}

// nfsUp is `up` on hosts whose kernel has no client of NFS.
func (l *lab) nfsUp(more ...string) []string {
	return append([]string{"up", "-i", l.inventory, "--ignore-preflight=KernelModules"}, more...)
}

// nfsUnchanged: another run changes nothing.
func nfsUnchanged(t *testing.T, l *lab) {
	var document struct{ Changed int }
	out := l.must(5*time.Minute, l.nfsUp("-o", "json")...)
	if err := json.Unmarshal([]byte(out), &document); err != nil || document.Changed != 0 {
		t.Errorf("the second up changed %d: %v\n%s", document.Changed, err, out)
	}
	l.exits(0, "addons", "-i", l.inventory, "--wait").says(t, "storageClassName: nfs")
}

// nfsPod is a pod on a host with a claim at /files.
func nfsPod(name, host, claim string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  nodeSelector: {kubernetes.io/hostname: %s}
  terminationGracePeriodSeconds: 0
  containers:
  - name: sh
    image: docker.io/library/busybox:1.36.1
    imagePullPolicy: IfNotPresent
    command: [sleep, "86400"]
    volumeMounts: [{name: files, mountPath: /files}]
  volumes: [{name: files, persistentVolumeClaim: {claimName: %s}}]
---
`, name, host, claim)
}

// nfsShares: two pods on two hosts have the same files, and no other place has them.
func nfsShares(t *testing.T, l *lab, one, other string) {
	t.Helper()
	l.kubectl("wait", "--for=condition=Ready", "pod/"+one, "pod/"+other, "--timeout=120s")
	l.kubectl("exec", one, "--", "sh", "-c", "echo of "+one+" >/files/note")
	l.kubectl("exec", other, "--", "sh", "-c", "echo of "+other+" >>/files/note")
	want := "of " + one + "\nof " + other + "\n"
	if got := l.kubectl("exec", one, "--", "cat", "/files/note"); got != want {
		t.Errorf("%s reads %q", one, got)
	}
	if got := l.exec("s1", "sh", "-c", "cat $(find "+nfsExport+" -name note)"); got != want {
		t.Errorf("the server has %q", got)
	}
}

// nfsByHand is a volume that a user describes: the kubelets of two hosts mount it.
func nfsByHand(t *testing.T, l *lab, server string) {
	l.exec("s1", "mkdir", "-m", "0777", nfsExport+"/by-hand")
	l.apply(fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: by-hand}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  storageClassName: ""
  mountOptions: [nfsvers=3, hard]
  nfs: {server: %s, path: /srv/nfs/by-hand}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: by-hand}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: ""
  volumeName: by-hand
  resources: {requests: {storage: 1Gi}}
---
`, server) + nfsPod("hand1", "w1", "by-hand") + nfsPod("hand2", "cp1", "by-hand"))
	nfsShares(t, l, "hand1", "hand2")
	l.kubectl("delete", "pod/hand1", "pod/hand2", "pvc/by-hand", "pv/by-hand", "--timeout=60s")
	l.eventually(time.Minute, "no mount of the volume", func(r result) bool {
		return r.code == 0 && !strings.Contains(r.stdout, "by-hand")
	}, "w1", "cat", "/proc/mounts")
	l.exec("s1", "rm", "-r", nfsExport+"/by-hand")
}

// nfsComplaint waits until it is told of a pod that its host has no directory of the server.
func nfsComplaint(l *lab, pod string) {
	l.t.Helper()
	l.eventually(3*time.Minute, "the complaint", contains("not a directory"), "cp1", "kubectl", "get", "events",
		"--field-selector", "involvedObject.name="+pod, "-o", "jsonpath={.items[*].message}")
}

// nfsClaim is a claim of the class nfs. Its files outlive pods and a reboot at which the server
// comes after the host, and go with it.
func nfsClaim(t *testing.T, l *lab) {
	l.apply(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: nfs
  resources: {requests: {storage: 1Gi}}
---
` + nfsPod("one", "w1", "shared") + nfsPod("two", "cp1", "shared"))
	nfsShares(t, l, "one", "two")
	l.mustLab(time.Minute, "stop", "w1")
	l.stopNFS("s1")
	l.mustLab(2*time.Minute, "start", "w1")
	nfsComplaint(l, "one")
	l.startNFS("s1")
	l.eventually(3*time.Minute, "the files after a reboot", contains("of one\nof two"), "cp1", "kubectl", "exec", "one",
		"--", "cat", "/files/note")
	l.kubectl("delete", "pod", "one", "two", "--timeout=60s")
	l.apply(nfsPod("moved", "cp1", "shared"))
	l.kubectl("wait", "--for=condition=Ready", "pod/moved", "--timeout=120s")
	if got := l.kubectl("exec", "moved", "--", "cat", "/files/note"); got != "of one\nof two\n" {
		t.Errorf("a pod that comes later reads %q", got)
	}
}

// nfsAway: a pod does not start on a host that has lost the directory, instead of beginning with an
// empty volume, and starts when it is back.
func nfsAway(t *testing.T, l *lab) {
	l.exec("w1", "umount", nfsShare)
	l.eventually(time.Minute, "the mount that was taken away", contains(nfsShare+" fuse.nfs"), "w1",
		"cat", "/proc/mounts")
	l.exec("w1", "systemctl", "stop", "kbootstrap-nfs")
	l.exits(3, "drift", "-i", l.inventory).says(t, "kbootstrap-nfs.service")
	l.apply(nfsPod("early", "w1", "shared"))
	nfsComplaint(l, "early")
	l.must(5*time.Minute, l.nfsUp()...)
	l.eventually(3*time.Minute, "the files", contains("of one\nof two"), "cp1", "kubectl", "exec", "early", "--", "cat",
		"/files/note")
	l.kubectl("delete", "pod", "early", "moved", "--timeout=60s")
	l.kubectl("delete", "pvc", "shared", "--timeout=60s")
	isGone := func(r result) bool { return r.code == 0 && r.stdout == "" }
	l.eventually(3*time.Minute, "the directory gone", isGone, "s1", "find", nfsExport, "-name", "*shared*")
}

// nfsOff: the class goes when the run says so, and not before. What is on the server stays, and is
// there when the class comes back.
func nfsOff(t *testing.T, l *lab) {
	l.exec("s1", "sh", "-c", "echo ours >"+nfsExport+"/nfs/kept")
	given := fmt.Sprintf(", server: %s, path: /srv/nfs, options: [nfsvers=3, hard]", l.address("s1"))
	l.edit(given, "")
	l.exits(9, l.nfsUp()...).says(t, "KB6049", "unmounted on cp1, w1", "--remove-addon nfs")
	for _, off := range []bool{false, true} {
		if off {
			l.must(5*time.Minute, l.nfsUp("--remove-addon", "nfs")...)
		}
		for _, h := range l.hosts() {
			if gone := !strings.Contains(l.exec(h.Name, "cat", "/proc/mounts"), nfsShare); gone != off {
				t.Errorf("%s: the class is off: %t, and the directory is gone: %t", h.Name, off, gone)
			}
		}
		classes := l.kubectl("get", "storageclass", "-o", "name")
		if gone := !strings.Contains(classes, "storageclass.storage.k8s.io/nfs\n"); gone != off {
			t.Errorf("the class is off: %t, and there are %q", off, classes)
		}
	}
	l.edit("nfs: {enabled: true", "nfs: {enabled: true"+given)
	l.must(5*time.Minute, l.nfsUp()...)
	if got := l.exec("w1", "cat", nfsShare+"/nfs/kept"); got != "ours\n" {
		t.Errorf("w1 reads %q of the server", got)
	}
}

// nfsGoes: what is on the server stays when hosts leave the cluster.
func nfsGoes(t *testing.T, l *lab) {
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "nfs")
	if got := l.exec("s1", "cat", nfsExport+"/nfs/kept"); got != "ours\n" {
		t.Errorf("a file of the server is %q", got)
	}
	left := l.exec("w1", "sh", "-c", "grep nfs /proc/mounts; ls -d /var/lib/kbootstrap-nfs 2>/dev/null || true")
	if left != "" {
		t.Errorf("the reset left %s", left)
	}
}
