package audit

import (
	"net/netip"
	"strconv"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// controllers are sections 1.3 and 1.4.
func controllers() []Check {
	c := func(id, title string, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Automated: true, Promise: ByDefault, Role: inventory.ControlPlane,
			Remedy: arguments, host: judge}
	}
	manager := func(name, byDefault string, w want) func(Scene, Host) Verdict {
		return flag(controllerProgram, name, byDefault, w)
	}
	threshold := c("1.3.1", "finished pods are removed at a number that fits",
		manager("terminated-pod-gc-threshold", "12500", want{"must be 1 to 12500", func(v string, _ bool) bool {
			return atLeast(1).ok(v, true) && !atLeast(12501).ok(v, true)
		}}))
	threshold.Automated = false
	return []Check{
		threshold,
		c("1.3.2", "the controller manager serves no profiles", manager("profiling", "true", is("false"))),
		c("1.3.3", "each controller has an account of its own",
			manager("use-service-account-credentials", "false", is("true"))),
		c("1.3.4", "a key of its own signs the tokens of service accounts",
			filesSet(controllerProgram, "service-account-private-key-file")),
		c("1.3.5", "pods get the authority that verifies the API server", filesSet(controllerProgram, "root-ca-file")),
		c("1.3.6", "the serving certificates of kubelets may be renewed",
			gate(controllerProgram, "RotateKubeletServerCertificate")),
		c("1.3.7", "the controller manager listens on loopback only", loopback(controllerProgram)),
		c("1.4.1", "the scheduler serves no profiles", running(schedulerProgram, schedulerProfiling)),
		c("1.4.2", "the scheduler listens on loopback only", loopback(schedulerProgram)),
	}
}

// gate asks for a feature gate that is on by default not to be off.
func gate(program, name string) func(Scene, Host) Verdict {
	return running(program, func(_ Scene, _ Host, p host.Daemon) Verdict {
		for _, setting := range listOf(p, "feature-gates") {
			gate, value, _ := strings.Cut(setting, "=")
			if on, err := strconv.ParseBool(value); gate == name && (err != nil || !on) {
				return fail("--feature-gates of " + of(p) + " turns " + name + " off")
			}
		}
		return pass(name + " is not turned off in " + of(p))
	})
}

// loopback asks for every socket of a program to be on loopback: what the process has, whatever its
// flags say.
func loopback(program string) func(Scene, Host) Verdict {
	return running(program, func(_ Scene, _ Host, p host.Daemon) Verdict {
		var open []string
		for _, at := range p.Listens {
			if !at.Addr().IsLoopback() {
				open = append(open, spelled(at))
			}
		}
		switch {
		case len(p.Listens) == 0:
			return unknown(of(p) + " listens nowhere")
		case len(open) > 0:
			return fail(of(p) + " listens on " + some(open, ", "))
		}
		return pass(of(p) + " listens on " + spelled(p.Listens[0]))
	})
}

// spelled is an address and a port, "*" for all addresses.
func spelled(at netip.AddrPort) string {
	if at.Addr().IsUnspecified() {
		return "*:" + number(int(at.Port()))
	}
	return at.String()
}

// schedulerProfiling: with a configuration file the scheduler ignores the flag.
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/
func schedulerProfiling(_ Scene, h Host, p host.Daemon) Verdict {
	d, has, cannot := documentOf(h, p, "config")
	switch {
	case cannot != nil:
		return *cannot
	case has:
		return fieldSetting(d.Value, "enableProfiling", "true", d.Path).judge(is("false"))
	}
	value, set := flagOf(p, "profiling")
	if !set {
		value = "true"
	}
	return setting{value, set, "--profiling of " + of(p)}.judge(is("false"))
}
