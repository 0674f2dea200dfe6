// Package light makes light hosts: hundreds of them on one machine, to see what grows with their
// number. A light host has an address, a root file system and an sshd of its own, and no systemd;
// the node that is started there must be one that is built with the tag "light" (node/light.go),
// which remembers services instead of running them.
//
// Everything lives in the namespaces of the calling process, which Enter makes, and ends with it.
// Start at Up.
package light
