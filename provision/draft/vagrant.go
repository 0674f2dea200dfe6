package draft

import (
	"errors"
	"fmt"

	"kbootstrap/fault"
	"kbootstrap/remote/sshconfig"
)

// Vagrant returns the machines that an output of `vagrant ssh-config` names.
func Vagrant(output []byte) (Source, error) {
	s := Source{Title: "--from vagrant", OwnHostKeys: true, Alone: true}
	hosts, err := sshconfig.Listed("vagrant ssh-config", output)
	if err != nil {
		return s, fmt.Errorf("%w", fault.ForeignInventory.Wrap(err))
	}
	if len(hosts) == 0 {
		return s, &fault.Error{Code: fault.ForeignInventory, Err: errors.New("vagrant ssh-config names no machine"),
			Advice: "start the machines first: vagrant up"}
	}
	for _, h := range hosts {
		// A Vagrantfile without names calls its only machine default, which is no name to keep.
		s.Hosts = append(s.Hosts, Host{Name: h.Name, IsNamed: h.Name != "default", SSH: h.SSH})
	}
	return s, nil
}
