package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"kbootstrap/host"
	"kbootstrap/provision/component"
	"kbootstrap/workshop/lab"
)

// Floor is what a run cannot be quicker than on the same hosts, in seconds.
type Floor struct {
	// Units is from the start of all units, everything in place, until what `up` calls healthy.
	Units float64 `json:"units"`
	// Line is what as many bytes as the run sent take through one ssh to each host at once.
	Line float64 `json:"line"`
}

// floorPoll is how often nodes and pods are looked at when names resolve already.
const floorPoll = 200 * time.Millisecond

// haltScript stops the units of the cluster, and what runs in pods, and notes which units ran.
//
//go:embed floor-halt.sh
var haltScript string

// resolvesScript ends when a name of the cluster resolves from its host.
//
//go:embed kubeadm/resolves.sh
var resolvesScript string

// floor measures the floor of a command that has just made hosts nodes. What it made stays: of a
// control plane the data of etcd too, for without them the objects of the cluster would
// have to be made again.
func (b *bench) floor(ctx context.Context, s scenario, h *hosts, sent costs) (Run, error) {
	targets := slices.DeleteFunc(slices.Clone(h.all), func(host lab.Host) bool {
		return s.Join != "" && host.Name != s.Join
	})
	on := func(do func(context.Context, lab.Host) error) error {
		group, ctx := errgroup.WithContext(ctx)
		for _, host := range targets {
			group.Go(func() error { return do(ctx, host) })
		}
		return group.Wait()
	}
	run := func(script string, args ...string) func(context.Context, lab.Host) error {
		return func(ctx context.Context, host lab.Host) error {
			_, err := h.exec(ctx, host.Name, append([]string{"bash", "-euc", script, "bash"}, args...)...)
			return err
		}
	}
	if err := on(run(haltScript, component.Units()...)); err != nil {
		return Run{}, fmt.Errorf("stop the units: %w", err)
	}
	unix.Sync()
	worked, err := h.CPUTime()
	if err != nil {
		return Run{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, commandLimit, fmt.Errorf("not healthy after %s", commandLimit))
	defer cancel()
	start := time.Now()
	// In no order, as `up` starts them: each waits by itself for what it needs.
	const startAll = "systemctl start --no-block --job-mode=ignore-dependencies $(cat /run/bench-units)\n"
	if err := on(run(startAll + resolvesScript)); err != nil {
		return Run{}, fmt.Errorf("start the units: %w", err)
	}
	err = host.Poll(ctx, floorPoll, func() (bool, error) { return h.healthySince(ctx, targets, start) })
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return Run{}, fmt.Errorf("wait for the nodes and pods: %w", err)
	}
	units := time.Since(start)
	hostsCPU, err := h.CPUTime()
	if err != nil {
		return Run{}, err
	}
	start = time.Now()
	err = on(func(ctx context.Context, host lab.Host) error { return h.fill(ctx, host, sent[host.Name].Received) })
	if err != nil {
		return Run{}, fmt.Errorf("send as much as the run did: %w", err)
	}
	line := time.Since(start)
	f := Floor{Units: seconds(units), Line: seconds(line)}
	return Run{
		Scenario: s.Name, Wall: seconds(units + line), HostsCPU: seconds(hostsCPU - worked), Hosts: costs{}, Floor: &f,
	}, nil
}

// fill sends so many bytes through one ssh to a file of the host, with what ssh does by default.
func (h *hosts) fill(ctx context.Context, to lab.Host, bytes int64) error {
	cmd := exec.CommandContext(ctx, "ssh", "-F", "none", "-p", strconv.Itoa(to.SSHPort), "-i", h.dir+"/id_ed25519",
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile="+h.dir+"/known_hosts",
		"-o", "StrictHostKeyChecking=yes", "vagrant@127.0.0.1", "cat >bench-line; rm bench-line")
	cmd.Stdin = io.LimitReader(zeroes{}, bytes)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", to.Name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// zeroes has no end.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// healthySince reports whether the nodes of hosts are Ready as their kubelets say it since a time,
// and the pods there have been started since and are ready. An API that does not answer yet does
// not say so.
func (h *hosts) healthySince(ctx context.Context, on []lab.Host, since time.Time) (bool, error) {
	raw := func(path string) (list objectList, ok bool, err error) {
		out, err := h.exec(ctx, h.all[0].Name, "kubectl", "--kubeconfig", "/etc/kubernetes/super-admin.conf",
			"get", "--raw", path)
		if err != nil {
			return list, false, ctx.Err()
		}
		return list, true, json.Unmarshal([]byte(out), &list)
	}
	nodes, ok, err := raw("/api/v1/nodes")
	if !ok || err != nil {
		return false, err
	}
	pods, ok, err := raw("/api/v1/pods")
	if !ok || err != nil {
		return false, err
	}
	for _, host := range on {
		if !nodes.isNodeReady(host.Name, since) || !pods.arePodsReady(host.Name, since) {
			return false, nil
		}
	}
	return true, nil
}

// objectList is what is read of a list of nodes or pods.
type objectList struct {
	Items []struct {
		Metadata struct{ Name, Namespace string }
		Spec     struct{ NodeName string }
		Status   struct {
			Conditions []struct {
				Type, Status      string
				LastHeartbeatTime time.Time
			}
			ContainerStatuses []struct {
				State struct {
					Running *struct{ StartedAt time.Time }
				}
			}
		}
	}
}

// isNodeReady reports whether the kubelet of a node has said since a time that it is Ready. The API
// has whole seconds.
func (l objectList) isNodeReady(name string, since time.Time) bool {
	for _, node := range l.Items {
		for _, c := range node.Status.Conditions {
			if node.Metadata.Name == name && c.Type == "Ready" {
				return c.Status == "True" && !c.LastHeartbeatTime.Before(since.Truncate(time.Second))
			}
		}
	}
	return false
}

// arePodsReady reports whether the pods of the cluster DNS and of the probe on a node, of which
// each node has one, run since a time and are ready: those that a run waits for.
func (l objectList) arePodsReady(node string, since time.Time) bool {
	probes := 0
	for _, pod := range l.Items {
		isProbe := pod.Metadata.Namespace == "kbootstrap"
		isDNS := pod.Metadata.Namespace == component.DNSNamespace &&
			strings.HasPrefix(pod.Metadata.Name, component.DNSDeployment+"-")
		if pod.Spec.NodeName != node || !isProbe && !isDNS {
			continue
		}
		for _, c := range pod.Status.Conditions {
			if c.Type == "Ready" && c.Status != "True" {
				return false
			}
		}
		for _, c := range pod.Status.ContainerStatuses {
			if c.State.Running == nil || c.State.Running.StartedAt.Before(since.Truncate(time.Second)) {
				return false
			}
		}
		if isProbe {
			probes++
		}
	}
	return probes == 1
}
