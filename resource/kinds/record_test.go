package kinds

import (
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
