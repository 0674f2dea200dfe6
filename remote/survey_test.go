package remote

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// told is a survey, a line for each key.
func told(found []Sighting) string {
	var b strings.Builder
	for _, s := range found {
		fmt.Fprintf(&b, "%s jump=%v seen=%v new=%v behind=%q %s\n",
			s.Host, s.Jump, s.Key != nil, s.New(), s.Behind, fault.Of(s.Err))
	}
	return b.String()
}

// Behind a jump host one can look when the jump host's key is known, and not before.
func TestSurvey(t *testing.T) {
	gate, inner := twoHosts(t)
	other := jumpTo(inner, gate)
	other.Name = "m2"
	hosts := []inventory.Host{jumpTo(inner, gate), other}
	for _, want := range []string{
		"127.0.0.1 jump=true seen=true new=true behind=\"\" KB2001\n" +
			"m1 jump=false seen=false new=false behind=\"127.0.0.1\" KB2001\nm2 jump=false seen=false new=false " +
			"behind=\"127.0.0.1\" KB2001\n",
		"127.0.0.1 jump=true seen=true new=false behind=\"\" \n" +
			"m1 jump=false seen=true new=true behind=\"\" KB2001\n" +
			"m2 jump=false seen=true new=true behind=\"\" KB2001\n",
		"127.0.0.1 jump=true seen=true new=false behind=\"\" \n" +
			"m1 jump=false seen=true new=false behind=\"\" \nm2 jump=false seen=true new=false behind=\"\" \n",
	} {
		found := Survey(context.Background(), hosts, Options{})
		if got := told(found); got != want {
			t.Fatalf("got\n%swant\n%s", got, want)
		}
		for _, s := range found {
			if s.New() {
				if err := s.Record(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for _, policy := range []string{"strict"} {
		h := hosts[0]
		h.SSH.HostKeyPolicy = policy
		if err := dial(h); err != nil {
			t.Error(err)
		}
	}
}

// What is not to be recorded is seen, and no survey writes anything, whatever the inventory's
// policy.
func TestSurveyRecordsNothing(t *testing.T) {
	key, former := newEd25519(t), newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "accept-new"
	found := Survey(context.Background(), []inventory.Host{s.host}, Options{})
	if len(found) != 1 || !found[0].New() || !bytes.Equal(found[0].Key.Marshal(), key.PublicKey().Marshal()) {
		t.Fatalf("new: %s", told(found))
	}
	trial.Write(t, s.host.SSH.KnownHosts, recordOf(s.host, former.PublicKey()), 0o600)
	found = append(found, Survey(context.Background(), []inventory.Host{s.host}, Options{})...)
	if found[1].New() || fault.Of(found[1].Err) != fault.HostKeyChanged {
		t.Errorf("changed: %s", told(found))
	}
	// Another process recorded another key after we looked.
	if err := found[0].Record(); fault.Of(err) != fault.HostKeyChanged {
		t.Errorf("recorded over another: %v", err)
	}
	if got := trial.Read(t, s.host.SSH.KnownHosts); got != recordOf(s.host, former.PublicKey()) {
		t.Errorf("known_hosts is %q", got)
	}
	for pin, want := range map[string]fault.Code{ssh.FingerprintSHA256(key.PublicKey()): "",
		ssh.FingerprintSHA256(former.PublicKey()): fault.HostKeyPinned} {
		s.host.SSH.HostKey = pin
		if found := Survey(context.Background(), []inventory.Host{s.host}, Options{}); fault.Of(found[0].Err) != want ||
			found[0].New() {
			t.Errorf("pinned: %s", told(found))
		}
	}
	if commands := s.ran(); len(commands) > 0 {
		t.Errorf("it ran %q", commands)
	}
}

// All that is wrong is seen at once.
func TestSurveyOfHostsThatCannotBeReached(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	listener := listen(t)
	_ = listener.Close()
	away := hostAt(listener.Addr().String())
	away.Name = "m2"
	round := s.host
	round.Name, round.SSH.Config = "m3", "/nonexistent/config"
	found := Survey(context.Background(), []inventory.Host{s.host, away, round}, Options{})
	var codes []fault.Code
	for _, s := range found {
		codes = append(codes, fault.Of(s.Err))
	}
	if !slices.Equal(codes, []fault.Code{fault.HostKeyUnknown, fault.ConnectionRefused, fault.ConfigInvalid}) {
		t.Errorf("%s", told(found))
	}
}
