package sshconfig

import (
	"errors"
	"os"
	"slices"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// FuzzConfig: whatever stands in ssh_config, there is an answer or an error, and no setting turns
// the check of host keys off.
func FuzzConfig(f *testing.F) {
	for _, text := range configs {
		f.Add(text, "w1")
	}
	f.Fuzz(func(t *testing.T, config, name string) {
		directives, err := parseConfig("config", []byte(config))
		if err != nil {
			checkPlace(t, err)
			return
		}
		r := &Resolver{Config: directives, Env: Environment{home: "/home/me", user: "me",
			variable: func(string) string { return "" }}}
		e, err := r.Host(inventory.Host{Name: "w1", SSH: inventory.SSH{Address: name, Agent: true}})
		if err != nil {
			checkPlace(t, err)
			return
		}
		for hop := e; hop != nil; hop = hop.Via {
			if p := hop.Trust.Policy; p != "strict" && p != "accept-new" ||
				slices.Contains(hop.Trust.Files, os.DevNull) &&
					hop.Trust.Record == os.DevNull {
				t.Errorf("trust %+v", hop.Trust)
			}
			if len(hop.Trust.Names) == 0 || hop.Address == "" {
				t.Errorf("endpoint %+v", hop)
			}
		}
	})
}

// checkPlace fails the test unless the error has its code.
func checkPlace(t *testing.T, err error) {
	t.Helper()
	var known *fault.Error
	if !errors.As(err, &known) || known.Code != fault.ConfigInvalid {
		t.Errorf("%v has no code", err)
	}
}
