package kinds

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// TestServiceComesBackSettled: a service that ran when ours took its place is recorded as older
// than the new files, which it is not any more when it comes back.
func TestServiceComesBackSettled(t *testing.T) {
	sys := host.NewSystem(t.TempDir(), nil, nil, nil)
	defer sys.Close()
	found := resource.Service{Name: "docker.service", Enabled: true, Running: true, Older: true}
	if err := KeepOriginal(sys, found); err != nil {
		t.Fatal(err)
	}
	was, err := recorded(sys, found)
	if err != nil || was.found == nil || was.found.State() != "enabled\nrunning\n" {
		t.Errorf("recorded is %+v, %v", was, err)
	}
}

// TestOwnersTextIsVeiled: a change of a file that was there before tells of its text by a digest,
// and so does its return; what the tool itself wrote is told line by line.
func TestOwnersTextIsVeiled(t *testing.T) {
	sys := host.NewSystem(t.TempDir(), nil, nil, nil)
	defer sys.Close()
	theirs := resource.File{
		Path: "/etc/containerd/config.toml", Owner: owner(), Content: []byte("password = 'hunter2'\n"),
	}
	first, second := theirs, theirs
	first.Content, second.Content = []byte("first = 1\n"), []byte("second = 2\n")
	if err := theirs.Apply(t.Context(), sys); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, wanted := range []resource.File{first, second, theirs} {
		found, err := wanted.Observe(t.Context(), sys)
		if err == nil {
			err = KeepOriginal(sys, found)
		}
		if err != nil {
			t.Fatal(err)
		}
		change, err := ApplyAndVerify(t.Context(), sys, found, wanted, nil)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, change.Diff)
	}
	all := strings.Join(told, "")
	if strings.Contains(all, "hunter2") || !strings.Contains(told[0], "-content sha256:") ||
		!strings.Contains(told[1], "-| first = 1\n+| second = 2") || !strings.Contains(told[2], "+content sha256:") {
		t.Errorf("told is %q", told)
	}
}

// owner is who runs the test.
func owner() string { return fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()) }
