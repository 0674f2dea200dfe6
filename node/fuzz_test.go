package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// refusing runs no program.
func refusing(context.Context, ...string) ([]byte, error) { return nil, errors.New("not here") }

// hung is when a test gives up on a node; it only matters when something is wrong.
const hung = time.Minute

// FuzzWire sends anything to a node instead of HTTP/2. It must end with its input, and leave the
// host alone.
func FuzzWire(f *testing.F) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for _, seed := range []string{
		"", "\n", preface, preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		preface + "\xff\xff\xff\x00\x00\x00\x00\x00\x01", preface + "\x00\x00\x08\x06\x00\x00\x00\x00\x00ABCDEFGH",
		preface + "\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08", strings.Repeat("\x00", 100),
		"KBOOTSTRAP-NODE 1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		near, far := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- Serve(context.Background(), far, Options{Root: root, Run: refusing}) }()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_ = near.SetWriteDeadline(time.Now().Add(hung))
		if _, err := near.Write(data); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the node reads no more, and does not end")
		}
		_ = near.Close()
		select {
		case err := <-served:
			t.Log(err) // with or without an error
		case <-time.After(hung):
			t.Fatal("the node does not end with its input")
		}
		if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
			t.Errorf("it has changed the host: %v, %v", left, err)
		}
	})
}

// FuzzRequests asks a node for anything that does not change a host by design: it must answer,
// neither panic nor hang, and touch nothing outside of its own directories. What would be changes
// are sent as long as they are no list of resources.
func FuzzRequests(f *testing.F) {
	paths := []string{
		"/v1/open", "/v1/look", "/v1/converge?component=etcd", "/v1/stop", "/v1/flush", "/v1/missing", "/v1/abandon",
		"/v1/journal", "/v1/network", "/v1/request", "/v1/ask", "/v1/push", "/v1/nothing",
		"/v1/blobs/" + strings.Repeat("ab", 32) + "?size=3",
	}
	for i := range paths {
		for _, body := range []string{
			"", "null", "[]", "{}", "[null]", `["a"]`, `[{"kind":"file"}]`,
			`[{"kind":"file","value":{"Path":"../../etc/passwd"}}]`, `{"Unit":"-x","Lines":-1}`,
			`{"Sum":"../../x","Cause":"y"}`, `["/etc/passwd","../../../etc/shadow"]`,
			`{"Holder":{"User":"` + strings.Repeat("x", 100) + `"}}`,
			`{"Method":"GET","Path":"x","Kubeconfig":"../../x"}`, `{"Dirs":["../.."]}`,
			`[{"URL":"dns:///","Limit":-1}]`,
			`{"Survey":{"Paths":["../.."],"Units":["-x"]},"Census":[{"Kubeconfig":"../../x"}]}`,
			strings.Repeat("[", 1000), "\xff\xfe",
		} {
			f.Add(i, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		path := paths[uint(which)%uint(len(paths))]
		if path == "/v1/ask" && bytes.Contains(body, []byte("://")) && !bytes.Contains(body, []byte(`"dns:///"`)) {
			return // it would ask whom it is told to
		}
		rs, err := kinds.Unmarshal(body)
		if err == nil && path == "/v1/look" {
			body = []byte(`{"Observe":` + string(body) + `,"Witnesses":` + string(body) + `}`)
		}
		if err == nil && (path != "/v1/look" && len(rs) > 0 || slices.ContainsFunc(rs, asksOthers)) {
			return // it would do as it is told
		}
		var q lookQuestion
		if path == "/v1/look" && json.Unmarshal(body, &q) == nil {
			wanted, _ := kinds.Unmarshal(q.Observe)
			witnesses, _ := kinds.Unmarshal(q.Witnesses)
			if slices.ContainsFunc(append(wanted, witnesses...), asksOthers) {
				return
			}
		}
		dir := t.TempDir()
		root := filepath.Join(dir, "root")
		foreign := filepath.Join(dir, "outside")
		if err := errors.Join(os.Mkdir(root, 0o755), os.WriteFile(foreign, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- Serve(context.Background(), far, Options{Root: root, Run: refusing}) }()
		client := NewClient(near)
		ctx, cancel := context.WithTimeout(t.Context(), hung)
		defer cancel()
		method := http.MethodPost
		if strings.HasPrefix(path, "/v1/blobs/") {
			method = http.MethodPut
		}
		response, err := client.do(ctx, method, path, bytes.NewReader(body))
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		if ctx.Err() != nil || fault.Of(err) == fault.NodePanic || fault.Of(err) == fault.SessionLost {
			t.Errorf("%s: %q: %v", path, body, err)
		}
		_ = client.Close()
		if err := <-served; err != nil {
			t.Errorf("%s: %q: the node ended with %v", path, body, err)
		}
		outside(t, dir)
	})
}

// asksOthers reports whether looking at a resource is more than to read files of the host.
func asksOthers(r resource.Resource) bool {
	switch r.(type) {
	case resource.File, resource.Dir, resource.Link, resource.Tree, resource.User,
		resource.Service, resource.Sysctl, resource.Swap, resource.Module:
		return false
	}
	return true
}

// outside checks that nothing has changed next to the root, and nothing in it but what is the
// node's own.
func outside(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	text, errText := os.ReadFile(filepath.Join(dir, "outside"))
	if err := errors.Join(err, errText); err != nil || len(entries) != 2 || string(text) != "x" {
		t.Errorf("it has changed what is not its own: %v, %v", entries, err)
	}
	inside, err := os.ReadDir(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range inside {
		if e.Name() != "run" && e.Name() != "opt" && e.Name() != "var" { // the lock, the contents, what is remembered
			t.Errorf("it has made %s", e.Name())
		}
	}
}
