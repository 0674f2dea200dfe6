package node

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestPush: the image of the tool gets into a registry, by TLS and with a login, and out of it.
func TestPush(t *testing.T) {
	var mu sync.Mutex
	has := map[string][]byte{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		content, err := io.ReadAll(r.Body)
		switch {
		case err != nil:
			t.Error(err)
		case r.Header.Get("Authorization") != "Basic secret":
			http.Error(w, "no login", http.StatusUnauthorized)
		case r.Method == http.MethodPost:
			w.Header().Set("Location", "https://"+r.Host+"/upload?state=x")
			w.WriteHeader(http.StatusAccepted)
		case r.Method == http.MethodDelete:
			delete(has, "/v2/a/b/manifests/1")
			w.WriteHeader(http.StatusAccepted)
		default:
			if digest := r.URL.Query().Get("digest"); digest != "" && digest != describe("", content).Digest {
				t.Errorf("%s is not the sum of what was sent", digest)
			}
			has[r.URL.Path] = content
			w.WriteHeader(http.StatusCreated)
		}
	}))
	t.Cleanup(server.Close)
	root := t.TempDir()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(root, "ca.crt"), authority, 0o600); err != nil {
		t.Fatal(err)
	}
	client := connect(t, Options{Root: root}, pipes)
	p := Push{
		Server: "https://example.com", Address: strings.TrimPrefix(server.URL, "https://"), Authority: "/ca.crt",
		Authorization: "Basic secret", Repository: "a/b", Tag: "1",
	}
	if err := client.Push(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if manifest := has["/v2/a/b/manifests/1"]; !bytes.Contains(manifest, []byte(layerType)) {
		t.Errorf("the manifest is %s", manifest)
	}
	p.Remove = true
	if err := client.Push(t.Context(), p); err != nil || has["/v2/a/b/manifests/1"] != nil {
		t.Errorf("it is still there: %v", err)
	}
	p.Authorization = "Basic wrong"
	if err := client.Push(t.Context(), p); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong login: %v", err)
	}
}
