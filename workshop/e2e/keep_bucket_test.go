//go:build e2e && keep

package e2e

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

// TestKeepBucket: backups go into a store that speaks S3, are tried from there, and restored from
// there, also where nothing can be fetched but them. The keys are in no output and on no host.
func TestKeepBucket(t *testing.T) {
	const name = "keep-bucket"
	l := newLab(t, name, "--control-planes", "1", "--workers", "0")
	key := l.sealer()
	secret := l.store("backups")
	l.up()
	l.keepsMap("cp1", "first")
	backup := func() string {
		t.Helper()
		return l.must(2*time.Minute, "backup", "-i", l.inventory, "-o", "s3://backups/"+name)
	}
	out := backup()
	_, first, found := strings.Cut(out, "wrote ")
	first, _, _ = strings.Cut(first, ": ")
	if !found || !strings.HasPrefix(first, "s3://backups/"+name+"/"+name+"-") {
		t.Fatalf("backup says: %s", out)
	}
	if left, err := filepath.Glob(filepath.Join(l.stateDir(), "backups", "*")); err != nil || len(left) > 0 {
		t.Errorf("what was sent stays here: %v %v", left, err)
	}
	l.keepsMap("cp1", "later")

	t.Log("what the store does not take stays here")
	r := l.run(2*time.Minute, "backup", "-i", l.inventory, "-o", "s3://others/")
	if r.code != 1 || !strings.Contains(r.stderr, "KB6127") || !strings.Contains(r.stderr, "the backup is ") {
		t.Errorf("a bucket that is not there: exit %d\n%s", r.code, r.stderr)
	}
	left, err := filepath.Glob(filepath.Join(l.stateDir(), "backups", "*.kbackup"))
	if err != nil || len(left) != 1 {
		t.Errorf("the backup that was not taken: %v %v", left, err)
	}
	if r := l.run(time.Minute, "backup", "-i", l.inventory, "-o", "s3://backups/", "--plaintext"); r.code != 2 ||
		!strings.Contains(r.stderr, "KB6124") {
		t.Errorf("a backup in the clear: exit %d\n%s", r.code, r.stderr)
	}

	t.Log("without the cache, with a bundle")
	bundle := filepath.Join(l.dir, "whole.tar")
	l.must(5*time.Minute, "bundle", "create", "-i", l.inventory, "-o", bundle)
	t.Setenv("KBOOTSTRAP_CACHE", t.TempDir())
	out = l.must(2*time.Minute, "backup", "verify", "s3://backups/"+name+"/", "-i", l.inventory, "--identity", key,
		"--bundle", bundle)
	if !strings.Contains(out, first+": whole") || !strings.Contains(out, "as the backup says") {
		t.Errorf("verify says: %s", out)
	}
	if noted := readFile(t, filepath.Join(l.stateDir(), "backup.json")); !strings.Contains(noted, first) {
		t.Errorf("it is not noted what was verified: %s", noted)
	}
	l.loseEtcd("cp1")
	l.must(6*time.Minute, "restore", first, "-i", l.inventory, "--identity", key, "--confirm", name, "--bundle", bundle)
	l.holds("cp1", "first")
	l.upAgain("--bundle", bundle)
	if entries, err := os.ReadDir(os.Getenv("KBOOTSTRAP_CACHE")); err != nil || len(entries) > 0 {
		t.Errorf("something was put into the cache: %v, %v", entries, err)
	}
	if err := os.Remove(bundle); err != nil {
		t.Error(err)
	}

	t.Log("the oldest goes")
	backup()
	if out := backup(); !strings.Contains(out, "removed "+first) {
		t.Errorf("two backups are kept, and the third removes none: %s", out)
	}
	r = l.run(time.Minute, "backup", "verify", first, "-i", l.inventory, "--identity", key)
	if r.code != 1 || !strings.Contains(r.stderr, "KB6127") {
		t.Errorf("a backup that was removed: exit %d\n%s", r.code, r.stderr)
	}
	on := l.exec("cp1", "sh", "-c", "grep -rl '"+secret+"' /opt/kbootstrap /etc /var/lib/kbootstrap || true")
	if on != "" {
		t.Errorf("the key for the store is on the host, in %s", on)
	}
}

// store serves a bucket over TLS, and names it in the inventory. It returns the secret of the key.
func (l *lab) store(bucket string) string {
	l.t.Helper()
	const id, secret = "backup-sender", "n0-message-shows-this"
	backend := s3mem.New()
	if err := backend.CreateBucket(l.t.Context(), bucket); err != nil {
		l.fatalf("%v", err)
	}
	server := httptest.NewTLSServer(gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{id: secret})).Server())
	l.t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	keys := "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	for name, text := range map[string]string{"store.crt": string(ca), "store-keys": keys} {
		if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
			l.fatalf("%v", err)
		}
	}
	l.edit("backup:\n", "backup:\n  s3: {endpoint: \""+server.URL+"\", ca: store.crt, "+
		"credentials: store-keys, keep: 2}\n")
	return secret
}
