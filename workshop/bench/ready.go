package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"kbootstrap/workshop/lab"
)

// readyTimes asks the kubelets of all hosts when their nodes became Ready after the start of a run.
// Those that were Ready before tell nothing.
func (h *hosts) readyTimes(ctx context.Context, start time.Time) ([]time.Duration, error) {
	var mu sync.Mutex
	var times []time.Duration
	err := h.each(ctx, func(ctx context.Context, host lab.Host) error {
		journal, err := h.exec(ctx, host.Name, "sh", "-euc",
			"journalctl --sync; journalctl --quiet -o short-unix --unit=kubelet.service")
		if err != nil {
			return fmt.Errorf("%s: %w", host.Name, err)
		}
		if at, ok := firstReady(journal, start); ok {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, at)
		}
		return nil
	})
	return times, err
}

// ready checks that the command did what it was measured for: so many nodes, all of them Ready.
// Nothing is waited for.
func (h *hosts) ready(ctx context.Context, want int) error {
	out, err := h.exec(ctx, h.all[0].Name, "kubectl", "--kubeconfig", "/etc/kubernetes/super-admin.conf",
		"get", "nodes", "-o",
		`jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}`)
	if err != nil {
		return err
	}
	if got := strings.Count(out, "True\n"); got != want {
		return fmt.Errorf("%d of %d nodes are Ready: %q", got, want, out)
	}
	return nil
}
