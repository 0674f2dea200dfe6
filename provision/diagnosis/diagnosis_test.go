package diagnosis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// TestJournals reads what real services wrote when each cause was brought about: etcd 3.6,
// Kubernetes 1.36, containerd 2.2, runc 1.1, systemd 252.
func TestJournals(t *testing.T) {
	now := time.Date(2026, 11, 21, 13, 1, 0, 0, time.UTC)
	holder := func(port int) string {
		if port == 32379 {
			return "nc (pid 812)"
		}
		return ""
	}
	known := map[string]struct {
		unit  string
		code  fault.Code
		cause string
	}{
		"port-etcd":      {"etcd", fault.PortInUse, "port 32379 is in use by nc (pid 812)"},
		"space-etcd":     {"etcd", fault.ServiceNoSpace, "the service's disk has no space left"},
		"denied-etcd":    {"etcd", fault.FileDenied, "the service has no permission to open d/priv/etcd"},
		"flag-etcd":      {"etcd", fault.FlagUnknown, "the program does not know -foo"},
		"flag-scheduler": {"kube-scheduler", fault.FlagUnknown, "the program does not know --foo"},
		"gate-scheduler": {"kube-scheduler", fault.FlagUnknown, "the program does not know NoSuch"},
		"badcert-etcd": {
			"etcd", fault.WrongAuthority, "the service and its peer do not trust each other's certificates",
		},
		"authority-apiserver": {
			"kube-apiserver", fault.WrongAuthority, "the service and its peer do not trust each other's certificates",
		},
		"clock-etcd": {
			"etcd", fault.ClockWrong,
			"a certificate is not valid before 2026-12-01T00:00:00Z, and this host's clock says 2026-11-21T13:00:47Z",
		},
		"clock-apiserver": {
			"kube-apiserver", fault.ClockWrong,
			"a certificate expired on 2026-01-01T00:00:00Z, and this host's clock says 2026-11-21T13:01:07Z",
		},
		"otherid-etcd": {"etcd", fault.EtcdOtherCluster, "this member's data belongs to the etcd cluster "},
		"known-etcd": {
			"etcd", fault.EtcdMemberKnown,
			"member 993d051fdc0f962c is already part of a cluster, but has no data on this host",
		},
		"removed-etcd":   {"etcd", fault.EtcdMemberRemoved, "this member was removed from its cluster"},
		"etcd-apiserver": {"kube-apiserver", fault.EtcdUnreachable, "etcd at 127.0.0.1:32391 does not answer"},
		"name-apiserver": {
			"kube-apiserver", fault.NameNotResolved, "the name etcd.nowhere.invalid cannot be resolved",
		},
		"version-containerd": {"containerd", fault.ContainerdConfig, "containerd cannot read its configuration: "},
		"syntax-containerd":  {"containerd", fault.ContainerdConfig, "containerd cannot read its configuration: "},
		"cgroupv1-kubelet": {
			"kubelet", fault.CgroupVersion, "the host has cgroup v1, on which this version of the kubelet does not run",
		},
		"swap-kubelet": {"kubelet", fault.SwapOn, "swap is on, and the kubelet refuses to run with it"},
		"driver-runc": {
			"kubelet", fault.CgroupDriver, "the kubelet and the container runtime use different cgroup drivers",
		},
		"module": {"containerd", fault.KernelLacks, "the kernel or the host lacks br_netfilter"},
		"glibc": {
			"etcd", fault.LibraryTooOld, "the program needs GLIBC_2.94, which this host's C library does not have",
		},
		"exec-systemd": {"etcd", fault.WrongArchitecture, "the program is not built for this host's processor"},
		"nocri-kubelet": {
			"kubelet", fault.RuntimeSilent,
			"nothing answers the kubelet at the container runtime's socket unix:///nonexistent.sock",
		},
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) != len(known) {
		t.Errorf("%d journals, want %d; %v", len(files), len(known), err)
	}
	for name, want := range known {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			d, ok := Of(Symptoms{
				Unit: want.unit + ".service", Failure: host.Crashed, Lines: linesOf(string(text)),
				Now: now, Holder: holder,
			})
			if d.Code != want.code || ok != (want.code != "") || !strings.HasPrefix(d.Cause, want.cause) {
				t.Fatalf("%s %q, want %s %q", d.Code, d.Cause, want.code, want.cause)
			}
			if ok && (len(d.Evidence) == 0 || len(d.Evidence) > evidence) {
				t.Errorf("evidence: %q", d.Evidence)
			}
			for _, line := range d.Evidence {
				if strings.Contains(line, "\n") || strings.Contains(line, "stacktrace") || len([]rune(line)) > shown+1 {
					t.Errorf("evidence that is hard to read: %q", line)
				}
			}
		})
	}
}

// TestHealthy: the journals of services that are well show nothing.
func TestHealthy(t *testing.T) {
	for _, line := range []string{
		"",
		"I1121 13:02:28.065127   10486 server.go:709] \"Standalone mode, no API client\"",
		`I1121 12:58:38.944880    8123 codec.go:102] "Using lenient decoding as strict decoding failed" ` +
			`err="strict decoding error: unknown field \"failSwap\""`,
		`{"level":"info","ts":"2026-11-21T13:02:40.200980Z","caller":"etcdmain/main.go:44",` +
			`"msg":"notifying init daemon"}`,
	} {
		if d, ok := Of(Symptoms{Unit: "kubelet.service", Failure: host.Crashed, Lines: linesOf(line)}); ok {
			t.Errorf("%q: %+v", line, d)
		}
	}
}

// TestClock: a host whose clock is wrong is told from a certificate that has ended.
func TestClock(t *testing.T) {
	line := "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time " +
		"2026-11-21T13:00:00Z is before 2026-11-21T14:00:00Z"
	for now, want := range map[string]string{
		"2026-11-21T14:59:00Z": "a certificate is not valid before 2026-11-21T14:00:00Z, and this host's clock is " +
			"1h59m0s behind",
		"2026-11-21T11:00:00Z": "a certificate is not valid before 2026-11-21T14:00:00Z, and this host's clock is " +
			"2h0m0s ahead",
		"2026-11-21T13:01:00Z": "a certificate is not valid before 2026-11-21T14:00:00Z, and this host's clock says " +
			"2026-11-21T13:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		s := Symptoms{Unit: "etcd.service", Failure: host.Crashed, Lines: linesOf(line), Now: at}
		if d, _ := Of(s); d.Cause != want {
			t.Errorf("at %s: %q, want %q", now, d.Cause, want)
		}
	}
}

// TestOutOfMemory: systemd's own words, of versions with and without an OOM policy.
func TestOutOfMemory(t *testing.T) {
	for _, line := range []string{
		"2026-11-21T13:00:00+0000 m1 systemd[1]: etcd.service: A process of this unit has been killed by the OOM " +
			"killer.",
		"2026-11-21T13:00:00+0000 m1 systemd[1]: etcd.service: Failed with result 'oom-kill'.",
	} {
		s := Symptoms{Unit: "etcd.service", Failure: host.Crashed, Lines: linesOf(line)}
		if d, _ := Of(s); d.Code != fault.OutOfMemory {
			t.Errorf("%q: %+v", line, d)
		}
	}
}

func TestReadable(t *testing.T) {
	for line, want := range map[string]string{
		"plain": "plain",
		`m1 etcd[7]: {"level":"fatal","ts":"2026-11-21T13:02:40Z","msg":"listener failed","error":"stopping",` +
			`"stacktrace":"a\nb","name":"m1"}`: "m1 etcd[7]: fatal: listener failed: stopping name=m1",
		`{"level":"info" broken`:     `{"level":"info" broken`,
		strings.Repeat("ä", shown+5): strings.Repeat("ä", shown) + "…",
		`{"kind":"x"}`:               `{"kind":"x"}`,
	} {
		if got := Readable(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}
