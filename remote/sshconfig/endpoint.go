package sshconfig

import (
	"fmt"
	"time"

	"kbootstrap/remote/hostkey"
)

// Endpoint is how to reach one host and to log in to it, with nothing left open: what the inventory
// says, then what ssh_config says, then the defaults.
type Endpoint struct {
	Name    string // in messages: that of the host in the inventory, or the address of a jump host as it was written
	Address string // host:port, in lower case
	User    string // to log in as
	Sudo    bool   // become root with sudo
	// SudoPasswordFile is the path of a file with the password that sudo wants; empty means to ask
	// when it wants one.
	SudoPasswordFile string
	Timeout          time.Duration // ConnectTimeout of ssh_config, or 0. It is over when the host has shown its key
	Via              *Endpoint     // the jump host before it, or nil
	IsJump           bool          // it is a jump host, and not a host of the inventory

	Credentials Credentials
	Trust       hostkey.Trust
}

// Way tells jump hosts apart, and the ways to one. Callers that trust other keys, or log in with
// others, do not share a connection.
func (e *Endpoint) Way() string {
	way := fmt.Sprintf("%s@%s with %#v trusting %#v", e.User, e.Address, e.Credentials, e.Trust)
	if e.Via != nil {
		way += " through " + e.Via.Way()
	}
	return way
}

// Kind returns what the endpoint is, in words: "jump host" or "host".
func (e *Endpoint) Kind() string {
	if e.IsJump {
		return "jump host"
	}
	return "host"
}

// Credentials are what to log in with, in the order in which it is offered: the key of the
// inventory, those of the agent, those of the files, a password.
type Credentials struct {
	User       string
	Key        string   // a file; when it is given, it must be usable
	Agent      string   // the agent's socket; empty for none
	Missing    string   // why there is no agent
	Identities []string // files that may be missing
	Only       bool     // offer no key of the agent that is not one of the files (IdentitiesOnly)
	Password   string   // a file; empty to ask
}
