package preflight

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
)

// threeFaults are hosts with a blocked path, a wrong clock and cloned machine-ids.
func threeFaults(t *testing.T) Scene {
	s := good(t)
	p := s.path("w1", "cp1", "udp", 8472)
	p.Fault, p.Arrived = "nothing arrived", 0
	s.Hosts[2].Clock.Offset = 90e9
	s.Hosts[2].Facts.MachineID = s.Hosts[1].Facts.MachineID
	return s
}

func TestIgnore(t *testing.T) {
	for _, c := range []struct {
		ignore []string
		failed string
	}{
		{nil, "UniqueMachineID ClockSkew PeerPort"},
		{[]string{"ClockSkew"}, "UniqueMachineID PeerPort"},
		{[]string{"clockskew", "PEERPORT"}, "UniqueMachineID"}, // kubeadm does not mind the case either
		{[]string{"NumCPU"}, "UniqueMachineID ClockSkew PeerPort"},
		{[]string{"all"}, ""},
	} {
		findings := Judge(threeFaults(t), c.ignore)
		var failed []string
		ignored := 0
		for _, f := range findings {
			if f.Level == Fail {
				failed = append(failed, f.ID)
			}
			if f.Ignored {
				ignored++
				if f.Level != Warn || f.Hint == "" {
					t.Errorf("ignored: %+v", f)
				}
			}
		}
		if got := strings.Join(failed, " "); got != c.failed || ignored+len(failed) != 3 {
			t.Errorf("ignoring %v: failed %q and ignored %d, want %q", c.ignore, got, ignored, c.failed)
		}
	}
}

// TestIgnoreOneOfMany: of a check that has many IDs, one is ignored and the others are not.
func TestIgnoreOneOfMany(t *testing.T) {
	s := good(t)
	delete(s.Hosts[1].Facts.Programs, "modprobe")
	delete(s.Hosts[1].Facts.Programs, "mount")
	if got := Failed(Judge(s, []string{"FileExisting-mount"})); len(got) != 1 || got[0].ID != "FileExisting-modprobe" {
		t.Errorf("failed: %+v", got)
	}
}

func TestKnown(t *testing.T) {
	if err := Known([]string{"NumCPU", "numcpu", "all", "Port-6443", "FileExisting-conntrack"}); err != nil {
		t.Error(err)
	}
	for id, hint := range map[string]string{
		"NumCPUs": `did you mean "NumCPU"?`, "UniqueMachineId2": `did you mean "UniqueMachineID"?`,
		"Port-": "known here", "Port-http": "known here", "Port-70000": "known here", "": "known here",
		"everything": "known here",
	} {
		err := Known([]string{"Mem", id})
		var unknown *UnknownCheckError
		if !errors.As(err, &unknown) || !slices.Equal(unknown.IDs, []string{id}) {
			t.Errorf("%q: %v", id, err)
			continue
		}
		if !strings.Contains(unknown.Hint(), hint) {
			t.Errorf("%q: the hint is %q, want %q in it", id, unknown.Hint(), hint)
		}
		if fault.Of(err) != fault.UnknownCheck {
			t.Errorf("%q: code %s", id, fault.Of(err))
		}
	}
}

// TestKnownAtOnce: all that is wrong is told at once.
func TestKnownAtOnce(t *testing.T) {
	err := Known([]string{"NumCPUs", "Mem", "Swapp"})
	var unknown *UnknownCheckError
	if !errors.As(err, &unknown) || err.Error() != `no preflight check is called "NumCPUs" or "Swapp"` {
		t.Fatalf("got %v", err)
	}
	if hint := unknown.Hint(); hint != "did you mean \"NumCPU\"?\ndid you mean \"Swap\"?" {
		t.Errorf("the hint is %q", hint)
	}
}

func TestError(t *testing.T) {
	err := &Error{Findings: Judge(threeFaults(t), nil)}
	if got, want := err.Error(), "preflight: 3 checks failed on w1, w2, cp1; nothing was changed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := err.Hint(), "--ignore-preflight=UniqueMachineID,ClockSkew,PeerPort"; !strings.HasSuffix(got, want) {
		t.Errorf("the hint is %q", got)
	}
	if fault.Of(err) != fault.PreflightFailed {
		t.Errorf("code %s", fault.Of(err))
	}
	var texts []string
	for _, cause := range err.Parts() {
		texts = append(texts, string(fault.Of(cause))+" "+cause.Error())
		if fault.HintOf(cause) == "" {
			t.Errorf("%v: no hint", cause)
		}
	}
	want := []string{
		"KB3010 w1, w2: UniqueMachineID: w1 and w2 have the machine-id 22222222222222222222222222222222",
		"KB3070 w2: ClockSkew: 1m30s ahead of the median, synchronized",
		"KB3030 cp1, w1: PeerPort: w1 -> cp1 udp/8472: nothing arrived",
	}
	if !slices.Equal(texts, want) {
		t.Errorf("got\n%s", strings.Join(texts, "\n"))
	}
}

// TestMerged: what is so on several hosts is told once, in the order of the findings.
func TestMerged(t *testing.T) {
	merged := Merged(Judge(good(t), nil))
	count := 0
	for _, f := range merged {
		if f.ID == "NumCPU" {
			count++
			if strings.Join(f.Hosts, " ") != "cp1 w1 w2" {
				t.Errorf("hosts: %v", f.Hosts)
			}
		}
	}
	if count != 1 {
		t.Errorf("NumCPU is told %d times", count)
	}
}

// TestNotProbed: what was not measured is not judged.
func TestNotProbed(t *testing.T) {
	s := threeFaults(t)
	s.Probed, s.Mesh, s.Hosts[0].Fsync = false, nil, nil
	for _, f := range Judge(s, nil) {
		for _, c := range Checks() {
			if c.Probes && c.matches(f.ID) {
				t.Errorf("judged without measuring: %+v", f)
			}
		}
	}
}

// TestNeeds: which ports of which hosts others need.
func TestNeeds(t *testing.T) {
	s := good(t)
	var texts []string
	for _, n := range Needs(s.Cluster, s.Cluster.Hosts[:2]) {
		texts = append(texts, Path{From: n.From.Name, To: n.To.Name, Network: n.Network, Port: n.Port}.String())
	}
	want := []string{"cp1 -> w1 tcp/10250", "cp1 -> w1 udp/8472", "w1 -> cp1 tcp/6443", "w1 -> cp1 udp/8472"}
	if !slices.Equal(texts, want) {
		t.Errorf("got %q", texts)
	}
	planes := slices.Clone(s.Cluster.Hosts[:2])
	planes[1].Roles = planes[0].Roles
	texts = nil
	for _, n := range Needs(s.Cluster, planes) {
		if n.From.Name == "cp1" {
			texts = append(texts, Path{From: n.From.Name, To: n.To.Name, Network: n.Network, Port: n.Port}.String())
		}
	}
	want = []string{
		"cp1 -> w1 tcp/2379", "cp1 -> w1 tcp/2380", "cp1 -> w1 tcp/6443", "cp1 -> w1 tcp/10250", "cp1 -> w1 udp/8472",
	}
	if !slices.Equal(texts, want) {
		t.Errorf("between control planes: got %q", texts)
	}
}

func TestPlace(t *testing.T) {
	for path, want := range map[string]string{
		"/opt/kbootstrap/etcd-3.6.8/etcd": "/opt/kbootstrap", "/opt/kbootstrapped": "/",
		"/var/lib/etcd":                    "/var/lib/etcd",
		"/etc/systemd/system/etcd.service": "/", "/usr/local/bin/etcd": "/usr/local/bin",
	} {
		if got := Place(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
