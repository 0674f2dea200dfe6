//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// page is a page of an add-on at the first control plane, as a person with the login reaches it.
// The network of the lab is reached by SSH, and the certificate is known by the cluster's
// authority.
type page struct {
	l      *lab
	url    string            // of a server of the test that logs in
	behind http.RoundTripper // without the login
	remote *url.URL
}

// page opens the way to a page.
func (l *lab) page(port int, login string) page {
	l.t.Helper()
	state := filepath.Join(l.dir, ".kbootstrap", filepath.Base(l.dir), "pki")
	authority, password := l.file(filepath.Join(state, "ca.crt")), l.file(filepath.Join(state, login+".password"))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	cp1 := l.hosts()[0]
	remote := &url.URL{Scheme: "https", Host: fmt.Sprintf("%s:%d", cp1.Address, port)}
	client := l.ssh(cp1)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return client.DialContext(ctx, network, address)
		},
	}
	server := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(remote)
		r.Out.SetBasicAuth(login, strings.TrimSpace(string(password)))
	}})
	l.t.Cleanup(server.Close)
	return page{l: l, url: server.URL, behind: transport, remote: remote}
}

// ssh logs in to a host, as a person does.
func (l *lab) ssh(h host) *ssh.Client {
	l.t.Helper()
	key, err := ssh.ParsePrivateKey(l.file(filepath.Join(l.dir, "id_ed25519")))
	if err != nil {
		l.fatalf("%v", err)
	}
	known, err := knownhosts.New(filepath.Join(l.dir, "known_hosts"))
	if err != nil {
		l.fatalf("%v", err)
	}
	client, err := ssh.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.SSHPort), &ssh.ClientConfig{
		User: "vagrant", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: known,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, Timeout: 10 * time.Second,
	})
	if err != nil {
		l.fatalf("%v", err)
	}
	l.t.Cleanup(func() { _ = client.Close() })
	return client
}

// file reads a file of the lab.
func (l *lab) file(path string) []byte {
	l.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		l.fatalf("%v", err)
	}
	return text
}

// read is the whole of a body.
func read(t *testing.T, body io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// get asks the page, with the login. While it is away there is no status.
func (p page) get(t *testing.T, path string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Logf("%s: %v", path, err)
		return 0, ""
	}
	defer response.Body.Close()
	return response.StatusCode, read(t, response.Body)
}

// keepsOut checks that the page shows nothing without the login.
func (p page) keepsOut(t *testing.T, path string) {
	t.Helper()
	for _, login := range []func(*http.Request){
		func(*http.Request) {}, func(r *http.Request) { r.SetBasicAuth("logging", "wrong") },
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.remote.String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		login(request)
		response, err := p.behind.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without the login: %s", path, response.Status)
		}
	}
}

// pictures is the variable with the directory that gets the pictures of pages; docs/pictures are
// made with it.
const pictures = "KBOOTSTRAP_PICTURES"

// shows opens an address of the page in a browser, and waits until it shows all texts.
func (p page) shows(t *testing.T, path, picture string, texts ...string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		seen := p.browse(t, "1400,4400", "--dump-dom", p.url+path)
		lacking := ""
		for _, text := range texts {
			if !strings.Contains(seen, text) {
				lacking = text
			}
		}
		if lacking == "" {
			break
		}
		if time.Now().After(deadline) {
			p.l.fatalf("%s does not show %q:\n%s", path, lacking, seen)
		}
	}
	if dir := os.Getenv(pictures); dir != "" {
		p.browse(t, "1400,1000", "--screenshot="+filepath.Join(dir, picture), p.url+path)
	}
}

// browse has a browser open the page, run its scripts and do something with it, and returns what
// the browser writes. Parts of a page that are out of sight are not drawn.
func (p page) browse(t *testing.T, size string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "chromium", append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir=" + t.TempDir(),
		"--window-size=" + size, "--virtual-time-budget=20000",
	}, arguments...)...).Output()
	if err != nil {
		p.l.fatalf("chromium: %v\n%s", err, out)
	}
	return string(out)
}
