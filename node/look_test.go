package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/internal/trial"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestLook: one request tells all that was asked.
func TestLook(t *testing.T) {
	root := trial.Lay(t, map[string]string{"etc/there": "as found\n"})
	client := connect(t, Options{Root: root}, memory)
	there := resource.File{Path: "/etc/there", Content: []byte("as wanted\n")}
	a, err := client.Look(t.Context(), Query{
		Observe:   []resource.Resource{there, resource.File{Path: "/etc/absent", Content: []byte("as wanted\n")}},
		Witnesses: []resource.Resource{resource.File{Path: "/etc/other", Absent: true}, there},
		Survey:    &host.SurveyQuery{},
		Census:    []api.CensusSource{{Kubeconfig: "/etc/kubernetes/admin.conf"}, {}},
	})
	if err := errors.Join(err, a.FoundErr, a.WitnessesErr, a.SurveyErr); err != nil {
		t.Fatal(err)
	}
	if found := a.Found; len(found) != 2 ||
		found[0].ID() != "file /etc/there" || !strings.Contains(found[0].State(), "as found") ||
		found[1].ID() != "file /etc/absent" || found[1].State() != "" {
		t.Errorf("found %+v", found)
	}
	if seen := a.Witnesses; len(seen) != 2 || seen[0].State() != "" || !strings.Contains(seen[1].State(), "as found") {
		t.Errorf("witnesses %+v", seen)
	}
	if a.Survey.UID != os.Geteuid() || len(a.Census) != 2 {
		t.Errorf("survey %+v, census %+v", a.Survey, a.Census)
	}
	if client.Requests() != 1 {
		t.Errorf("%d requests", client.Requests())
	}
	if _, err := os.Stat(filepath.Join(root, "run/lock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking took the lock: %v", err)
	}
}

// TestLookInParts: what cannot be looked at is the error of its part, and of no other.
func TestLookInParts(t *testing.T) {
	root := trial.Lay(t, map[string]string{"etc/there": "", "odd": "a file where a directory is looked for"})
	client := connect(t, Options{Root: root}, memory)
	odd, well := resource.Dir{Path: "/odd"}, resource.File{Path: "/etc/there"}
	a, err := client.Look(t.Context(), Query{Observe: []resource.Resource{well}, Witnesses: []resource.Resource{odd}})
	if err != nil || a.FoundErr != nil || len(a.Found) != 1 || a.WitnessesErr == nil {
		t.Errorf("an unreadable witness: %+v, %v", a, err)
	}
	a, err = client.Look(t.Context(), Query{
		Observe:   []resource.Resource{well, odd},
		Witnesses: []resource.Resource{well},
	})
	var remote *RemoteError
	if err != nil || !errors.As(a.FoundErr, &remote) ||
		!strings.Contains(a.FoundErr.Error(), "dir /odd") || len(a.Witnesses) != 1 {
		t.Errorf("an unreadable resource: %+v, %v", a, err)
	}
}
