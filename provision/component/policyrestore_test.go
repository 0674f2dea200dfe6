package component

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/trial"
)

// TestPolicyRestore has the program that stands in for iptables-restore put back an earlier state
// of kube-router's chains, in a network namespace of its own: what others changed meanwhile stays,
// and so does the place of each rule.
func TestPolicyRestore(t *testing.T) {
	script := filepath.Join(t.TempDir(), "iptables-restore")
	trial.Write(t, script, string(policyRestoreScript.Render(strings.Join(policyChains, "|"))), 0o755)
	const change = `set -e
iptables -N KUBE-ROUTER-FORWARD; iptables -N KUBE-POD-FW-OLD; iptables -N KUBE-POD-FW-KEPT; iptables -N OWNER
iptables -A KUBE-POD-FW-OLD -j ACCEPT
iptables -A KUBE-ROUTER-FORWARD -j KUBE-POD-FW-OLD
iptables -I FORWARD -j KUBE-ROUTER-FORWARD
{
	echo '*filter'; echo ':FORWARD ACCEPT - [0:0]'; echo ':KUBE-ROUTER-FORWARD - [0:0]'; echo ':KUBE-POD-FW-KEPT'
	echo ':KUBE-POD-FW-NEW'; echo '-A FORWARD -j KUBE-ROUTER-FORWARD'
	echo '-A KUBE-POD-FW-NEW -m comment --comment "allow :all -A" -j ACCEPT '; echo '-I KUBE-POD-FW-NEW 1 -j RETURN '
	echo '-A KUBE-ROUTER-FORWARD -j KUBE-POD-FW-NEW'; echo COMMIT
} >"$1.saved"
iptables -A OWNER -s 192.0.2.1/32 -j DROP; iptables -I FORWARD -j OWNER; iptables -P FORWARD DROP
"$1" --wait -T filter <"$1.saved"
iptables-save -t filter | grep -E '^(:|-A)' | sed 's/ \[.*//'
"$1" --help 2>&1 | grep -q noflush
`
	out, err := exec.CommandContext(
		t.Context(), "unshare", "--map-root-user", "--net", "sh", "-c", change, "sh", script,
	).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	rules := slices.DeleteFunc(slices.Clone(got), func(line string) bool { return line[0] != '-' })
	chains := slices.DeleteFunc(got, func(line string) bool { return line[0] != ':' })
	slices.Sort(chains)
	if d := cmp.Diff([]string{
		":FORWARD DROP", ":INPUT ACCEPT", ":KUBE-POD-FW-KEPT -", ":KUBE-POD-FW-NEW -", ":KUBE-ROUTER-FORWARD -",
		":OUTPUT ACCEPT", ":OWNER -",
	}, chains); d != "" {
		t.Error(d)
	}
	slices.SortStableFunc(rules, func(a, b string) int {
		return strings.Compare(strings.Fields(a)[1], strings.Fields(b)[1]) // by the chain
	})
	if d := cmp.Diff([]string{
		"-A FORWARD -j OWNER", "-A FORWARD -j KUBE-ROUTER-FORWARD", "-A KUBE-POD-FW-NEW -j RETURN",
		`-A KUBE-POD-FW-NEW -m comment --comment "allow :all -A" -j ACCEPT`,
		"-A KUBE-ROUTER-FORWARD -j KUBE-POD-FW-NEW",
		"-A OWNER -s 192.0.2.1/32 -j DROP",
	}, rules); d != "" {
		t.Error(d)
	}
}
