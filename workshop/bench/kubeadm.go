package main

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
)

// script makes the cluster, see there.
//
//go:embed kubeadm.sh
var script string

// kubeadm prepares the script's command line. What is sent to the hosts is laid out beforehand, as
// the product's cache is filled beforehand.
func (b *bench) kubeadm(ctx context.Context, h *hosts) ([]string, error) {
	contents, err := contentsOf(ctx, h.Inventory())
	if err != nil {
		return nil, err
	}
	stage, err := b.stage(ctx, contents)
	if err != nil {
		return nil, fmt.Errorf("lay out what kubeadm needs: %w", err)
	}
	argv := []string{"bash", filepath.Join(stage, "kubeadm.sh"), stage, h.dir, b.kubernetes,
		"v" + contents.Version("coredns")}
	for _, host := range h.all {
		argv = append(argv, fmt.Sprintf("%s/%s/%d", host.Name, host.Address, host.SSHPort))
	}
	return argv, nil
}
