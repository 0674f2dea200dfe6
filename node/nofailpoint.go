//go:build !crash

package node

import "kbootstrap/provision/resource"

// failpoint is nothing in what users run; see failpoint.go.
func failpoint() func(step resource.Step, do func() error) error { return nil }
