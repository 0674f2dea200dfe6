package verify

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestRegistry: the image is gone from the registry afterwards, and a registry that takes none, or
// that is not to be had, is told as what it is.
func TestRegistry(t *testing.T) {
	w, s := newTheatre(t)
	outcomes, err := tried(t, t.Context(), w, s, "registry")
	o := outcomes["registry"]
	if err != nil || o.Result != Pass || !strings.Contains(o.Text, "on 2 hosts") || w.pushed != 0 {
		t.Errorf("%s: %s %v; %d images are left; %v", o.Result, o.Text, o.Failures, w.pushed, err)
	}
	w, s = newTheatre(t)
	s.Registry.Push = func(context.Context) error { return errors.New("401 Unauthorized") }
	outcomes, _ = tried(t, t.Context(), w, s, "registry")
	if o := outcomes["registry"]; o.Result != Fail || !strings.Contains(o.Failures[0].Text, "401") {
		t.Errorf("a registry that takes no image: %s %v", o.Result, o.Failures)
	}
	w, s = newTheatre(t)
	s.Registry = nil
	outcomes, _ = tried(t, t.Context(), w, s, "registry")
	if o := outcomes["registry"]; o.Result != Skipped || !strings.Contains(o.Text, "no login") {
		t.Errorf("without a login: %s %s", o.Result, o.Text)
	}
	s.Cluster.AddOns.Registry.Enabled = false
	outcomes, _ = tried(t, t.Context(), w, s, "registry")
	if o := outcomes["registry"]; o.Result != Skipped || !strings.Contains(o.Text, "is off") {
		t.Errorf("without a registry: %s %s", o.Result, o.Text)
	}
}

// TestDockerLogin: what docker writes down of a login.
func TestDockerLogin(t *testing.T) {
	got, err := DockerLogin("registry.cluster.local:5000", "Basic cmVnaXN0cnk6eA==")
	want := `{"auths":{"registry.cluster.local:5000":{"auth":"cmVnaXN0cnk6eA=="}}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, want %s; %v", got, want, err)
	}
}
