package private

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// TestJudge: whoever is neither this user nor the system makes a file one that others can use.
func TestJudge(t *testing.T) {
	self, err := thisUser()
	if err != nil {
		t.Fatal(err)
	}
	me := self.String()
	for sddl, want := range map[string]struct{ owner, read, write bool }{
		"O:" + me + "D:P(A;;FA;;;" + me + ")(A;;FA;;;SY)(A;;FA;;;BA)": {},
		"O:BAD:P(A;;FA;;;" + me + ")":                                 {},
		"O:WDD:P(A;;FA;;;" + me + ")":                                 {owner: true},
		"O:" + me + "D:P(A;;FR;;;WD)":                                 {read: true},
		"O:" + me + "D:P(A;;FW;;;BU)":                                 {read: true, write: true},
		"O:" + me + "D:P(A;;SD;;;BU)":                                 {read: true, write: true}, // to delete
		"O:" + me + "D:P(A;OICIIO;FA;;;WD)(A;;FA;;;SY)":               {},
		"O:" + me + "D:P(D;;FA;;;WD)":                                 {},
		"O:" + me + "D:NO_ACCESS_CONTROL":                             {read: true, write: true},
	} {
		sd, err := windows.SecurityDescriptorFromString(sddl)
		if err != nil {
			t.Fatalf("%s: %v", sddl, err)
		}
		a, err := judge(sd, self)
		if err != nil || (a.Owner != "") != want.owner || (a.Read != "") != want.read || (a.Write != "") != want.write {
			t.Errorf("%s: %+v, %v, want %+v", sddl, a, err, want)
		}
	}
}

// TestMkdirAll: no other user may enter what it makes, nor use what is made in there.
func TestMkdirAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "above", "state")
	for range 2 {
		if err := MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "key")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		if a, err := Look(path, nil); err != nil || a.Owner != "" || a.Read != "" || a.Write != "" {
			t.Errorf("%s: %+v, %v", path, a, err)
		}
	}
}
