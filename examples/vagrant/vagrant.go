// Package vagrant is the example for Vagrant's users, whose Vagrantfile `kbootstrap init --vagrant`
// writes.
package vagrant

import _ "embed"

//go:embed Vagrantfile
var vagrantfile string

// Vagrantfile returns the Vagrantfile of the example.
func Vagrantfile() string { return vagrantfile }
