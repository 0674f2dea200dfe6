package remote

import (
	"errors"
	"os"
	"slices"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// FuzzConfig: whatever stands in ssh_config, there is an answer or an error, and no setting turns the check of host keys
// off.
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
		r := &resolver{config: directives, env: environment{home: "/home/me", user: "me",
			variable: func(string) string { return "" }}}
		e, err := r.host(inventory.Host{Name: "w1", SSH: inventory.SSH{Address: name, Agent: true}})
		if err != nil {
			checkPlace(t, err)
			return
		}
		for hop := e; hop != nil; hop = hop.Via {
			if p := hop.trust.policy; p != "strict" && p != "accept-new" || slices.Contains(hop.trust.files, os.DevNull) &&
				hop.trust.record == os.DevNull {
				t.Errorf("trust %+v", hop.trust)
			}
			if len(hop.trust.names) == 0 || hop.Address == "" {
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
