package screen

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestDetect: what the environment says, without a terminal. With one, e2e tells.
func TestDetect(t *testing.T) {
	for _, test := range []struct {
		env           map[string]string
		colour, ascii bool
	}{
		{nil, false, true},
		{map[string]string{"LANG": "en_US.UTF-8"}, false, false},
		{map[string]string{"LANG": "en_US.utf8"}, false, false},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false, true},
		{map[string]string{"LANG": "C", "LC_CTYPE": "C.UTF-8"}, false, false},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false, true},
		{map[string]string{"FORCE_COLOR": "1"}, true, true},
		{map[string]string{"FORCE_COLOR": "0"}, false, true},
		{map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false, true},
	} {
		env := func(name string) string { return test.env[name] }
		file, err := os.Create(t.TempDir() + "/log")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{Detect(file, env), Detect(&strings.Builder{}, env)} {
			if o.Live || o.Colour != test.colour || o.ASCII != test.ascii {
				t.Errorf("%v: %+v", test.env, o)
			}
		}
		_ = file.Close()
	}
}

func TestSeconds(t *testing.T) {
	if got := Seconds(90 * time.Second); got != "90.0 s" {
		t.Errorf("got %q", got)
	}
}
