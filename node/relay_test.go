package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
)

// relaying is a host that passes on what it was sent, and another one that can get it.
type relaying struct {
	from, to         *Client
	fromRoot, toRoot string
	keys             *RunKeys
	port             int
}

func newRelaying(t *testing.T) *relaying {
	t.Helper()
	keys, err := NewRunKeys()
	if err != nil {
		t.Fatal(err)
	}
	r := &relaying{fromRoot: t.TempDir(), toRoot: t.TempDir(), keys: keys}
	r.from = connect(t, Options{Root: r.fromRoot}, pipes)
	r.to = connect(t, Options{Root: r.toRoot}, pipes)
	if r.port, err = r.from.Relay(t.Context(), loopback(1), r.identity(t, "w1")); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *relaying) identity(t *testing.T, name string) Identity {
	t.Helper()
	i, err := r.keys.Identity(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// fetch is how the second host gets a content from the first.
func (r *relaying) fetch(t *testing.T, c content) Fetch {
	t.Helper()
	return Fetch{
		Upload: Upload{Sum: c.sum, Size: int64(len(c.plain)), Keep: true}, Length: int64(len(c.zstd)),
		From: "w1", At: netip.AddrPortFrom(loopback(1), uint16(r.port)), Identity: r.identity(t, "w2"),
		Reach: time.Minute, Answer: time.Minute, Within: time.Minute,
	}
}

func keep(t *testing.T, to *Client, c content, base string, stream []byte) {
	t.Helper()
	u := Upload{Sum: c.sum, Size: int64(len(c.plain)), Base: base, Keep: true}
	if err := to.Send(t.Context(), u, bytes.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
}

// stream is the file in which a node keeps what it was sent of a content.
func stream(root string, c content, base string) string {
	return filepath.Join(root, "opt/kbootstrap/blobs", c.sum+".stream-"+base)
}

// TestRelay: a host gets what another one was sent, as it was sent, a delta too, and can pass it on
// itself. Asked twice, a host listens once.
func TestRelay(t *testing.T) {
	r := newRelaying(t)
	base := random(t, 3<<20)
	other := compress(t, append([]byte("more: "), base.plain...))
	delta := other.deltaTo(t, base)
	keep(t, r.from, base, "", base.zstd)
	keep(t, r.from, other, base.sum, delta)
	if again, err := r.from.Relay(t.Context(), loopback(1), r.identity(t, "w1")); err != nil || again != r.port {
		t.Errorf("asked again, it listens at %d, not %d: %v", again, r.port, err)
	}
	whole, short := r.fetch(t, base), r.fetch(t, other)
	short.Upload.Base, short.Length = base.sum, int64(len(delta))
	for _, f := range []Fetch{whole, short} {
		if err := r.to.Fetch(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "missing", must(r.to.Missing(t.Context(), []string{base.sum, other.sum})), []string{})
	for path, want := range map[string][]byte{
		stream(r.toRoot, base, ""): base.zstd, stream(r.toRoot, other, base.sum): delta,
	} {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, not the %d that were sent: %v", path, len(got), len(want), err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestRelayFails: what another host sends wrong, late or not at all has a code that says whose
// fault it is, and leaves nothing.
func TestRelayFails(t *testing.T) {
	// It accepts connections, and says nothing.
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	none, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := none.Addr().(*net.TCPAddr).AddrPort()
	_ = none.Close()
	c := random(t, 3<<20)
	for name, test := range map[string]struct {
		change func(r *relaying, f *Fetch)
		code   fault.Code
		words  string
	}{
		"other bytes": {func(r *relaying, _ *Fetch) {
			write(t, stream(r.fromRoot, c, ""), random(t, 3<<20).zstd)
		}, fault.RelayDamaged, "what arrived has the sum"},
		"no zstd": {func(r *relaying, _ *Fetch) {
			write(t, stream(r.fromRoot, c, ""), c.plain)
		}, fault.RelayDamaged, "magic number mismatch"},
		"more bytes": {func(r *relaying, _ *Fetch) {
			write(t, stream(r.fromRoot, c, ""), append(bytes.Clone(c.zstd), c.zstd...))
		}, "", ""}, // they are not read
		"fewer bytes": {func(r *relaying, _ *Fetch) {
			write(t, stream(r.fromRoot, c, ""), c.zstd[:len(c.zstd)/2])
		}, fault.RelayDamaged, "unexpected EOF"},
		"no stream": {func(r *relaying, _ *Fetch) {
			_ = os.Remove(stream(r.fromRoot, c, ""))
		}, fault.RelayFailed, "404"},
		"no process there": {func(_ *relaying, f *Fetch) { f.At = closed }, fault.RelayFailed, "connection refused"},
		"silence": {func(_ *relaying, f *Fetch) {
			f.At, f.Answer = silent.Addr().(*net.TCPAddr).AddrPort(), 100*time.Millisecond
		}, fault.RelayFailed, "timeout"},
		"late": {func(_ *relaying, f *Fetch) {
			f.At, f.Within = silent.Addr().(*net.TCPAddr).AddrPort(), 100*time.Millisecond
		}, fault.RelayFailed, "has not come in 100ms"},
		"another host": {func(_ *relaying, f *Fetch) {
			f.From = "w3"
		}, fault.RelayFailed, "certificate is valid for w1"},
		"keys of another run": {func(r *relaying, f *Fetch) {
			r.keys = must(NewRunKeys())
			f.Identity = r.identity(t, "w2")
		}, fault.RelayFailed, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelaying(t)
			keep(t, r.from, c, "", c.zstd)
			f := r.fetch(t, c)
			test.change(r, &f)
			err := r.to.Fetch(t.Context(), f)
			if test.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if fault.Of(err) != test.code || !strings.Contains(err.Error(), test.words) ||
				!strings.Contains(err.Error(), "get it from "+f.From+" at "+f.At.String()) {
				t.Errorf("got %s: %v", fault.Of(err), err)
			}
			if left, err := os.ReadDir(filepath.Join(r.toRoot, "opt/kbootstrap/blobs")); err != nil || len(left) > 0 {
				t.Errorf("left: %v %v", left, err)
			}
			if err := c.send(t.Context(), r.to); err != nil {
				t.Errorf("from the control machine: %v", err)
			}
		})
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRelayServesItsRunOnly: who has no certificate of the run gets nothing, and when the session
// ends, no process listens and no stream is left.
func TestRelayServesItsRunOnly(t *testing.T) {
	r := newRelaying(t)
	c := random(t, 1<<20)
	keep(t, r.from, c, "", c.zstd)
	address := netip.AddrPortFrom(loopback(1), uint16(r.port)).String()
	ask := func(config *tls.Config) error {
		config.InsecureSkipVerify = true //nolint:gosec // the one that asks is the stranger
		transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			"https://"+address+"/v1/streams/"+c.sum, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}
	if err := ask(&tls.Config{}); err == nil {
		t.Error("who has no certificate is served")
	}
	stranger := must(must(NewRunKeys()).Identity("w2"))
	if err := ask(must(stranger.config())); err == nil {
		t.Error("who has a certificate of another run is served")
	}
	own := r.identity(t, "w2")
	if err := ask(must(own.config())); err != nil {
		t.Errorf("who has a certificate of the run is not served: %v", err)
	}
	_ = r.from.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	if ctx.Err() != nil {
		t.Error("it still listens")
	}
}

// TestKeepOnlyWhatIsAskedFor: a stream that no host will ask for is not written down.
func TestKeepOnlyWhatIsAskedFor(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	c := random(t, 1<<20)
	if err := c.send(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stream(root, c, "")); !os.IsNotExist(err) {
		t.Errorf("the stream is there: %v", err)
	}
}
