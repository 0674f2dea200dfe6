package bundle

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// open reads an archive.
func open(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(unpacked); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil || header.Mode != 0o600 {
			t.Fatalf("%+v, %v", header, err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(text)
	}
}

// TestBundle: what goes in comes out, but for secrets; the manifest lists it; and only the user can
// read it.
func TestBundle(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var names []string
	for i := range logs + 3 {
		name := "20300101T0000" + string(rune('a'+i)) + "-up.log"
		write(name, "level=INFO text=\"password: hunter2\"\n")
		names = append(names, "runs/"+name)
	}
	b := &Bundle{}
	b.Logs(dir)
	b.Inventory(&inventory.Cluster{
		File:  write("hosts.yaml", "ssh: {passwordFile: ~/pass}\narguments: {kubelet: {v: 4}}\n"),
		Hosts: []inventory.Host{{Name: "m1"}, {Name: "m2"}},
	})
	b.Failed(plan.Failures{{Host: "m2", Component: "connect", Err: errors.New("no route")}})
	b.rendered(resource.File{Path: "/etc/a.conf", Content: []byte("a\n")})
	b.rendered(resource.File{Path: "/etc/../../b.key", Content: []byte("the key"), Secret: true})
	path := filepath.Join(dir, "x.tar.gz")
	write("x.tar.gz", "an old one") // is replaced
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := b.Write(path, "v1", "demo", now); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	files := open(t, path)
	var m Manifest
	if err := json.Unmarshal([]byte(files["demo-support/manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	want := append([]string{"error.txt", "hosts.yaml", "rendered/b.key.txt", "rendered/etc/a.conf"}, names[3:]...)
	slices.Sort(want)
	if d := cmp.Diff(want, b.Names()); d != "" {
		t.Errorf("names:\n%s", d)
	}
	if len(m.Files) != len(want) || len(files) != len(want)+1 || m.Cluster != "demo" || !m.Created.Equal(now) {
		t.Errorf("manifest: %+v", m)
	}
	if d := cmp.Diff(map[string]string{"m1": "not asked", "m2": "not reached: m2: connect: no route"},
		m.Hosts); d != "" {
		t.Errorf("hosts:\n%s", d)
	}
	for name, text := range files {
		for _, secret := range []string{"hunter2", "the key"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows a secret: %s", name, text)
			}
		}
	}
	if files["demo-support/rendered/etc/a.conf"] != "a\n" ||
		!strings.Contains(files["demo-support/hosts.yaml"], "passwordFile: ~/pass") {
		t.Errorf("it lacks what is no secret: %v", files)
	}
	// The same again is the same file.
	again := filepath.Join(dir, "y.tar.gz")
	if _, err := b.Write(again, "v1", "demo", now); err != nil {
		t.Fatal(err)
	}
	one, err1 := os.ReadFile(path)
	two, err2 := os.ReadFile(again)
	if err := errors.Join(err1, err2); err != nil || string(one) != string(two) {
		t.Errorf("another file of the same content; %v", err)
	}
}

func TestRedact(t *testing.T) {
	const key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIabc\n-----END EC PRIVATE KEY-----"
	for _, test := range []struct{ text, want string }{
		{"before\n" + key + "\nafter",
			"before\n-----BEGIN EC PRIVATE KEY-----[redacted]-----END EC PRIVATE KEY-----\nafter"},
		{"-----BEGIN PRIVATE KEY-----\ncut off", "-----BEGIN PRIVATE KEY-----[redacted]"},
		{`{"a":"-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n"}`,
			`{"a":"-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----\n"}`},
		{"    client-key-data: /9j4AAQ+x/=\n    user: a", "    client-key-data: [redacted]\n    user: a"},
		{`"client-key-data":"LS0t"`, `"client-key-data":"[redacted]"`},
		{"x LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0t y", "x [redacted] y"},
		{"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.c2ln_-", "[redacted]"},
		{"join with abcdef.0123456789abcdef now", "join with [redacted] now"},
		{`password: "", a: "b"`, `password: "", a: "b"`},
		{"Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"},
		{"--password=hunter2 --v=4", "--password=[redacted] --v=4"},
		{`"password": "hunter2", "user": "a"`, `"password": "[redacted]", "user": "a"`},
		{`"Secret": true`, `"Secret": true`},
		{"passwordFile: /etc/pass", "passwordFile: /etc/pass"},
		{"https://user:hunter2@mirror.example/x", "https://user:[redacted]@mirror.example/x"},
		{"https://mirror.example:8443/x", "https://mirror.example:8443/x"},
		{"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
			"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"},
		{"--initial-cluster-token=kbootstrap-demo", "--initial-cluster-token=kbootstrap-demo"},
		{`{"a":"{\"splunk-token\": \"B5A7 x\",\"b\":1}"}`, `{"a":"{\"splunk-token\": \"[redacted]\",\"b\":1}"}`},
		{`msg="{\"token\":\"a \\\"b c\"}" x=1`, `msg="{\"token\":\"[redacted]\"}" x=1`},
		{`\\\"token\\\": \\\"a b\\\", \\\"c\\\"`, `\\\"token\\\": \\\"[redacted]\\\", \\\"c\\\"`},
		{"password: \"correct horse, battery\"\nb: c", "password: \"[redacted]\"\nb: c"},
		{`password: "a \"b c\\", d: "e"`, `password: "[redacted]", d: "e"`},
		{"password: 'correct horse, it''s' b", "password: '[redacted]' b"},
		{`password=a\b c`, "password=[redacted] c"},
		{"run --password hunter2 --v 4", "run --password [redacted] --v 4"},
		{`run --api-token "correct horse"`, `run --api-token "[redacted]"`},
		{`run "--password=hunter2"`, `run "--password=[redacted]"`},
		{`{"a":"--password=hunter2"}`, `{"a":"--password=[redacted]"}`},
		{`"a":"x \"--password=hunter2\" y"`, `"a":"x \"--password=[redacted]\" y"`},
		{`"token": "[redacted]", "b": "c"`, `"token": "[redacted]", "b": "c"`},
		{`\"initial-cluster-token\": \"demo\"`, `\"initial-cluster-token\": \"demo\"`},
		{"--initial-cluster-token kbootstrap-demo", "--initial-cluster-token kbootstrap-demo"},
		{"etcd-token kbootstrap-demo", "etcd-token kbootstrap-demo"},
		{`{"auths":{"r.example":{"auth":"dXNlcjpwYXNz","identitytoken":"abc"}}}`,
			`{"auths":{"r.example":{"auth":"[redacted]","identitytoken":"[redacted]"}}}`},
		{"Set-Cookie: id=a1b2; Path=/", "Set-Cookie: [redacted] Path=/"},
		{"DB_PWD=hunter2 credential: hunter2", "DB_PWD=[redacted] credential: [redacted]"},
		{"--anonymous-auth=false --authorization-mode=Node", "--anonymous-auth=false --authorization-mode=Node"},
	} {
		text, want := test.text, test.want
		got := Redact(text)
		if got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", text, got, want)
		}
		if again := Redact(got); again != got {
			t.Errorf("again: %q", again)
		}
	}
}

// TestAddJSON: a string is redacted as it was before it was quoted, and the file stays JSON.
func TestAddJSON(t *testing.T) {
	var b Bundle
	b.AddJSON("a.json", map[string]string{
		"diff":     "-password: \"correct \\\"horse\\\", battery\"\n+password: <none, yet>\n keep: \"this\"\n",
		"document": `{"splunk-token": "B5A7 x", "keep": 1}`,
		"password": `a "b", c`,
	})
	var got map[string]string
	if err := json.Unmarshal(b.files["a.json"], &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"diff":     "-password: \"[redacted]\"\n+password: [redacted], yet>\n keep: \"this\"\n",
		"document": `{"splunk-token": "[redacted]", "keep": 1}`,
		"password": "[redacted]",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
