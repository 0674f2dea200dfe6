package node

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAskWithTLS: a page is asked with the login if its certificate is of the authority, and with
// nothing otherwise.
func TestAskWithTLS(t *testing.T) {
	var logins []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		logins = append(logins, user+" "+password)
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(server.Close)
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	other := httptest.NewTLSServer(nil)
	t.Cleanup(other.Close)
	client := connect(t, Options{Root: t.TempDir()}, pipes)
	ask := func(url, authority string) Reply {
		t.Helper()
		questions := []Question{{URL: url, User: "u", Password: "p", Trust: []byte(authority)}}
		replies, err := client.Ask(t.Context(), questions)
		if err != nil {
			t.Fatal(err)
		}
		return replies[0]
	}
	if r := ask(server.URL, authority); r.Body != "hello" || r.Fault != "" {
		t.Errorf("got %+v", r)
	}
	if r := ask(server.URL, ""); !strings.Contains(r.Fault, "unknown authority") {
		t.Errorf("without an authority: %+v", r)
	}
	// The machine's own authorities are none of the cluster's.
	if r := ask(server.URL, strings.Replace(authority, "M", "N", 1)); r.Fault == "" {
		t.Errorf("with a broken authority: %+v", r)
	}
	if r := ask("http"+strings.TrimPrefix(server.URL, "https"), authority); r.Body == "hello" {
		t.Errorf("without TLS: %+v", r)
	}
	if len(logins) != 1 || logins[0] != "u p" {
		t.Errorf("the server saw %q", logins)
	}
}
