package cli_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
)

// onHost is an error of a host.
type onHost struct {
	host string
	error
}

func (e onHost) Error() string      { return e.host + ": " + e.error.Error() }
func (e onHost) Unwrap() error      { return e.error }
func (e onHost) Place() fault.Place { return fault.Place{Host: e.host} }

// TestPrintErrors: what hosts in a row say in the same words is said once; others share only a
// hint.
func TestPrintErrors(t *testing.T) {
	gate := fault.ConnectionRefused.Wrap(errors.New("jump host: gate: connection refused"))
	other := fault.ConnectionRefused.Wrap(errors.New("jump host: gate2: connection refused"))
	var b strings.Builder
	cli.PrintErrors(&b, []error{
		onHost{"cp1", gate}, onHost{"w1", gate}, onHost{"w2", other}, errors.New("m1: no host is known of it"),
	}, cli.Codes)
	entry, _ := fault.Lookup(fault.ConnectionRefused)
	want := fmt.Sprintf("error[KB2232]: cp1, w1: jump host: gate: connection refused\n"+
		"error[KB2232]: w2: jump host: gate2: connection refused\n"+
		"  hint: %s\n  explain: kbootstrap explain KB2232\nerror[%s]: m1: no host is known of it\n", entry.Hint(),
		fault.Unclassified)
	if got := b.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
