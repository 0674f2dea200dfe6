package bucket_test

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"kbootstrap/backup/bucket"
	"kbootstrap/fault"
)

const (
	id     = "backup-sender"
	secret = "a secret that no message shows"
)

// newServer is a server that speaks S3 over TLS, checks signatures and clocks, and has one bucket.
// The second one is the handler, of which a test may take a part over.
func newServer(t *testing.T) (*httptest.Server, *taken) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(t.Context(), "backups"); err != nil {
		t.Fatal(err)
	}
	store := gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{id: secret}),
		gofakes3.WithTimeSkewLimit(15*time.Minute))
	handler := &taken{real: store.Server()}
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server, handler
}

// taken answers requests instead of the server.
type taken struct {
	real http.Handler
	over func(w http.ResponseWriter, r *http.Request) bool
}

func (h *taken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.over == nil || !h.over(w, r) {
		h.real.ServeHTTP(w, r)
	}
}

// env is an environment with these variables alone.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func keys(t *testing.T, id, secret string) bucket.Keys {
	t.Helper()
	found, err := bucket.FindKeys("", env("AWS_ACCESS_KEY_ID", id, "AWS_SECRET_ACCESS_KEY", secret))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func open(t *testing.T, s bucket.Settings, k bucket.Keys) *bucket.Store {
	t.Helper()
	store, err := bucket.Open(s, k)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// settings are those for a server.
func settings(server *httptest.Server) bucket.Settings {
	return bucket.Settings{Endpoint: server.URL, Region: "us-east-1",
		Authority: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})}
}

func place(t *testing.T, text string) bucket.Place {
	t.Helper()
	p, err := bucket.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fileOf is a file with so many bytes that no compression makes small.
func fileOf(t *testing.T, size int) (string, []byte) {
	t.Helper()
	content := make([]byte, size)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sent")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, content
}

// TestSendAndFetch: what was sent comes back, also when it takes several parts.
func TestSendAndFetch(t *testing.T) {
	server, _ := newServer(t)
	store := open(t, settings(server), keys(t, id, secret))
	for _, size := range []int{0, 1, 5 << 20, 40 << 20} {
		path, content := fileOf(t, size)
		to := place(t, "s3://backups/some/where/demo-20261129T120000Z.kbackup")
		if err := store.Send(t.Context(), path, to); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		back := filepath.Join(t.TempDir(), "back")
		if err := store.Fetch(t.Context(), to, back); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := os.ReadFile(back)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes were sent, and %d came back: %v", size, len(got), err)
		}
		if info, err := os.Stat(back); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("what was fetched has mode %v", info.Mode())
		}
	}
}

// TestRotate: the newest stay, and what is not the tool's or another cluster's.
func TestRotate(t *testing.T) {
	server, _ := newServer(t)
	store := open(t, settings(server), keys(t, id, secret))
	path, _ := fileOf(t, 10)
	dir := place(t, "s3://backups/demo")
	others := []string{
		"demo-two-20200101T000000Z.kbackup", "demo-20200101.kbackup", "notes/demo-20200101T000000Z.kbackup",
	}
	days := []string{"demo-20261101T000000Z.kbackup", "demo-20261102T000000Z.kbackup", "demo-20261103T000000Z.kbackup"}
	for _, name := range append(others, days...) {
		if err := store.Send(t.Context(), path, dir.Join(name)); err != nil {
			t.Fatal(err)
		}
	}
	newest, err := store.Newest(t.Context(), dir, "demo")
	if err != nil || newest != dir.Join(days[2]) {
		t.Errorf("the newest is %s: %v", newest, err)
	}
	removed, err := store.Rotate(t.Context(), dir.Join(days[2]), "demo", 2)
	if err != nil || strings.Join(removed, " ") != "s3://backups/demo/"+days[0] {
		t.Errorf("removed %q: %v", removed, err)
	}
	// The one that was just sent stays, although it is the oldest by its name.
	if err := store.Send(t.Context(), path, dir.Join(days[0])); err != nil {
		t.Fatal(err)
	}
	if removed, err := store.Rotate(t.Context(), dir.Join(days[0]), "demo", 2); err != nil || removed != nil {
		t.Errorf("removed %q: %v", removed, err)
	}
	for _, name := range others {
		if err := store.Fetch(t.Context(), dir.Join(name), filepath.Join(t.TempDir(), "back")); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	if _, err := store.Newest(t.Context(), dir, "third"); fault.Of(err) != fault.BucketMissing {
		t.Errorf("a cluster without backups: %v", err)
	}
}

// TestRefusals: each way in which a store does not do what it is asked has its code, and no message
// has the secret.
func TestRefusals(t *testing.T) {
	server, handler := newServer(t)
	good, known := settings(server), keys(t, id, secret)
	elsewhere := good
	elsewhere.Authority = nil
	gone := good
	gone.Endpoint = "https://127.0.0.1:1"
	for what, c := range map[string]struct {
		settings bucket.Settings
		keys     bucket.Keys
		place    string
		over     func(w http.ResponseWriter, r *http.Request) bool
		want     fault.Code
		says     string
	}{
		"no such bucket":   {good, known, "s3://others/x.kbackup", nil, fault.BucketMissing, "NoSuchBucket"},
		"no such backup":   {good, known, "s3://backups/x.kbackup", nil, fault.BucketMissing, "NoSuchKey"},
		"no such key":      {good, keys(t, "other-key", secret), "s3://backups/x.kbackup", nil, fault.BucketRefused, ""},
		"another secret":   {good, keys(t, id, "wrong"), "s3://backups/x.kbackup", nil, fault.BucketRefused, "Signature"},
		"not trusted":      {elsewhere, known, "s3://backups/x.kbackup", nil, fault.BucketUnreached, "does not trust"},
		"no server":        {gone, known, "s3://backups/x.kbackup", nil, fault.BucketUnreached, "127.0.0.1:1"},
		"another clock":    {good, known, "s3://backups/x.kbackup", answer(403, "RequestTimeTooSkewed"), fault.BucketClock, "Skewed"},
		"cannot serve now": {good, known, "s3://backups/x.kbackup", answer(503, "SlowDown"), fault.BucketUnreached, "SlowDown"},
	} {
		t.Run(what, func(t *testing.T) {
			handler.over = c.over
			store := open(t, c.settings, c.keys)
			back := filepath.Join(t.TempDir(), "back")
			err := store.Fetch(t.Context(), place(t, c.place), back)
			if fault.Of(err) != c.want || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), c.place) {
				t.Errorf("fetch: %v", err)
			}
			if _, err := os.Stat(back); err == nil {
				t.Error("a file is left")
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the secret is shown: %v", err)
			}
			if what == "no such backup" {
				return
			}
			path, _ := fileOf(t, 10)
			if err := store.Send(t.Context(), path, place(t, c.place)); fault.Of(err) != c.want {
				t.Errorf("send: %v", err)
			}
		})
	}
}

// answer refuses all requests.
func answer(status int, code string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>no</Message></Error>"))
		return true
	}
}

// TestReadAgain: a store that gives back something else than it was sent has no backup.
func TestReadAgain(t *testing.T) {
	server, handler := newServer(t)
	store := open(t, settings(server), keys(t, id, secret))
	handler.over = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Header().Set("ETag", `"0"`)
		_, _ = w.Write([]byte("something else"))
		return true
	}
	path, _ := fileOf(t, 14)
	to := place(t, "s3://backups/x.kbackup")
	if err := store.Send(t.Context(), path, to); fault.Of(err) != fault.BackupDamaged {
		t.Errorf("send: %v", err)
	}
	handler.over = nil
	if err := store.Fetch(t.Context(), to, filepath.Join(t.TempDir(), "back")); fault.Of(err) != fault.BucketMissing {
		t.Errorf("the damaged object is still there: %v", err)
	}
}

// TestParse: what is no place is refused, and a login in it is not repeated.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"s3://backups":                "s3://backups/",
		"s3://backups/":               "s3://backups/",
		"s3://backups/demo":           "s3://backups/demo/",
		"s3://backups/a/b/c.kbackup":  "s3://backups/a/b/c.kbackup",
		"s3://":                       "",
		"s3:///name":                  "",
		"S3://backups":                "",
		"s3://id:hidden@backups/name": "",
		"s3://backups:9000/name":      "",
		"s3://Backups/name":           "",
		"s3://backups/../x":           "",
		"s3://backups//x":             "",
		"s3://backups/x?versionId=1":  "",
	} {
		p, err := bucket.Parse(text)
		if (err == nil) != (want != "") || err == nil && p.String() != want {
			t.Errorf("%s is read as %s: %v", text, p, err)
		}
		if err != nil && (fault.Of(err) != fault.BucketPlace || strings.Contains(err.Error(), "hidden")) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestFindKeys: a file that is given comes first, and one that others can read is refused.
func TestFindKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	profile := "[default]\naws_access_key_id = one\naws_secret_access_key = " + secret + "\n"
	file, wide := write("file", profile, 0o600), write("wide", profile, 0o644)
	half := write("half", "[default]\naws_access_key_id = one\n", 0o600)
	home := filepath.Dir(filepath.Dir(write(".aws/credentials", profile, 0o600)))
	for what, c := range map[string]struct {
		given string
		env   func(string) string
		want  string // in the error
	}{
		"the environment":        {"", env("AWS_ACCESS_KEY_ID", "a", "AWS_SECRET_ACCESS_KEY", "b"), ""},
		"half of it":             {"", env("AWS_ACCESS_KEY_ID", "a"), "only one is set"},
		"a file that is given":   {file, env("AWS_ACCESS_KEY_ID", "a"), ""},
		"the environment's file": {"", env("AWS_SHARED_CREDENTIALS_FILE", file), ""},
		"the usual file":         {"", env("HOME", home), ""},
		"nothing":                {"", env("HOME", filepath.Join(dir, "empty")), "there is no file"},
		"open to others":         {wide, env(), "chmod 600"},
		"another profile":        {file, env("AWS_PROFILE", "two"), `the profile "two"`},
		"half a file":            {half, env(), "default"},
	} {
		_, err := bucket.FindKeys(c.given, c.env)
		isWanted := err == nil
		if c.want != "" {
			isWanted = fault.Of(err) == fault.BucketKeys && strings.Contains(err.Error(), c.want)
		}
		if !isWanted {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the secret is shown: %v", what, err)
		}
	}
}
