package node

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/internal/trial"
)

func TestSend(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	big, small, empty := random(t, 9<<20), compress(t, bytes.Repeat([]byte("kubelet "), 1<<20)), compress(t, nil)
	absent := strings.Repeat("0", 64)
	sums := []string{small.sum, absent, big.sum, empty.sum}

	missing, err := client.Missing(t.Context(), sums)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "missing at first", missing, sums)
	sent := make(chan error, 3)
	for _, c := range []content{big, small, empty} {
		go func() { sent <- c.send(t.Context(), client) }()
	}
	for range 3 {
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
	for _, c := range []content{big, small, empty} {
		got, err := os.ReadFile(filepath.Join(root, "opt/kbootstrap/blobs", c.sum))
		if err != nil || !bytes.Equal(got, c.plain) {
			t.Errorf("%s on the host: %d bytes, want %d; %v", c.sum, len(got), len(c.plain), err)
		}
	}
	if missing, err = client.Missing(t.Context(), sums); err != nil {
		t.Fatal(err)
	}
	equal(t, "missing at last", missing, []string{absent})
	if err := big.send(t.Context(), client); err != nil {
		t.Errorf("sent again: %v", err)
	}
}

func TestSendRefusesDamage(t *testing.T) {
	good := random(t, 3<<20)
	other := random(t, 3<<20)
	broken := errors.New("the download broke")
	cut := good.zstd[:len(good.zstd)/2]
	tests := map[string]struct {
		sum  string
		size int
		body io.Reader
		want string
	}{
		"another content": {
			good.sum, len(good.plain), bytes.NewReader(other.zstd),
			"what arrived has the sum " + other.sum,
		},
		"cut off": {good.sum, len(good.plain), bytes.NewReader(cut), "unexpected EOF"},
		"shorter": {
			good.sum, len(good.plain) + 1, bytes.NewReader(good.zstd),
			"ended after 3145728 of 3145729 bytes",
		},
		"longer":   {good.sum, len(good.plain) - 1, bytes.NewReader(good.zstd), "is longer than 3145727 bytes"},
		"not zstd": {good.sum, len(good.plain), bytes.NewReader(good.plain), "magic number mismatch"},
		"nothing":  {good.sum, len(good.plain), bytes.NewReader(nil), "ended after 0 of"},
		"a broken reader": {
			good.sum, len(good.plain), io.MultiReader(bytes.NewReader(cut), failing{broken}),
			broken.Error(),
		},
		"a path for a sum": {"../../etc/passwd", len(good.plain), bytes.NewReader(good.zstd), "not a sha256 sum"},
		"a negative size":  {good.sum, -1, bytes.NewReader(good.zstd), `not a size: "-1"`},
	}
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := client.Send(t.Context(), Upload{Sum: test.sum, Size: int64(test.size)}, test.body)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want …%s…", err, test.want)
			}
			var remote *RemoteError
			if local := errors.Is(err, broken); local == errors.As(err, &remote) {
				t.Errorf("%T: it must be the reader's error or the host's", err)
			}
			// The host's answer to a request that was cut off here may still be on its way.
			trial.Eventually(t, "nothing is left of it", func() bool { return len(store(t, root)) == 0 })
		})
	}
	if err := good.send(t.Context(), client); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// An upload is cut off in its middle, by either end.
func TestSendCutShort(t *testing.T) {
	for name, kill := range map[string]bool{"the input closes": false, "the node is killed": true} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			p := start(t, root)
			c := random(t, 4<<20)
			body, feed := io.Pipe()
			sent := make(chan error, 1)
			go func() { sent <- p.Send(t.Context(), Upload{Sum: c.sum, Size: int64(len(c.plain))}, body) }()
			if _, err := feed.Write(c.zstd[:len(c.zstd)/2]); err != nil {
				t.Fatal(err)
			}
			trial.Eventually(t, "a part is on the disk", func() bool { return len(store(t, root)) == 1 })
			if kill {
				_ = p.cmd.Process.Kill()
			} else {
				_ = p.Close()
			}
			_ = feed.CloseWithError(errors.New("the test is over"))
			if err := <-sent; err == nil {
				t.Error("Send succeeded")
			}
			_ = p.ends(t)
			if left := len(store(t, root)); (left > 0) != kill {
				t.Errorf("%d files left in the store", left)
			}
			// What a killed node left goes when the next one starts to work.
			again := start(t, root)
			trial.Eventually(t, "the lock is free", func() bool { return again.Lock(t.Context(), Holder{}) == nil })
			equal(t, "after a new start", store(t, root), []string{})
			if err := c.send(t.Context(), again.Client); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestContentsOutliveAKilledNode(t *testing.T) {
	root := t.TempDir()
	c := random(t, 1<<20)
	first := start(t, root)
	if err := c.send(t.Context(), first.Client); err != nil {
		t.Fatal(err)
	}
	_ = first.cmd.Process.Kill()
	_ = first.ends(t)
	second := start(t, root)
	if err := second.Lock(t.Context(), Holder{}); err != nil {
		t.Fatal(err)
	}
	missing, err := second.Missing(t.Context(), []string{c.sum})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "missing", missing, []string{})
	_ = second.Close()
	_ = second.ends(t)
	equal(t, "after an orderly end", store(t, root), []string{})
}

// Several resources may want the same content, and each may take its file away or only read it.
func TestOneContentForMany(t *testing.T) {
	root := t.TempDir()
	b := newBlobs(root)
	if err := b.prepare(); err != nil {
		t.Fatal(err)
	}
	c := random(t, 1<<20)
	u := Upload{Sum: c.sum, Size: int64(len(c.plain))}
	if err := b.receive(t.Context(), u, bytes.NewReader(c.zstd)); err != nil {
		t.Fatal(err)
	}
	open := func() host.Blob {
		t.Helper()
		blob, err := b.open(t.Context(), c.sum, func() {})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(blob)
		if err != nil || !bytes.Equal(got, c.plain) {
			t.Errorf("read %d bytes, want %d; %v", len(got), len(c.plain), err)
		}
		return blob
	}
	install := func(blob host.Blob, name string) os.FileInfo {
		t.Helper()
		if err := os.Rename(blob.Path(), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
		if err := blob.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}

	if err := open().Close(); err != nil { // one that only reads
		t.Fatal(err)
	}
	one, two := open(), open()
	first, second := install(one, "first"), install(two, "second")
	third := install(open(), "third")
	if os.SameFile(first, second) || os.SameFile(first, third) || os.SameFile(second, third) {
		t.Error("two files of the host are one")
	}
	if missing, err := b.missing([]string{c.sum}); err != nil || len(missing) != 0 {
		t.Errorf("missing %q, %v; want nothing", missing, err)
	}
	equal(t, "the store has nothing that shares an inode with the host", store(t, root), []string{})

	if err := os.WriteFile(filepath.Join(root, "first"), []byte("a user's own"), 0o644); err != nil {
		t.Fatal(err)
	}
	if blob, err := b.open(t.Context(), c.sum, func() {}); err == nil {
		_ = blob.Close()
		t.Error("a content that was changed on the host was handed out")
	}
	if err := b.clear(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkSend reports how many bytes of plain content a second go through pipes onto the disk of
// the temporary directory; set TMPDIR to a tmpfs to leave the disk out.
func BenchmarkSend(b *testing.B) {
	const size = 256 << 20
	own, err := os.ReadFile(os.Args[0]) // what is sent in earnest are binaries like this one
	if err != nil {
		b.Fatal(err)
	}
	binary := bytes.Repeat(own, size/len(own)+1)[:size]
	for name, c := range map[string]content{"noise": random(b, size), "binary": compress(b, binary)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				client := connect(b, Options{Root: b.TempDir()}, pipes)
				if err := c.send(b.Context(), client); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(c.zstd)), "wire-bytes")
			}
		})
	}
}
