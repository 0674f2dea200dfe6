package shared_test

import (
	"bytes"
	"os"
	"sync"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/shared"
)

func pack(t *testing.T, serial int, files map[string][]byte) []byte {
	t.Helper()
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	packed, err := shared.Pack(shared.Header{Cluster: "demo", Serial: serial, By: "anna@desk", At: at}, files)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// TestDamaged: what is cut off anywhere or changed anywhere is not used.
func TestDamaged(t *testing.T) {
	files := map[string][]byte{"keys.age": bytes.Repeat([]byte("sealed\x00"), 300), "ca.crt": []byte("a certificate")}
	whole := pack(t, 7, files)
	h, found, err := shared.Unpack(whole)
	if err != nil || h.Serial != 7 || h.Cluster != "demo" || shared.SumOf(found) != shared.SumOf(files) {
		t.Fatalf("%+v, %v", h, err)
	}
	for at := range whole {
		if _, _, err := shared.Unpack(whole[:at]); fault.Of(err) != fault.SealedDamaged {
			t.Errorf("cut off after %d bytes: %v", at, err)
		}
		changed := bytes.Clone(whole)
		changed[at] ^= 0x11
		if _, found, err := shared.Unpack(changed); err == nil && shared.SumOf(found) != shared.SumOf(files) {
			t.Errorf("with byte %d changed something else is read", at)
		}
	}
}

// TestSumOf: names and contents count, and where one ends.
func TestSumOf(t *testing.T) {
	sums := map[string]bool{}
	for _, files := range []map[string][]byte{
		nil, {"a": []byte("b")}, {"a": nil}, {"ab": nil}, {"a": []byte("b"), "c": nil}, {"a": []byte("b c")},
		{"a": []byte("1 c 0\n")}, {"c": []byte("b")},
	} {
		sums[shared.SumOf(files)] = true
	}
	if len(sums) != 8 {
		t.Errorf("8 contents have %d sums", len(sums))
	}
}

// TestDirectory: of two pushes that go on from the same serial one is refused, and what was pushed
// stays.
func TestDirectory(t *testing.T) {
	d := shared.Directory{Path: t.TempDir(), Cluster: "demo"}
	if packed, err := d.Read(); packed != nil || err != nil {
		t.Fatalf("an empty directory has %q, %v", packed, err)
	}
	if _, err := (shared.Directory{Path: d.Path + "/none", Cluster: "demo"}).Read(); err == nil {
		t.Error("a directory that is not there is no error")
	}
	if err := d.Write(t.Context(), pack(t, 1, nil), 0); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), pack(t, 1, nil), 0); fault.Of(err) != fault.SharedNewer {
		t.Errorf("an older one is written: %v", err)
	}
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() {
			errs[i] = d.Write(t.Context(), pack(t, 2, map[string][]byte{"ca.crt": {byte(i)}}), 1)
		})
	}
	group.Wait()
	written := -1
	for i, err := range errs {
		switch {
		case err == nil && written < 0:
			written = i
		case err == nil:
			t.Errorf("both %d and %d were written", written, i)
		case fault.Of(err) != fault.SharedNewer:
			t.Errorf("%d: %v", i, err)
		}
	}
	packed, err := d.Read()
	if err != nil {
		t.Fatal(err)
	}
	_, files, err := shared.Unpack(packed)
	if err != nil || written < 0 || files["ca.crt"][0] != byte(written) {
		t.Errorf("%d was written, and there is %v, %v", written, files, err)
	}
}

// TestRecord: what is noted is read again, and nothing is the zero value.
func TestRecord(t *testing.T) {
	path := t.TempDir() + "/shared.json"
	if r, err := shared.ReadRecord(path); r != (shared.Record{}) || err != nil {
		t.Errorf("nothing is %+v, %v", r, err)
	}
	want := shared.Record{Serial: 3, Sum: "abc"}
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	if r, err := shared.ReadRecord(path); r != want || err != nil {
		t.Errorf("got %+v, %v", r, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.ReadRecord(path); err == nil {
		t.Error("a record that is cut off is no error")
	}
}
