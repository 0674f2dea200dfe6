package keyring_test

import (
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/checkup"
	"kbootstrap/provision/component"
	"kbootstrap/provision/keyring"
)

// TestJudge: what has ended comes first, a server that shows another certificate than its file is a
// warning, an authority counts a year before its end, and the certificate that an API server has in
// memory is as old as its process.
func TestJudge(t *testing.T) {
	now := time.Date(2026, 9, 3, 12, 0, 0, 0, time.UTC)
	c := fixture.Parse(t, fixture.Small)
	const day = 24 * time.Hour
	certificate := func(path, sum string, left time.Duration) host.Certificate {
		return host.Certificate{Path: path, Sum: sum, NotBefore: now.Add(left - 365*day), NotAfter: now.Add(left)}
	}
	scene := keyring.Scene{Cluster: c, Now: now, Minor: 32, Hosts: []keyring.Host{{Host: c.Hosts[0],
		Keyring: host.Keyring{
			Certificates: []host.Certificate{
				certificate("/etc/kubernetes/pki/apiserver.crt", "file", 300*day),
				certificate("/etc/kubernetes/scheduler.conf", "s", 59*day),
				certificate("/etc/etcd/pki/peer.crt", "p", -time.Hour),
				certificate("/etc/kubernetes/pki/ca.crt", "ca", 300*day),
				certificate(component.KubeletKept, "k", 2*day),
			},
			Keys:    []host.KeyFile{{Path: "/etc/kubernetes/pki/sa.key", Modified: now.Add(-day)}},
			Served:  []host.Served{{Address: "127.0.0.1:6443", Certificate: certificate("", "other", 300*day)}},
			Started: map[string]time.Time{"kube-apiserver.service": now.Add(-360 * day)},
		}}}}
	want := map[string]checkup.Level{
		"/etc/kubernetes/pki/apiserver.crt": checkup.OK, "/etc/kubernetes/scheduler.conf": checkup.Warning,
		"/etc/etcd/pki/peer.crt": checkup.Broken, "/etc/kubernetes/pki/ca.crt": checkup.Note,
		component.KubeletKept: checkup.Warning, "127.0.0.1:6443": checkup.Warning,
		"process of kube-apiserver.service": checkup.Broken, "/etc/kubernetes/pki/sa.key": checkup.OK,
	}
	entries := keyring.Judge(scene)
	for _, e := range entries {
		if e.Level != want[e.Place] || (e.Problem == "") != (e.Level == checkup.OK) {
			t.Errorf("%s: %s, %q, want %s", e.Place, e.Level, e.Problem, want[e.Place])
		}
		if e.Renews == "" || e.Used == "" {
			t.Errorf("%s: used by %q, renewed by %q", e.Place, e.Used, e.Renews)
		}
		delete(want, e.Place)
	}
	if len(want) > 0 || len(entries) == 0 || entries[0].Level != checkup.Broken ||
		!entries[len(entries)-1].Ends.IsZero() {
		t.Errorf("not there: %v; the order is wrong: %+v", want, entries)
	}
	q := keyring.Query(c, c.Hosts[1])
	if len(q.Served) != 1 || q.Served[0] != "127.0.0.1:10250" || len(q.Units) != 0 {
		t.Errorf("a worker is asked %+v", q)
	}
}
