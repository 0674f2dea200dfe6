//go:build e2e && upgrade

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// upgradeSeed repeats a run of TestUpgradeUnderLoad; upgradeCuts is how often upgrades are killed.
var (
	upgradeSeed  = flag.Uint64("upgrade-seed", 0, "where upgrades are killed; 0 means at random")
	upgradeCuts  = flag.Int("upgrade-cuts", 10, "how often upgrades are killed")
	upgradeStart = flag.String("upgrade-start", upgradeFrom, "the version that the chain begins with")
)

// upgradePath are the versions that a cluster is brought through, one after the other.
var upgradePath = []string{"v1.33.13", "v1.34.4", upgradeFrom, upgradeTo}

// served is a Service of two pods, of which a budget keeps one. A pod that is to end serves on
// until everybody has heard of it.
const served = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: served}
spec:
  replicas: 2
  selector: {matchLabels: {app: served}}
  template:
    metadata: {labels: {app: served}}
    spec:
      containers:
        - name: greeting
          image: "registry.cluster.local:5000/dubbo/greeting:1"
          imagePullPolicy: IfNotPresent
          args: [provider]
          env: [{name: ZOOKEEPER, value: "127.0.0.1"}]
          readinessProbe: {httpGet: {path: /greet, port: 20880}, periodSeconds: 1}
          lifecycle: {preStop: {sleep: {seconds: 10}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: served}
spec: {minAvailable: 1, selector: {matchLabels: {app: served}}}
---
apiVersion: v1
kind: Service
metadata: {name: served}
spec: {selector: {app: served}, ports: [{port: 20880}]}
`

// TestUpgradeUnderLoad brings three control planes and two workers from one minor version to the
// next, in runs that are killed again and again, while clients on each host write and read through
// its proxy, and others ask a Service whose pods leave one node after the other.
func TestUpgradeUnderLoad(t *testing.T) {
	seed := *upgradeSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	path := upgradePath[max(0, slices.Index(upgradePath, *upgradeStart)):]
	t.Logf("to repeat this run: -upgrade-seed %d -upgrade-cuts %d -upgrade-start %s", seed, *upgradeCuts, path[0])
	chance := rand.New(rand.NewPCG(seed, seed))
	cuts := make([]int, len(path))
	for range *upgradeCuts {
		cuts[1+chance.IntN(len(path)-1)]++
	}
	l := newLab(t, "upgrades", "--control-planes", "3", "--workers", "2", "--kubernetes", path[0])
	if old, has := oldAPIs[path[0]]; has {
		l.edit("arguments:\n", "arguments:\n"+old.argument)
	}
	older := "metrics-server: v0.8.0, " // the lab's name for what goes with the first version
	if path[0] != upgradePath[0] {
		older = "etcd: 3.5.33, " // it moves to 3.6 in a shorter chain, too
		l.edit("  {kube-router: ", "  {"+older+"kube-router: ")
	}
	begin := time.Now()
	l.up()
	table := []string{fmt.Sprintf("%s: made in %.0f s", path[0], time.Since(begin).Seconds())}
	hosts := []string{"cp1", "cp2", "cp3", "w1", "w2"}
	for _, host := range hosts { // control planes of the lab take pods, too
		l.imports(host, "lab.invalid/greeting/1.tar")
	}
	l.apply(served)
	l.kubectl("rollout", "status", "deployment/served", "--timeout=5m")
	if old, has := oldAPIs[path[0]]; has {
		l.refusesOldAPI(old)
	}
	l.installAsker(hosts...)
	var clients []func(int)
	for _, host := range hosts {
		clients = append(clients, l.ask(host, throughProxy))
	}
	service := "http://" + l.kubectl("get", "service", "served", "-o", "jsonpath={.spec.clusterIP}") + ":20880/greet"
	for _, host := range []string{"cp1", "w1", "w2"} {
		clients = append(clients, l.ask(host, service))
	}
	upgrade := []string{"upgrade", "-i", l.inventory, "--confirm", "upgrades"}
	for i, to := range path[1:] {
		l.edit("kubernetes: "+path[i], "kubernetes: "+to)
		if i == 0 {
			l.edit(older, "")
		}
		term := l.term()
		for range cuts[i+1] {
			lines := 5 + chance.IntN(60)
			t.Logf("killed after %d lines, the last one %q", lines, l.killedAfter(lines, upgrade...))
		}
		begin := time.Now()
		l.must(15*time.Minute, upgrade...)
		table = append(table, fmt.Sprintf("%s: killed %d times, and then done in %.0f s; etcd has elected %d times",
			to, cuts[i+1], time.Since(begin).Seconds(), l.term()-term))
		l.versions(to, to, to, to, to)
		l.members(3)
	}
	for _, done := range clients {
		done(100)
	}
	t.Log(strings.Join(table, "\n"))
	l.upAgain()
	l.heals()
}

// oldAPI is a version of the API that a release serves and a later one does not.
type oldAPI struct {
	argument string // which has API servers serve it
	path     string // what is asked for
	// refused are the codes of an upgrade, by its target, after the API was asked for it.
	refused map[string][]string
}

// oldAPIs are by the version that a chain begins with.
var oldAPIs = map[string]oldAPI{
	"v1.33.13": {
		"  kube-apiserver: {runtime-config: admissionregistration.k8s.io/v1beta1=true}\n",
		"/apis/admissionregistration.k8s.io/v1beta1/validatingadmissionpolicies",
		map[string][]string{"v1.34.4": {"KB6061"}, "v1.35.4": {"KB6060", "KB6061"}},
	},
	"v1.34.4": {
		"  kube-apiserver: {runtime-config: storagemigration.k8s.io/v1alpha1=true, " +
			"feature-gates: StorageVersionMigrator=true}\n",
		"/apis/storagemigration.k8s.io/v1alpha1/storageversionmigrations",
		map[string][]string{"v1.36.3": {"KB6060", "KB6061"}},
	},
}

// refusesOldAPI asks for what a later version does not serve, and tries that version.
func (l *lab) refusesOldAPI(old oldAPI) {
	l.t.Helper()
	l.kubectl("get", "--raw", old.path)
	for to, codes := range old.refused {
		told := l.run(2*time.Minute, "upgrade", "-i", l.inventory, "--dry-run", "--to", to)
		for _, code := range codes {
			if told.code != 9 || !strings.Contains(told.stdout+told.stderr, code) {
				l.t.Errorf("an upgrade to %s does not tell %s: exit %d\n%s%s", to, code, told.code, told.stdout,
					told.stderr)
			}
		}
	}
	l.edit(old.argument, "")
	l.up() // an API server that was started again has forgotten what it was asked for
}

// term counts the elections of etcd.
func (l *lab) term() int {
	l.t.Helper()
	var all []struct {
		Status struct {
			Term int `json:"raftTerm"`
		}
	}
	if err := json.Unmarshal([]byte(l.etcdctl("endpoint", "status", "-w", "json")), &all); err != nil || len(all) != 1 {
		l.fatalf("etcd does not tell its term: %v", err)
	}
	return all[0].Status.Term
}

// members checks that etcd has so many members, that all vote and are healthy, and that all have
// the version that the cluster as a whole has.
func (l *lab) members(want int) {
	l.t.Helper()
	l.etcdctl("endpoint", "health", "--cluster") // fails where one is not
	list := l.etcdctl("member", "list", "-w", "json")
	if strings.Count(list, `"name"`) != want || strings.Contains(list, `"isLearner":true`) {
		l.t.Errorf("the members are %s", list)
	}
	told := l.etcdctl("endpoint", "status", "--cluster", "-w", "json")
	versions := map[string]bool{}
	for _, found := range regexp.MustCompile(`"version":"([^"]+)"`).FindAllStringSubmatch(told, -1) {
		versions[found[1]] = true
	}
	if len(versions) != 1 {
		l.t.Errorf("the members have several versions: %s", told)
	}
}

// killedAfter runs the program, kills it when it has written so many lines, and returns the last of
// them. A run that ends before is one that was finished; one that was refused or has failed would
// be no cut.
func (l *lab) killedAfter(lines int, arguments ...string) string {
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
	var all []string
	for len(all) < lines && told.Scan() {
		all = append(all, told.Text())
	}
	_ = command.Process.Kill() // it may have ended
	_ = command.Wait()         // it was killed, and says so
	if code := command.ProcessState.ExitCode(); code > 0 {
		l.fatalf("kbootstrap %s ended by itself: exit %d\n%s", strings.Join(arguments, " "), code,
			strings.Join(all, "\n"))
	}
	return strings.Join(all[max(0, len(all)-1):], "")
}
