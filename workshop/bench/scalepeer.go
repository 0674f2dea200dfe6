package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kbootstrap/workshop/light"
)

//go:embed scale.yml
var playbook string

// measurePeers measures Ansible on the same hosts, with a playbook that has nothing to do: as many
// tasks as a small role has, with the settings that make it quick.
func (s *scale) measurePeers(ctx context.Context) error {
	if len(s.peers) == 0 {
		return nil
	}
	if path, _ := exec.LookPath("ansible-playbook"); path == "" {
		say("Ansible is not measured: apt-get install ansible-core")
		return nil
	}
	if err := light.Limit(ctx, s.rates[0]); err != nil {
		return err
	}
	book := filepath.Join(s.dir, "scale.yml")
	if err := os.WriteFile(book, []byte(playbook), 0o644); err != nil {
		return err
	}
	for _, hosts := range s.peers {
		var list strings.Builder
		list.WriteString("[all]\n")
		for n := range hosts {
			fmt.Fprintln(&list, light.Direct(n).Addr())
		}
		inventory := filepath.Join(s.dir, "ansible.ini")
		if err := os.WriteFile(inventory, []byte(list.String()), 0o644); err != nil {
			return err
		}
		argv := []string{"env", "HOME=" + s.dir, "LC_ALL=C.UTF-8", "ANSIBLE_PIPELINING=1",
			"ANSIBLE_HOST_KEY_CHECKING=0", "ANSIBLE_FORKS=50",
			"ansible-playbook", "-i", inventory, "-u", "root", "--private-key", filepath.Join(s.dir, light.KeyFile),
			book}
		for range s.repeats + 1 { // the first leaves connections, as the tool's own first leaves the agent
			m, err := execute(ctx, scaleLimit, argv...)
			if err != nil {
				return err
			}
			m.memory = 0 // it would be that of one of its processes
			if err := s.note(ScaleRun{What: peer, Hosts: hosts, Rate: s.rates[0]}, m); err != nil {
				return err
			}
		}
	}
	return nil
}
