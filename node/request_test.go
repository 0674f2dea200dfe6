package node

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kbootstrap/internal/trial"
	"kbootstrap/resource/api"
)

// TestRequest: what the API answers comes as it is, a refusal with its status, and no server as
// neither.
func TestRequest(t *testing.T) {
	var seen []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+r.URL.String()+" "+r.Header.Get("Content-Type")+" "+string(body))
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind":"Status","message":"not yours"}`))
			return
		}
		_, _ = w.Write([]byte(`{"kind":"List"}`))
	}))
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	kubeconfig := "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n" +
		"clusters: [{name: c, cluster: {server: \"" + server.URL + "\", certificate-authority: /ca.crt}}]\n" +
		"users: [{name: u, user: {token: t}}]\n"
	root := trial.Lay(t, map[string]string{"admin.conf": kubeconfig, "ca.crt": string(authority)})
	client := connect(t, Options{Root: root}, pipes)
	ask := func(method, path, body string) api.Response {
		t.Helper()
		found, err := client.Request(t.Context(), api.Request{
			Kubeconfig: "/admin.conf", Method: method, Path: path, Type: "application/json", Body: []byte(body),
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if r := ask(http.MethodGet, "/api/v1/pods?limit=1", ""); string(r.Body) != `{"kind":"List"}` || r.Error != "" {
		t.Errorf("got %+v; the server saw %q", r, seen)
	}
	if r := ask(http.MethodPost, "/api/v1/pods", "{}"); r.Error != "" {
		t.Errorf("got %+v", r)
	}
	if r := ask(http.MethodDelete, "/refused", ""); r.Code != http.StatusForbidden ||
		!strings.Contains(r.Error, "not yours") {
		t.Errorf("got %+v", r)
	}
	if r := ask(http.MethodGet, "elsewhere", ""); r.Error == "" {
		t.Error("that is no path")
	}
	if len(seen) != 3 || seen[1] != "POST /api/v1/pods application/json {}" {
		t.Errorf("the server saw %q", seen)
	}
	server.Close()
	if r := ask(http.MethodGet, "/api/v1/pods", ""); r.Code != 0 || r.Error == "" {
		t.Errorf("without a server: %+v", r)
	}
	if _, err := client.Request(t.Context(), api.Request{Method: "TRACE", Path: "/"}); err == nil {
		t.Error("TRACE is no method of the API")
	}
	if isTokenRequest(api.Request{Method: http.MethodPost, Path: "/api/v1/namespaces/n/pods/token"}) ||
		isTokenRequest(api.Request{Method: http.MethodPut, Path: tokenPath}) ||
		!isTokenRequest(api.Request{Method: http.MethodPost, Path: tokenPath}) {
		t.Error("only a POST for a token needs no lock")
	}
}

const tokenPath = "/api/v1/namespaces/n/serviceaccounts/a/token"
