//go:build !crash

package node

import "kbootstrap/host"

// failpoint is nothing in what users run; see failpoint.go.
func failpoint() func(step host.Step, do func() error) error { return nil }
