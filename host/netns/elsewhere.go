//go:build !linux

package netns

import "errors"

// errNotLinux is the error of what only Linux has.
var errNotLinux = errors.New("only Linux has network namespaces")

// NetLinks fails: the interfaces are asked for by netlink.
func NetLinks() ([]NetLink, error) { return nil, errNotLinux }

// InNetwork fails.
func InNetwork(string, func() error) error { return errNotLinux }
