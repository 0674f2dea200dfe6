package unitfile

import (
	"slices"
	"testing"
)

// TestParse: lines, comments and continued lines as systemd.syntax(7) has them.
func TestParse(t *testing.T) {
	got := Parse("lost=1\n[Unit]\n# a comment\nAfter = a.service\n[Service]\nExecStart=/bin/x \\\n  --one \\\n# " +
		"within\n" +
		"  --two\nEnvironment=\n; another\nnonsense\nUser=etcd")
	want := []Setting{
		{"Unit", "After", "a.service", 4},
		{"Service", "ExecStart", "/bin/x  --one  --two", 6},
		{"Service", "Environment", "", 10},
		{"Service", "User", "etcd", 13},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestWords: quotes and escapes as systemd.service(5) has them.
func TestWords(t *testing.T) {
	got := Words(`/bin/x "a b" 'c"d' e\"f 100%% $$HOME --g="h i"`)
	want := []string{"/bin/x", "a b", `c"d`, `e"f`, "100%", "$HOME", "--g=h i"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
