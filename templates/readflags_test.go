package templates

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadFlags: what a unit says is found in one that was edited by hand too, and nothing is found
// where nothing is.
func TestReadFlags(t *testing.T) {
	for _, test := range []struct {
		what, unit string
		want       Flags
	}{
		{"nothing", "", Flags{}},
		{"no command", "[Unit]\nDescription=x\n", Flags{}},
		{"lines", "[Service]\nExecStartPre=/bin/x --no=1\nExecStart=/bin/a \\\n  --a=1 \\\n  --b=2\n--c=3\n",
			Flags{"a": "1", "b": "2"}},
		{"one line", "[Service]\nExecStart=/bin/a --a=1 -b=2 --c word \"--d=x y\" '--e=\"'\n",
			Flags{"a": "1", "d": "x y", "e": `"`}},
		{"what systemd would not take", "ExecStart=/bin/a --a=$HOME --b=%n \"--c=open\\",
			Flags{"a": "$HOME", "b": "%n", "c": `open\`}},
	} {
		if d := cmp.Diff(test.want, ReadFlags([]byte(test.unit))); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
	}
}
