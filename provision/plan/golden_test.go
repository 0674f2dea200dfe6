package plan_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/internal/golden"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// TestPlans compares everything that a plan says of each host with a golden file. Hosts after the
// first are told by what differs from the first, and the hosts of custom by what differs from those
// of small.
func TestPlans(t *testing.T) {
	base := plan.Build(component.Components(), fixture.TargetsOf(t, fixture.Small))
	for name, text := range fixture.EveryInventory() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := plan.Build(component.Components(), fixture.TargetsOf(t, text))
			var b strings.Builder
			hosts := plan.Hosts()
			for i, h := range hosts {
				switch {
				case name == "custom":
					fmt.Fprintf(
						&b, "=== %s next to that of small\n%s", h.Name,
						fixture.RenderBeside(plan, h.Name, base, h.Name),
					)
				case i > 0:
					fmt.Fprintf(
						&b, "=== %s next to %s\n%s", h.Name, hosts[0].Name,
						fixture.RenderBeside(plan, h.Name, plan, hosts[0].Name),
					)
				default:
					fmt.Fprintf(&b, "=== %s\n%s", h.Name, fixture.Render(plan, h.Name))
				}
			}
			golden.File(t, filepath.Join("testdata", name+".golden"), b.String())
		})
	}
}

// TestVersions shows what each minor version of Kubernetes changes in the plan of one host, other
// than numbers of versions.
func TestVersions(t *testing.T) {
	versions := []string{"v1.29.15", "v1.30.14", "v1.31.14", "v1.32.11", "v1.33.7", "v1.34.3", "v1.35.0", "v1.36.3"}
	var b strings.Builder
	before := ""
	for _, version := range versions {
		targets := fixture.TargetsOf(t, fixture.Edited(t, fixture.AllInOne, "v1.36.3", version))
		targets[0].Facts.Cgroup = 1
		text := strings.ReplaceAll(
			fixture.Render(plan.Build(component.Components(), targets), "all"), strings.TrimPrefix(version, "v"),
			"<kubernetes>",
		)
		set := targets[0].Release
		for _, component := range []string{"etcd", "pause", "coredns"} {
			text = strings.ReplaceAll(text, set.Version(component), "<"+component+">")
		}
		fmt.Fprintf(&b, "=== %s with etcd %s, pause %s, coredns %s\n",
			version, set.Version("etcd"), set.Version("pause"), set.Version("coredns"))
		if before != "" {
			b.WriteString(fixture.Diff(before, text))
		}
		before = text
	}
	golden.File(t, "testdata/versions.golden", b.String())
}

// TestFacts shows what the facts of a host change in its plan.
func TestFacts(t *testing.T) {
	targets := fixture.TargetsOf(t, fixture.AllInOne)
	usual := fixture.Render(plan.Build(component.Components(), targets), "all")
	var b strings.Builder
	for _, c := range []struct {
		what   string
		change func(*component.Target)
	}{
		{"cgroup 1", func(t *component.Target) { t.Facts.Cgroup = 1 }},
		{"another host name", func(t *component.Target) { t.Facts.Hostname = "localhost" }},
		{
			"the resolv.conf of systemd-resolved",
			func(t *component.Target) { t.Facts.Resolv = "/run/systemd/resolve/resolv.conf" },
		},
		{"a container, where conntrack cannot be set", func(t *component.Target) { t.Facts.ConntrackWritable = false }},
		{"a cluster of etcd's that exists", func(t *component.Target) { t.EtcdNew = false }},
		{"no DNS server on any host", func(t *component.Target) { t.Upstream = false }},
	} {
		changed := targets[0]
		c.change(&changed)
		fmt.Fprintf(
			&b, "=== %s\n%s", c.what,
			fixture.Diff(usual, fixture.Render(plan.Build(component.Components(), []component.Target{changed}), "all")),
		)
	}
	golden.File(t, "testdata/facts.golden", b.String())
}

// TestMixedArchitectures: in a cluster of hosts of two architectures, each has the programs and
// images of its own; what is configured is the same.
func TestMixedArchitectures(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	amd, pki := fixture.Resolve(t, c), fixture.Issue(t, c)
	arm := fixture.ResolveFor(t, c, "arm64")
	usual := fixture.TargetsWith(c, pki, amd)
	mixed := slices.Clone(usual)
	for i := range mixed {
		if mixed[i].Host.Name == "w1" {
			mixed[i].Facts.Arch, mixed[i].Release = "arm64", arm
		}
	}
	before, after := plan.Build(component.Components(), usual), plan.Build(component.Components(), mixed)
	if d := fixture.Diff(fixture.Render(before, "cp1"), fixture.Render(after, "cp1")); d != "" {
		t.Errorf("cp1, which is amd64 in both, differs:\n%s", d)
	}
	golden.File(t, "testdata/arm64.golden", fixture.Diff(fixture.Render(before, "w1"), fixture.Render(after, "w1")))
}
