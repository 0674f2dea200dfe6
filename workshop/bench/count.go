package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"kbootstrap/workshop/lab"
)

// Cost is what a run cost on the way to one host.
type Cost struct {
	// bytes that came to the host over the interface that SSH uses, headers and all
	Received    int64 `json:"received"`
	Sent        int64 `json:"sent"`        // bytes that went back
	Connections int   `json:"connections"` // SSH logins
	Channels    int   `json:"channels"`    // SSH channels: commands, subsystems, forwarded connections
	Requests    int   `json:"requests"`    // requests to the node on the host, as the tool says; 0 of kubeadm's script
}

// costs are by host.
type costs map[string]Cost

// minus returns what was added since before.
func (c costs) minus(before costs) costs {
	out := costs{}
	for host, now := range c {
		was := before[host]
		out[host] = Cost{
			Received: now.Received - was.Received, Sent: now.Sent - was.Sent,
			Connections: now.Connections - was.Connections, Channels: now.Channels - was.Channels,
		}
	}
	return out
}

// requested returns the costs with the requests that a run told of, in the lines of its verbose
// output.
func (c costs) requested(lines []line) costs {
	out := maps.Clone(c)
	for _, l := range lines {
		if found := requestsLine.FindStringSubmatch(l.text); found != nil {
			cost := out[found[1]]
			cost.Requests, _ = strconv.Atoi(found[2])
			out[found[1]] = cost
		}
	}
	return out
}

var requestsLine = regexp.MustCompile(`^kbootstrap: (\S+): connect: requests: (\d+)$`)

// count reads all hosts' counters, from their own interfaces and logs: whoever drives the hosts is
// measured alike.
func (h *hosts) count(ctx context.Context) (costs, error) {
	var mu sync.Mutex
	all := costs{}
	err := h.each(ctx, func(ctx context.Context, host lab.Host) error {
		dev, err := h.exec(ctx, host.Name, "cat", "/proc/net/dev")
		if err != nil {
			return err
		}
		received, sent, err := interfaceBytes(dev, "eth0")
		if err != nil {
			return fmt.Errorf("%s: %w", host.Name, err)
		}
		// Not by unit: a login moves sshd's process to another one.
		log, err := h.exec(ctx, host.Name, "sh", "-euc", "journalctl --sync; journalctl --quiet -o cat -t sshd")
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		connections, channels := sshd(log)
		all[host.Name] = Cost{Received: received, Sent: sent, Connections: connections, Channels: channels}
		return nil
	})
	return all, err
}

// interfaceBytes reads what an interface received and sent from the text of /proc/net/dev, see
// proc_net_dev(5): the first and the ninth number after the name.
func interfaceBytes(dev, name string) (received, sent int64, err error) {
	for line := range strings.Lines(dev) {
		before, numbers, found := strings.Cut(line, ":")
		if fields := strings.Fields(numbers); found && strings.TrimSpace(before) == name && len(fields) > 8 {
			if received, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
				return 0, 0, err
			}
			sent, err = strconv.ParseInt(fields[8], 10, 64)
			return received, sent, err
		}
	}
	return 0, 0, fmt.Errorf("no interface %s", name)
}

// sshd counts the logins and the channels in what sshd writes at LogLevel DEBUG1.
func sshd(log string) (connections, channels int) {
	return strings.Count(log, "Accepted publickey for "), strings.Count(log, "server_input_channel_open: ctype ")
}
