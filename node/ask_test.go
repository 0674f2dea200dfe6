package node

import (
	"encoding/binary"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAsk: pages come whole up to a limit, redirects and refusals are answers, and who is silent is
// told in the same words whatever was asked.
func TestAsk(t *testing.T) {
	release := make(chan struct{})
	pages := http.NewServeMux()
	pages.HandleFunc("/hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	pages.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("x", 2*replyLimit)))
	})
	pages.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/hello", http.StatusFound)
	})
	pages.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	address := strings.TrimPrefix(server.URL, "http://")
	name := nameServer(t)
	client := connect(t, Options{Root: t.TempDir()}, pipes)
	for _, c := range []struct {
		url   string
		reply Reply
	}{
		{server.URL + "/hello", Reply{Status: 200, Body: "hello"}},
		{server.URL + "/large", Reply{Status: 200, Body: strings.Repeat("x", replyLimit)}},
		{server.URL + "/moved", Reply{Status: 302, Body: "<a href=\"/hello\">Found</a>.\n\n"}},
		{server.URL + "/none", Reply{Status: 404, Body: "404 page not found\n"}},
		{server.URL + "/slow", Reply{Fault: "no answer within 300ms"}},
		{"http://127.0.0.1:1/", Reply{Fault: "connection refused"}},
		{"tcp://" + address, Reply{}},
		{"tcp://127.0.0.1:1", Reply{Fault: "connection refused"}},
		{"dns://" + name + "/a.example", Reply{Body: "192.0.2.7"}},
		{"dns+tcp://127.0.0.1:1/a.example", Reply{Fault: "connection refused"}},
		{"file:///etc/shadow", Reply{Fault: `not a question: "file"`}},
		{"http://[", Reply{Fault: "not a URL"}},
	} {
		got, err := client.Ask(t.Context(), []Question{{URL: c.url, Limit: 300 * time.Millisecond}})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Took <= 0 && got[0].Fault == "" {
			t.Errorf("%s took no time", c.url)
		}
		got[0].Took = 0
		if strings.HasPrefix(c.url, "dns+tcp") && strings.Contains(got[0].Fault, c.reply.Fault) {
			got[0].Fault = c.reply.Fault
		}
		if got[0] != c.reply {
			t.Errorf("%s: got %.200v, want %.200v", c.url, got[0], c.reply)
		}
	}
	if _, err := client.Ask(t.Context(), make([]Question, maxQuestions+1)); err == nil {
		t.Error("so many questions are too many")
	}
}

// nameServer answers every question with one address, over UDP.
func nameServer(t *testing.T) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		packet := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			// The question ends with its type and class, four bytes before what follows it.
			end := 12
			for packet[end] != 0 {
				end += int(packet[end]) + 1
			}
			end += 5
			if end > n {
				continue
			}
			kind := binary.BigEndian.Uint16(packet[end-4:])
			answer := append([]byte{}, packet[:end]...)
			answer[2], answer[3] = 0x81, 0x80 // an answer, without an error
			copy(answer[6:12], []byte{0, 0, 0, 0, 0, 0})
			if kind == 1 {
				answer[7] = 1
				answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 7)
			}
			if _, err := conn.WriteTo(answer, from); err != nil {
				return
			}
		}
	}()
	return conn.LocalAddr().String()
}

// TestAskSafely: a page over https comes if the certificate is of someone who is believed, and for
// whom it has to be.
func TestAskSafely(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("hello"))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail
	server.StartTLS()
	t.Cleanup(server.Close)
	trust := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	client := connect(t, Options{Root: t.TempDir()}, pipes)
	for _, c := range []struct {
		what, name, body string
		trust            []byte
	}{
		{"an address that the certificate has", "", "hello", trust},
		{"a name that it has", "example.com", "hello", trust},
		{"a name that it has not", "example.org", "", trust},
		{"no certificate is believed", "", "", nil},
	} {
		got, err := client.Ask(t.Context(), []Question{{URL: server.URL, Trust: c.trust, Name: c.name}})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Body != c.body || (got[0].Fault == "") != (c.body != "") {
			t.Errorf("%s: %+v", c.what, got[0])
		}
	}
}
