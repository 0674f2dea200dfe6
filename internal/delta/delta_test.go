package delta_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/delta"
)

// TestDelta: what is decoded is the target, whatever the base is.
func TestDelta(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	base := noise(r, 3<<20)
	// Functions of the base in another order, with other addresses in them.
	var moved []byte
	for range 4000 {
		from := r.IntN(len(base)-900) &^ 15
		f := bytes.Clone(base[from : from+200+r.IntN(600)])
		copy(f[40+r.IntN(100):], noise(r, 4))
		moved = append(moved, f...)
	}
	for name, c := range map[string]struct{ base, target []byte }{
		"nothing":              {base, nil},
		"a byte":               {base, []byte("x")},
		"the same":             {base, base},
		"the end of it":        {base, base[len(base)-5000:]},
		"moved functions":      {base, moved},
		"nothing in common":    {base, noise(r, 2<<20)},
		"no base":              {nil, moved},
		"a base of a few":      {[]byte("few"), moved},
		"zeros":                {make([]byte, 1<<20), make([]byte, 3<<20)},
		"longer than the base": {base, append(append(noise(r, 700), base...), base...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := decode(t, c.base, encode(t, c.base, c.target))
			if !bytes.Equal(got, c.target) {
				t.Errorf("other bytes: %s", cmp.Diff(len(c.target), len(got)))
			}
		})
	}
}

// TestDeltaIsShort: what the base has is not written again.
func TestDeltaIsShort(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	base := noise(r, 1<<20)
	target := bytes.Clone(base)
	for i := 100; i+4 < len(target); i += 200 {
		copy(target[i:], noise(r, 4))
	}
	if n := len(encode(t, base, target)); n > len(target)/16 {
		t.Errorf("a delta of %d bytes for %d with 4 others in each 200", n, len(target))
	}
}

// TestDamaged: no delta makes more than it says, and a damaged one is told.
func TestDamaged(t *testing.T) {
	t.Parallel()
	base := noise(rand.New(rand.NewPCG(5, 6)), 1<<16)
	whole := encode(t, base, append([]byte("mine"), base...))
	for name, damaged := range map[string][]byte{
		"cut off":              whole[:len(whole)-1],
		"empty":                nil,
		"behind the base":      {6, 0, 0, 10, 0x80, 0x80, 0x80, 0x08},
		"before the base":      {3, 0, 0, 10, 0x03},
		"too many literals":    {3, 1, 2, 0, 0, 'x'},
		"literals left over":   {3, 2, 1, 0, 0, 'x', 'y'},
		"a block of terabytes": {0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0},
		"half an instruction":  {1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := delta.Decode(&got, bytes.NewReader(base), bytes.NewReader(damaged)); err == nil {
				t.Errorf("no error, and %d bytes", got.Len())
			}
		})
	}
}

// FuzzDecode: whatever comes, there is an error or an end.
func FuzzDecode(f *testing.F) {
	base := noise(rand.New(rand.NewPCG(7, 8)), 1<<12)
	var whole bytes.Buffer
	if err := delta.Encode(&whole, base, append([]byte("mine"), base...)); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	whole.Reset()
	base = append(base[:0], program([]int{0, 1, 2, 3, 4, 5, 6, 7})...)
	if err := delta.Encode(&whole, base, program([]int{4, 5, 6, 7, 8, 9, 10, 11})); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add([]byte{3, 1, 1, 5, 0, 'x', 0, 0})
	f.Fuzz(func(_ *testing.T, text []byte) {
		_ = delta.Decode(&limited{left: 1 << 20}, bytes.NewReader(base), bytes.NewReader(text))
	})
}

// FuzzEncode: what is decoded is the target.
func FuzzEncode(f *testing.F) {
	f.Add(program([]int{0, 1, 2, 3, 4, 5, 6, 7}), program([]int{4, 5, 6, 7, 0, 1, 2, 3}))
	f.Add([]byte("a base of some bytes, of which a part comes again"), []byte("of which a part comes again, and more"))
	f.Fuzz(func(t *testing.T, base, target []byte) {
		if got := decode(t, base, encode(t, base, target)); !bytes.Equal(got, target) {
			t.Errorf("%q instead of %q", got, target)
		}
	})
}

// limited ends with an error after some bytes.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, bytes.ErrTooLarge
	}
	return len(p), nil
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func encode(t *testing.T, base, target []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := delta.Encode(&b, base, target); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(t *testing.T, base, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := delta.Decode(&b, bytes.NewReader(base), bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
