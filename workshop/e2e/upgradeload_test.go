//go:build e2e && upgrade

package e2e

import (
	"bufio"
	"context"
	"flag"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// upgradeSeed repeats a run of TestUpgradeUnderLoad; upgradeCuts is how often the upgrade is
// killed.
var (
	upgradeSeed = flag.Uint64("upgrade-seed", 0, "where the upgrade is killed; 0 means at random")
	upgradeCuts = flag.Int("upgrade-cuts", 3, "how often the upgrade is killed")
)

// TestUpgradeUnderLoad brings three control planes and two workers to the next minor version, in a
// run that is killed again and again, while clients on each host write and read through its proxy.
func TestUpgradeUnderLoad(t *testing.T) {
	seed := *upgradeSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("to repeat this run: -upgrade-seed %d -upgrade-cuts %d", seed, *upgradeCuts)
	chance := rand.New(rand.NewPCG(seed, seed))
	l := newLab(t, "upgrades", "--control-planes", "3", "--workers", "2", "--kubernetes", upgradeFrom)
	l.up()
	l.apply(strings.ReplaceAll(guarded, "MIN", "1"))
	l.kubectl("rollout", "status", "deployment/guarded", "--timeout=2m")
	l.kubectl("-n", "kube-system", "rollout", "status", "deployment/metrics-server", "--timeout=3m")
	hosts := []string{"cp1", "cp2", "cp3", "w1", "w2"}
	l.installAsker(hosts...)
	var clients []func(int)
	for _, host := range hosts {
		clients = append(clients, l.ask(host, throughProxy))
	}
	l.edit("kubernetes: "+upgradeFrom, "kubernetes: "+upgradeTo)
	upgrade := []string{"upgrade", "-i", l.inventory, "--confirm", "upgrades"}
	for range *upgradeCuts {
		// metrics-server's own budget lets no pod go before it is ready again.
		l.kubectl("-n", "kube-system", "rollout", "status", "deployment/metrics-server", "--timeout=3m")
		lines := 5 + chance.IntN(40)
		t.Logf("killed after %d lines, the last one %q", lines, l.killedAfter(lines, upgrade...))
	}
	l.kubectl("-n", "kube-system", "rollout", "status", "deployment/metrics-server", "--timeout=3m")
	begin := time.Now()
	l.must(15*time.Minute, upgrade...)
	t.Logf("the last part of the upgrade took %.1f s", time.Since(begin).Seconds())
	for _, done := range clients {
		done(100)
	}
	l.versions(upgradeTo, upgradeTo, upgradeTo, upgradeTo, upgradeTo)
	l.upAgain()
	l.heals()
}

// killedAfter runs the program, kills it when it has written so many lines, and returns the last of
// them. A run that ends before is one that was finished.
func (l *lab) killedAfter(lines int, arguments ...string) (last string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, l.program, arguments...)
	out, err := command.StderrPipe()
	if err != nil {
		l.fatalf("%v", err)
	}
	if err := command.Start(); err != nil {
		l.fatalf("%v", err)
	}
	told := bufio.NewScanner(out)
	for n := 0; n < lines && told.Scan(); n++ {
		last = told.Text()
	}
	_ = command.Process.Kill() // it may have ended
	_ = command.Wait()         // it was killed, and says so
	return last
}
