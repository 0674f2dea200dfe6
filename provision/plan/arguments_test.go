package plan_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/internal/golden"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/release/manual"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// TestOwnFlagsAreKnown holds the flags that the tool itself sets to the manual of each version that
// can be installed: what the one gets wrong, the other shows.
func TestOwnFlagsAreKnown(t *testing.T) {
	oldest, newest := release.Minors()
	for minor := oldest; minor <= newest; minor++ {
		text := fixture.Edited(t, fixture.AllInOne, "v1.36.3", fmt.Sprintf("v1.%d.0", minor))
		target := fixture.TargetsOf(t, text)[0]
		programs := map[string]bool{}
		for _, c := range component.Components() {
			for _, p := range c.Programs {
				programs[p.Name] = true
				chapter, known := manual.Open(p.Name, strings.TrimPrefix(target.Release.Version(p.Release), "v"))
				if !known {
					t.Errorf("1.%d: %s is not in the manual", minor, p.Name)
				}
				for name := range ownFlags(t, c, target, p.Name) {
					if e, found := chapter.Find(name); !found || e.Comes != "" || e.Gone != "" {
						t.Errorf("1.%d: the tool sets --%s of %s, which the manual does not know: %+v", minor, name,
							p.Name, e)
					}
				}
			}
		}
		if len(programs) != 9 {
			t.Errorf("%d programs, want 9: %v", len(programs), programs)
		}
	}
}

// ownFlags returns the flags of a program in its unit, of which there must be some.
func ownFlags(t *testing.T, c component.Component, target component.Target, program string) templates.Flags {
	t.Helper()
	for _, r := range c.Resources(target) {
		file, ok := r.(resource.File)
		if ok && strings.HasSuffix(file.Path, ".service") && path.Dir(file.Path) == "/etc/systemd/system" {
			if flags := templates.ReadFlags(file.Content); len(flags) > 0 {
				return flags
			}
		}
	}
	t.Fatalf("%s has no flags", program)
	return nil
}

// arguments have one of each way in which arguments reach a program.
const arguments = `arguments:
  kube-apiserver: {enable_admission_plugins: "NodeRestriction,AlwaysPullImages", authorization-mode: Webhook, v: "4"}
  kube-controller-manager: {controllers: "-ttl-controller,-tokencleaner", kube-api-qps: "50"}
  etcd: {feature-gates: "CompactHashCheck=false,SetMemberLocalAddr=true"}
  kubelet: {feature-gates: "MemoryQoS=true", system-reserved: "cpu=100m"}
  kube-proxy: {nodeport-addresses: "192.168.56.0/24,10.0.0.0/8", masquerade-all: true, feature-gates: "WatchList=true",
    conntrack-min: 7, kube-api-qps: 2.5, conntrack-udp-timeout: 45s, v: "2"}
  dockerd: {log-driver: journald, bip: 172.31.255.1/24, label: "a=1,b=2", mtu: "1400", live-restore: false}
hosts:
`

// TestArguments shows what arguments change in a plan.
func TestArguments(t *testing.T) {
	render := func(text string) string {
		return fixture.Render(plan.Build(component.Components(), fixture.TargetsOf(t, text)), "all")
	}
	with := fixture.Edited(t, fixture.AllInOne, "hosts:\n", arguments)
	golden.File(t, "testdata/arguments.golden", fixture.Diff(render(fixture.AllInOne), render(with)))
}
