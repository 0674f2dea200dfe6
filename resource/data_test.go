package resource_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

var dockerData = kinds.Data{Path: "/var/lib/docker", Unit: "docker.service", Absent: true}

// TestDataOfBeforeIsNotedOnce checks that what comes later is not taken for what was there before.
func TestDataOfBeforeIsNotedOnce(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.put("/var/lib/docker/image", "theirs")
	note := kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"}
	m.converge([]resource.Resource{note})
	m.put("/var/lib/docker/overlay2", "ours")
	m.apply(note)
	m.apply(dockerData)
	if got := m.filled("/var/lib/docker"); got != "image" {
		t.Errorf("left is %q", got)
	}
}

// TestDataWithoutANote: an older version of the tool has made no notes. What is younger than its
// unit is its own, and what it made the directory for; all else stays.
func TestDataWithoutANote(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.put("/var/lib/docker/image", "theirs")
	if _, known := host.Born(m.Path("/var/lib/docker/image")); !known {
		t.Log("this file system does not tell when a file was made, so everything stays")
	}
	m.converge([]resource.Resource{
		resource.Dir{Path: "/var/lib/kubelet"},
		resource.File{Path: "/etc/systemd/system/docker.service", Content: []byte("x")},
		resource.File{Path: "/etc/systemd/system/kubelet.service", Content: []byte("x")},
	})
	m.put("/var/lib/docker/overlay2", "ours")
	m.put("/var/lib/kubelet/pods/1", "ours")
	kubelet := kinds.Data{Path: "/var/lib/kubelet", Unit: "kubelet.service", Absent: true}
	other := kinds.Data{Path: "/var/lib/containerd", Unit: "containerd.service", Absent: true}
	m.put("/var/lib/containerd/x", "whose?")
	for _, data := range []kinds.Data{dockerData, kubelet, other} {
		m.apply(data)
	}
	if m.Exists("/var/lib/kubelet") {
		t.Error("a directory that the tool made is left")
	}
	if got := m.filled("/var/lib/containerd"); got != "x" {
		t.Errorf("of a unit that never came, left is %q", got)
	}
	want := "image"
	if _, known := host.Born(m.Path("/var/lib/docker/image")); !known {
		want = "image overlay2"
	}
	if got := m.filled("/var/lib/docker"); got != want {
		t.Errorf("left is %q, want %q", got, want)
	}
	if found := m.observe(other).State(); found != "" {
		t.Errorf("what stays counts as something to do: %q", found)
	}
}

// TestDataBehindALink: docker's directory is a link to a larger disk, as is usual.
func TestDataBehindALink(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.put("/data/docker/image", "theirs")
	m.must(os.MkdirAll(m.Path("/var/lib"), 0o755))
	m.must(os.Symlink(m.Path("/data/docker"), m.Path("/var/lib/docker")))
	m.converge([]resource.Resource{kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"}})
	m.put("/data/docker/overlay2/1", "ours")
	m.apply(dockerData)
	if got := m.filled("/data/docker"); got != "image" || !m.Exists("/var/lib/docker/image") {
		t.Errorf("left is %q", got)
	}
}

// TestDataSparesWhatWasMounted checks that a disk of the host's owner stays mounted, and that what
// was mounted since is unmounted, also in a directory that stays.
func TestDataSparesWhatWasMounted(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.tmpfs("/var/lib/docker/volumes/disk")
	m.converge([]resource.Resource{kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"}})
	m.tmpfs("/var/lib/docker/volumes/secret")
	if state := m.observe(dockerData).State(); !strings.Contains(state, "mounted: "+
		m.Path("/var/lib/docker/volumes/secret")) {
		t.Errorf("the mount is not seen:\n%s", state)
	}
	m.apply(dockerData)
	points, err := resource.Mounts{Under: "/var/lib/docker"}.Points(m.System)
	if err != nil || !slices.Equal(points, []string{m.Path("/var/lib/docker/volumes/disk")}) {
		t.Errorf("mounted are %q, %v", points, err)
	}
}

// TestDataIsMeasured checks the sizes that people see before the question.
func TestDataIsMeasured(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.put("/var/lib/docker/image", strings.Repeat("x", 100_000))
	m.converge([]resource.Resource{kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"}})
	m.put("/var/lib/docker/overlay2/1", strings.Repeat("x", 200_000))
	found, _ := m.observe(dockerData).(kinds.Data)
	if len(found.Goes) != 1 || found.Goes[0].Bytes < 200_000 || found.Goes[0].More ||
		len(found.Stays) != 1 || found.Stays[0].Bytes < 100_000 || found.Stays[0].Why != kinds.WasThere {
		t.Errorf("found %+v", found)
	}
}

// TestKeysOfOthersStay checks the whole file, of which a State shows only the tool's keys: through
// a change, a later edit of its owner, and the way back.
func TestKeysOfOthersStay(t *testing.T) {
	const path = "/etc/docker/daemon.json"
	wanted := resource.File{Path: path, Keys: []string{"containerd", "hosts"},
		Content: []byte(`{"containerd": "/run/c"}`)}
	for _, test := range []struct{ before, during, edited, after string }{
		{
			before: `{"bip":"10.200.0.1/24","hosts":["x"]}`,
			during: "{\n  \"bip\": \"10.200.0.1/24\",\n  \"containerd\": \"/run/c\"\n}\n",
			after:  `{"bip":"10.200.0.1/24","hosts":["x"]}`,
		},
		{
			before: `{"bip":"10.200.0.1/24","hosts":["x"]}`,
			during: "{\n  \"bip\": \"10.200.0.1/24\",\n  \"containerd\": \"/run/c\"\n}\n",
			edited: `{"bip":"10.9.0.1/24","containerd":"/run/c"}`,
			after:  "{\n  \"bip\": \"10.9.0.1/24\",\n  \"hosts\": [\"x\"]\n}\n",
		},
		{during: `{"containerd": "/run/c"}`, edited: `{"containerd":"/run/c","debug":true}`,
			after: "{\n  \"debug\": true\n}\n"},
		{during: `{"containerd": "/run/c"}`},
	} {
		m := newMachine(t)
		if test.before != "" {
			m.put(path, test.before)
		}
		m.converge([]resource.Resource{wanted})
		if got, err := m.Read(path); err != nil || got != test.during {
			t.Errorf("%q becomes %q, %v", test.before, got, err)
		}
		if test.edited != "" {
			m.put(path, test.edited)
		}
		if found := m.observe(wanted); resource.Changed(found, wanted) {
			t.Errorf("an edit of other keys is a difference:\n%s", resource.Diff(found, wanted))
		}
		m.must(kinds.Restore(t.Context(), m.System, nil, nil))
		if got, err := m.Read(path); err != nil || got != test.after {
			t.Errorf("%q comes back as %q, %v; want %q", test.before, got, err, test.after)
		}
	}
}
