package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kbootstrap/host"
	"kbootstrap/internal/trial"
)

// TestPorts: a listener of this process, found by the survey of another.
func TestPorts(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.93.9:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = u.Close() }()
	tcp, udp := l.Addr().(*net.TCPAddr).Port, u.LocalAddr().(*net.UDPAddr).Port
	p := start(t, "/")
	found, err := p.Survey(t.Context(), host.SurveyQuery{TCP: []int{tcp}, UDP: []int{udp}})
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, port := range found.Ports {
		if port.PID != os.Getpid() {
			continue // another process has the other protocol's port of that number
		}
		seen++
		want := host.Port{Network: "tcp", Address: netip.MustParseAddr("127.0.93.9"), Number: tcp}
		if port.Network == "udp" {
			want = host.Port{Network: "udp", Address: netip.IPv4Unspecified(), Number: udp}
		}
		if port.Network != want.Network ||
			port.Address != want.Address && !port.Address.IsUnspecified() ||
			port.Number != want.Number {
			t.Errorf("got %+v, want %+v", port, want)
		}
		if port.Path != path || port.Program == "" {
			t.Errorf("the holder: %+v, want %s", port, path)
		}
	}
	if seen != 2 {
		t.Errorf("found %+v, want tcp/%d and udp/%d of process %d", found.Ports, tcp, udp, os.Getpid())
	}
	if found.UID != os.Geteuid() {
		t.Errorf("user %d", found.UID)
	}
}

// TestPackageLock: a lock as dpkg takes it, held by this process and found by another.
func TestPackageLock(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"var/lib/dpkg/lock-frontend":             "",
		fmt.Sprintf("proc/%d/comm", os.Getpid()): "unattended-upgr\n",
	})
	p := start(t, root)
	query := host.SurveyQuery{Packages: true}
	found, err := p.Survey(t.Context(), query)
	if err != nil || found.PackageLock != nil {
		t.Fatalf("without a lock: %+v, %v", found.PackageLock, err)
	}
	file, err := os.OpenFile(filepath.Join(root, "var/lib/dpkg/lock-frontend"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	found, err = p.Survey(t.Context(), query)
	want := host.Lock{Path: "/var/lib/dpkg/lock-frontend", PID: os.Getpid(), Program: "unattended-upgr"}
	if err != nil || found.PackageLock == nil || *found.PackageLock != want {
		t.Errorf("got %+v, %v, want %+v", found.PackageLock, err, want)
	}
}

// TestFsync: the disk is measured, and nothing stays on it.
func TestFsync(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	got, err := client.Fsync(t.Context(), "/var/lib/etcd")
	if err != nil {
		t.Fatal(err)
	}
	if got.Writes < 1 || got.Writes > 60 || got.P50 <= 0 || got.P50 > got.P99 || got.P99 > got.Max {
		t.Errorf("got %+v", got)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

// TestClock: the control machine compares clocks with a host whose programs see one that is 90 s
// ahead, and with one whose date is of no use.
func TestClock(t *testing.T) {
	for _, c := range []struct {
		name string
		date func() (string, error)
		want time.Duration
	}{
		{"ahead", func() (string, error) {
			now := time.Now().Add(90 * time.Second)
			return fmt.Sprintf("%d.%09d\n", now.Unix(), now.Nanosecond()), nil
		}, 90 * time.Second},
		{"behind", func() (string, error) {
			now := time.Now().Add(-time.Hour)
			return fmt.Sprintf("%d.%09d\n", now.Unix(), now.Nanosecond()), nil
		}, -time.Hour},
		{"busybox", func() (string, error) { return "1700000000.%N\n", nil }, 0},
		{"no date", func() (string, error) { return "", os.ErrNotExist }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := func(_ context.Context, argv ...string) ([]byte, error) {
				if !slices.Equal(argv, []string{"date", "+%s.%N"}) {
					return nil, os.ErrNotExist // it is for the facts
				}
				out, err := c.date()
				return []byte(out), err
			}
			client := connect(t, Options{Root: t.TempDir(), Run: run}, pipes)
			began := time.Now()
			greeting, err := client.open(t.Context(), nil, nil, nil)
			got := greeting.Clock
			took := time.Since(began)
			if err != nil {
				t.Fatal(err)
			}
			// However long it took, the answer lies within its own bounds and the time of all of
			// it.
			if off := (got.Offset - c.want).Abs(); off > took || got.Error > took {
				t.Errorf("got %+v, want %s; it took %s", got, c.want, took)
			}
		})
	}
}
