package resource_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/resource/converge"
)

// TestFaults makes each fault of a host come about, as Converge meets it.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		code  fault.Code
		unit  string // the unit that the error names
		makes func(m *machine) resource.Resource
	}{
		{fault.NoSpace, "", func(m *machine) resource.Resource {
			m.small("/full", "size=16k")
			return resource.File{Path: "/full/file", Content: []byte(strings.Repeat("x", 1<<20))}
		}},
		{fault.NoSpace, "", func(m *machine) resource.Resource {
			m.small("/full", "nr_inodes=2")
			m.put("/full/last", "")
			return resource.File{Path: "/full/file", Content: []byte("x")}
		}},
		{fault.ReadOnly, "", func(m *machine) resource.Resource {
			m.small("/fixed", "ro")
			return resource.File{Path: "/fixed/file", Content: []byte("x")}
		}},
		{fault.DiskFails, "", func(m *machine) resource.Resource {
			// To read a process's memory at its beginning is a real EIO.
			m.must(os.MkdirAll(m.Path("/proc"), 0o755))
			m.must(os.Symlink("/proc/self/mem", m.Path("/proc/swaps")))
			return resource.Swap{}
		}},
		{fault.PathOccupied, "", func(m *machine) resource.Resource {
			m.must(os.MkdirAll(m.Path("/etc/a.conf"), 0o755))
			return resource.File{Path: "/etc/a.conf", Content: []byte("x")}
		}},
		{fault.PathOccupied, "", func(m *machine) resource.Resource {
			m.put("/etc/etcd", "a file where a directory must be")
			return resource.File{Path: "/etc/etcd/etcd.conf", Content: []byte("x")}
		}},
		{fault.ContentDamaged, "", func(m *machine) resource.Resource {
			sha := resource.Sum([]byte("right"))
			m.put(host.OldBlob(sha), "wrong")
			return resource.File{Path: "/opt/etcd", Blob: sha}
		}},
		{fault.NotAsWanted, "", func(m *machine) resource.Resource {
			m.executable("/usr/bin/apt-get")
			m.fakes["env"] = func([]string) (string, error) { return "", nil } // it says so, and brings nothing
			return resource.Package{Program: "socat", Apt: "socat"}
		}},
		{fault.PackageFailed, "", func(m *machine) resource.Resource {
			return m.apt("E: Unable to locate package socat")
		}},
		{fault.PackagesLocked, "", func(m *machine) resource.Resource {
			return m.apt("E: Could not get lock /var/lib/dpkg/lock-frontend. " +
				"It is held by process 812 (unattended-upgr)")
		}},
		{fault.PackagesGone, "", func(m *machine) resource.Resource {
			return m.apt("E: The repository 'http://mirror.example/debian buster Release' does not have a " +
				"Release file.")
		}},
		{fault.PackagesGone, "", func(m *machine) resource.Resource {
			m.executable("/usr/bin/yum")
			m.fakes["yum"] = func([]string) (string, error) {
				return "", errors.New("yum: exit status 1: Could not retrieve mirrorlist " +
					"http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=stock error was 14: curl#6 - " +
					"\"Could not resolve host\"\nCannot find a valid baseurl for repo: base/7/x86_64")
			}
			return resource.Package{Program: "socat", Yum: "socat"}
		}},
		{fault.PackageUnknown, "", func(*machine) resource.Resource {
			return resource.Package{Program: "socat", Apt: "socat"}
		}},
		{fault.ServiceNotStarted, "etcd.service", func(m *machine) resource.Resource {
			s := newSystemd(m)
			m.put("/etc/systemd/system/etcd.service", "[Service]\n")
			s.crash["etcd.service"] = true
			return resource.Service{Name: "etcd.service", Running: true, Config: "1"}
		}},
		{fault.ServiceNotReady, "etcd.service", func(m *machine) resource.Resource {
			s := newSystemd(m)
			m.put("/etc/systemd/system/etcd.service", "[Service]\n")
			s.crash["etcd.service"] = true
			m.must(resource.Service{Name: "etcd.service", Enabled: true}.Apply(m.t.Context(), m.System))
			return resource.Ready{
				Name: "etcd", URL: m.answering(http.StatusServiceUnavailable), Unit: "etcd.service",
				Timeout: 50 * time.Millisecond,
			}
		}},
		{fault.ServiceNotReady, "", func(m *machine) resource.Resource {
			return resource.Ready{Name: "dns", URL: m.answering(http.StatusNotFound), Timeout: 50 * time.Millisecond}
		}},
		{fault.NodeNotReady, "kubelet.service", func(m *machine) resource.Resource {
			newSystemd(m)
			newKube(m).register("m1", false)
			return api.NodeStatus{
				Name: "m1", Is: api.IsReady, Kubeconfig: namespaceX().Kubeconfig,
				Timeout: 50 * time.Millisecond,
			}
		}},
		{fault.NodeNotRegistered, "kubelet.service", func(m *machine) resource.Resource {
			newKube(m)
			m.runsService("kubelet.service")
			return api.Registration{
				Node: "m1", Kubeconfig: namespaceX().Kubeconfig, Timeout: 200 * time.Millisecond,
			}
		}},
		{fault.PodsCutOff, "", func(m *machine) resource.Resource {
			newKube(m)
			return api.PodProbe{
				Node: "m1", Kubeconfig: namespaceX().Kubeconfig, Namespace: "kbootstrap",
				Timeout: 50 * time.Millisecond,
			}
		}},
		{fault.PodNetworkDiffers, "flanneld.service", func(m *machine) resource.Resource {
			m.podNetwork("10.244.1.0/24")
			delete(m.systemd.started, "flanneld.service")
			m.put("/etc/cni/pods.conflist", "")
			return podNetworkOfM1(200 * time.Millisecond)
		}},
		{fault.BridgeInUse, "", func(m *machine) resource.Resource {
			m.podNetwork("10.244.1.0/24")
			m.bridge("cni0", "10.88.0.1/16")
			m.exec("ip", "link", "add", "name", "veth0", "master", "cni0", "type", "veth", "peer", "name", "theirs")
			return podNetworkOfM1(0)
		}},
		{fault.ObjectNotReady, "", func(m *machine) resource.Resource {
			newKube(m).status("/apis/apps/v1/namespaces/default/deployments/x", `{}`)
			return api.Rollout{
				APIVersion: "apps/v1", Kind: "Deployment", Name: "x",
				Kubeconfig: namespaceX().Kubeconfig, Timeout: 50 * time.Millisecond,
			}
		}},
		{fault.ObjectRefused, "", func(m *machine) resource.Resource {
			newKube(m).refuse = []int{422, 422, 422}
			return namespaceX()
		}},
		{fault.AdminRefused, "", func(m *machine) resource.Resource {
			newKube(m).refuse = []int{401, 401, 401}
			return namespaceX()
		}},
		{fault.MemberWithoutData, "", func(m *machine) resource.Resource {
			newSystemd(m)
			return resource.Member{
				Name: "m1", Unit: "etcd.service", DataDir: "/var/lib/etcd", Marker: "/etc/etcd/bootstrapped",
			}
		}},
		{fault.MemberForeign, "", func(m *machine) resource.Resource {
			newSystemd(m)
			m.put("/var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal", "theirs")
			return resource.Member{
				Name: "m1", Unit: "etcd.service", DataDir: "/var/lib/etcd", Marker: "/etc/etcd/bootstrapped",
				New: true,
			}
		}},
		{fault.NotSalvaged, "", func(m *machine) resource.Resource {
			newSalvage(m)
			m.must(os.RemoveAll(m.Path("/var/lib/etcd/member")))
			return resource.Salvage{
				Name: "m1", DataDir: "/var/lib/etcd", Unit: "etcd.service", Note: "/var/lib/kbootstrap/salvaged",
			}
		}},
		{fault.StepFailed, "", func(*machine) resource.Resource {
			return resource.File{Path: "/etc/b", Owner: "stranger:else"}
		}},
	} {
		t.Run(string(test.code), func(t *testing.T) {
			m := newMachine(t)
			err := converge.Converge(t.Context(), m.System, []resource.Resource{test.makes(m)}, nil)
			if err == nil {
				t.Fatal("it went well")
			}
			if code := host.FaultOf(err); code != test.code {
				t.Errorf("%s, want %s: %v", code, test.code, err)
			}
			var unit *host.UnitError
			if errors.As(err, &unit) != (test.unit != "") || unit != nil && unit.Unit != test.unit {
				t.Errorf("it names %+v, want %q: %v", unit, test.unit, err)
			}
		})
	}
}

// small mounts a file system with options.
func (m *machine) small(name, options string) {
	m.must(os.MkdirAll(m.Path(name), 0o755))
	m.exec("mount", "-t", "tmpfs", "-o", options, "none", m.Path(name))
	m.t.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), "umount", m.Path(name)).CombinedOutput(); err != nil {
			m.t.Errorf("umount: %v: %s", err, out)
		}
	})
}

// apt is a package that apt refuses to install, with its words.
func (m *machine) apt(says string) resource.Resource {
	m.executable("/usr/bin/apt-get")
	refuse := func([]string) (string, error) { return "", errors.New("apt-get: exit status 100: " + says) }
	m.fakes["env"], m.fakes["apt-get"] = refuse, refuse
	return resource.Package{Program: "socat", Apt: "socat"}
}

// answering is the URL of a server that always gives the same answer.
func (m *machine) answering(status int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
	}))
	m.t.Cleanup(server.Close)
	return server.URL
}
