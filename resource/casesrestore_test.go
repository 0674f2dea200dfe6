package resource_test

import (
	"os"
	"path/filepath"
	"strings"

	"kbootstrap/resource"
)

// newEtcdutl gives the machine an etcdutl that restores, and a snapshot.
func newEtcdutl(m *machine) {
	m.put("/var/lib/kbootstrap/restore.snapshot", "snapshot")
	m.must(os.MkdirAll(m.Path("/var/lib/etcd"), 0o755))
	m.fakes["etcdutl"] = func(argv []string) (string, error) {
		for _, a := range argv {
			dir, ok := strings.CutPrefix(a, "--data-dir=")
			if !ok {
				continue
			}
			for name, text := range map[string]string{"snap/db": "restored", "wal/0.wal": "log"} {
				path := filepath.Join(dir, "member", name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					return "", err
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					return "", err
				}
			}
			return "", nil
		}
		return m.unexpected(argv)
	}
}

var (
	stagedMember = resource.StagedMember{
		Name: "m1", PeerURL: "https://192.168.56.11:2380", DataDir: "/var/lib/etcd", Owner: "root:root",
		Snapshot: "/var/lib/kbootstrap/restore.snapshot", Initial: "m1=https://192.168.56.11:2380", Token: "t-1",
		Restore: "20261129t120000z",
	}
	restoredMember = resource.Restored{Name: "m1", DataDir: "/var/lib/etcd", Restore: "20261129t120000z"}
)

// restoreLaws are about data of etcd that takes the place of other data.
func restoreLaws() []law {
	old := func(m *machine) {
		newEtcdutl(m)
		m.put("/var/lib/etcd/member/snap/db", "old")
	}
	staged := func(start func(*machine)) func(*machine) {
		return func(m *machine) { start(m); m.apply(stagedMember) }
	}
	return []law{
		{name: "new", start: newEtcdutl, wanted: stagedMember},
		{name: "next to data", start: old, wanted: stagedMember},
		{
			name: "left by another restore", wanted: stagedMember,
			start: func(m *machine) {
				old(m)
				m.put("/var/lib/etcd/restoring/member/restored", "20261128t120000z\n")
				m.put("/var/lib/etcd/restoring/member/snap/db", "half")
			},
		},
		{name: "new", start: staged(newEtcdutl), wanted: restoredMember, forgets: true},
		{name: "over data", start: staged(old), wanted: restoredMember, forgets: true},
		{
			name: "cut off between the names", wanted: restoredMember, forgets: true,
			start: func(m *machine) {
				staged(old)(m)
				m.must(os.Rename(m.Path("/var/lib/etcd/member"), m.Path(restoredMember.Kept())))
			},
		},
	}
}
