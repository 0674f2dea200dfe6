package resource_test

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"

	"kbootstrap/resource"
)

// oldLog and newLog are the beginnings of two write-ahead logs, of members with other IDs.
var (
	oldLog = unhex("040000000000008408041000000000001f00000000000081080110" +
		"f5a9b4a2041a150884aa8de4e29795c64f10e2bbabb5bbbe8eaa9b01000e" +
		"00000000000082080510a1bdc3bb0b1a0408001000000073000000000000850802")
	newLog = strings.Replace(oldLog, "\x84\xaa\x8d", "\x85\xab\x8e", 1)
)

func unhex(text string) string {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// salvageLaws have a member of etcd that has lost its quorum, and directories that are put aside.
func salvageLaws() []law {
	wanted := resource.Salvage{
		Name: "m1", PeerURL: "https://192.168.56.11:2380", Token: "t0ken-2", DataDir: "/var/lib/etcd",
		Owner: "etcd:etcd", Unit: "etcd.service", Shelf: "member.lost-1", Note: "/var/lib/kbootstrap/salvaged",
		Listen: "http://127.0.0.1:2389",
	}
	member := resource.Shelved{Path: "/var/lib/etcd/member", Shelf: "member.lost-1", Absent: true}
	return []law{
		{name: "without a quorum", stays: true, wanted: wanted, start: newSalvage},
		{
			name: "cut off before", stays: true, wanted: wanted,
			start: func(m *machine) {
				newSalvage(m)
				m.put("/var/lib/etcd/salvage/copy/member/wal/0.wal", "half")
			},
		},
		{
			name: "cut off between the renames", stays: true, wanted: wanted,
			before: "made, and not started yet\n",
			start: func(m *machine) {
				newSalvage(m)
				m.put(wanted.Note, "4f8c54be2c839585\n")
				m.put("/var/lib/etcd/salvage/restored/member/wal/0.wal", newLog)
				m.must(os.Rename(m.Path("/var/lib/etcd/member"), m.Path("/var/lib/etcd/member.lost-1")))
			},
		},
		{
			name: "in its place", wanted: member, before: "in its place\n",
			start: func(m *machine) { m.put("/var/lib/etcd/member/wal/0.wal", oldLog) },
		},
	}
}

// newSalvage is a machine with the data of a member, and with the programs that make another of it.
func newSalvage(m *machine) {
	s := newSystemd(m)
	m.put("/etc/systemd/system/etcd.service", "[Service]\n")
	m.must(s.start("etcd.service"))
	m.put("/var/lib/etcd/member/wal/0.wal", oldLog)
	copies := "/var/lib/etcd/salvage/"
	manager := s.run
	m.fakes["systemctl"] = func(argv []string) (string, error) {
		if slices.Equal(argv[1:], []string{"stop", "kbootstrap-salvage.service"}) {
			return "", os.RemoveAll(m.Path("/run/salvage"))
		}
		return manager(argv)
	}
	serves := func(w http.ResponseWriter, _ *http.Request) {
		if m.Exists("/run/salvage") {
			_, _ = w.Write([]byte(`{"health":"true"}`))
		}
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(serves))
	m.must(server.Listener.Close())
	server.Listener = listen(m.t, "tcp", "127.0.0.1:2389")
	server.Start()
	m.t.Cleanup(server.Close)
	program := func(do func(argv []string) error) func([]string) (string, error) {
		return func(argv []string) (string, error) { return "", do(argv) }
	}
	m.fakes["mkdir"] = program(func(argv []string) error { return os.MkdirAll(m.Path(argv[len(argv)-1]), 0o700) })
	m.fakes["cp"] = program(func([]string) error {
		if u := s.units["etcd.service"]; u != nil && u.pid != 0 {
			return errors.New("the member runs")
		}
		return os.CopyFS(m.Path(copies+"copy/member"), os.DirFS(m.Path("/var/lib/etcd/member")))
	})
	m.fakes["systemd-run"] = program(func(argv []string) error {
		if !slices.Contains(argv, "--force-new-cluster") || !m.Exists(copies+"copy/member/wal/0.wal") {
			return errors.New("etcd: no data")
		}
		m.put("/run/salvage", "")
		return nil
	})
	m.fakes["/usr/local/bin/etcdctl"] = program(func([]string) error {
		if !m.Exists("/run/salvage") {
			return errors.New("connection refused")
		}
		m.put(copies+"snapshot.db", "db")
		return nil
	})
	m.fakes["/usr/local/bin/etcdutl"] = program(func([]string) error {
		m.put(copies+"restored/member/wal/0.wal", newLog)
		return nil
	})
	m.fakes["chown"] = program(func([]string) error { return nil })
	m.fakes["sync"] = program(func([]string) error { return nil })
}
