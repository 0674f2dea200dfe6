package light

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
)

// The network of light hosts, and the control machine in it.
const (
	networkBits = 16
	control     = "10.80.0.1"
	// line is the interface of the control machine, hub the end of it at the hosts' bridge.
	line, hub, bridge = "line0", "hub0", "hosts"
)

// addressOf returns the address of the host with that number, from 0.
func addressOf(n int) netip.Addr {
	n += 11
	return netip.AddrFrom4([4]byte{10, 80, byte(n >> 8), byte(n)})
}

// macOf returns the hardware address of the host with that number. It is made of its address.
func macOf(n int) string {
	a := addressOf(n).As4()
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3])
}

// controlMAC is the hardware address of the control machine.
const controlMAC = "02:00:0a:50:00:01"

// ip runs a batch of commands of ip(8).
func ip(ctx context.Context, commands ...string) error {
	return run(ctx, strings.Join(commands, "\n")+"\n", "ip", "-batch", "-")
}

// run runs a program; what it says is in the error.
func run(ctx context.Context, stdin string, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// makeNetwork makes the bridge of the hosts and the line of the control machine.
func makeNetwork(ctx context.Context) error {
	return ip(ctx, "link add "+bridge+" type bridge", "link set "+bridge+" up",
		"link add "+line+" address "+controlMAC+" type veth peer name "+hub,
		"link set "+hub+" master "+bridge+" up",
		fmt.Sprintf("addr add %s/%d dev %s", control, networkBits, line), "link set "+line+" up")
}

// plugIn gives the process of a host its interface. The two know each other's hardware address for
// good: the kernel keeps some thousand learned neighbours for all namespaces of a machine together.
func plugIn(ctx context.Context, n, pid int) error {
	port := fmt.Sprintf("p%d", n)
	return ip(ctx,
		fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %d", port, macOf(n), pid),
		fmt.Sprintf("link set %s master %s up", port, bridge),
		fmt.Sprintf("neigh replace %s lladdr %s dev %s nud permanent", addressOf(n), macOf(n), line))
}

// Limit gives the line of the control machine a rate in both directions, such as "100mbit"; ""
// takes the limit away.
func Limit(ctx context.Context, rate string) error {
	for _, device := range []string{line, hub} {
		if rate == "" {
			_ = run(ctx, "", "tc", "qdisc", "del", "dev", device, "root") // there may be none
			continue
		}
		if err := run(ctx, "", "tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate,
			"burst", "256k", "latency", "50ms"); err != nil {
			return err
		}
	}
	return nil
}
