package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/host"
)

// values are all values of a flag of a process, in their order.
func values(p host.Daemon, name string) []string {
	var all []string
	for _, f := range p.Flags() {
		if f.Name == name {
			all = append(all, f.Value)
		}
	}
	return all
}

// flagOf is the value of a flag that counts, which is the last, and whether it is set.
func flagOf(p host.Daemon, name string) (string, bool) {
	all := values(p, name)
	if len(all) == 0 {
		return "", false
	}
	return all[len(all)-1], true
}

// listOf is the value of a flag that is a list: flags that are repeated add to it.
func listOf(p host.Daemon, name string) []string {
	var all []string
	for _, v := range values(p, name) {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// want is what a check asks of a value.
type want struct {
	text string // "is false"
	ok   func(value string, set bool) bool
}

func is(values ...string) want {
	return want{"must be " + strings.Join(values, " or "), func(v string, set bool) bool {
		return slices.ContainsFunc(values, func(w string) bool { return strings.EqualFold(v, w) })
	}}
}

func isSet() want {
	return want{"must be set", func(v string, set bool) bool { return set && v != "" }}
}

func isUnset() want {
	return want{"must not be set", func(_ string, set bool) bool { return !set }}
}

func atLeast(n int) want {
	return want{"must be " + strconv.Itoa(n) + " or more", func(v string, _ bool) bool {
		found, err := strconv.Atoi(v)
		return err == nil && found >= n
	}}
}

// setting is a value and where it was found.
type setting struct {
	value string
	set   bool
	where string // "--profiling of kube-apiserver (pid 12)"
}

func (f setting) text() string {
	if !f.set {
		if f.value == "" {
			return f.where + " is not set"
		}
		return f.where + " is not set, and " + f.value + " by default"
	}
	return f.where + " is " + strconv.Quote(f.value)
}

func (f setting) judge(w want) Verdict {
	if w.ok(f.value, f.set) {
		return pass(f.text())
	}
	return fail(f.text() + ", which " + w.text)
}

// of names a process in evidence.
func of(p host.Daemon) string { return fmt.Sprintf("%s (pid %d)", p.Program, p.PID) }

// running judges every process of a program on a host. A program that does not run cannot be
// judged.
func running(program string, judge func(Scene, Host, host.Daemon) Verdict) func(Scene, Host) Verdict {
	return func(s Scene, h Host) Verdict {
		var all []Verdict
		for _, p := range h.Inspection.Daemons(program) {
			all = append(all, judge(s, h, p))
		}
		if len(all) == 0 {
			return unknown("no process of " + program + " runs")
		}
		return worst(all...)
	}
}

// flag asks for the value of a flag of the processes of a program.
func flag(program, name, byDefault string, w want) func(Scene, Host) Verdict {
	return running(program, func(_ Scene, _ Host, p host.Daemon) Verdict {
		value, set := flagOf(p, name)
		if !set {
			value = byDefault
		}
		return setting{value, set, "--" + name + " of " + of(p)}.judge(w)
	})
}

// filesSet asks that flags which name files are set, and that the files exist.
func filesSet(program string, names ...string) func(Scene, Host) Verdict {
	return running(program, func(_ Scene, h Host, p host.Daemon) Verdict {
		var all []Verdict
		for _, name := range names {
			value, set := flagOf(p, name)
			v := setting{value, set, "--" + name + " of " + of(p)}.judge(isSet())
			if _, exists := h.Inspection.File(value); v.Result == Pass && !exists {
				v = fail(v.Evidence + ", and that file does not exist")
			}
			all = append(all, v)
		}
		return worst(all...)
	})
}

// all joins the verdicts of several judges.
func all(judges ...func(Scene, Host) Verdict) func(Scene, Host) Verdict {
	return func(s Scene, h Host) Verdict {
		var verdicts []Verdict
		for _, j := range judges {
			verdicts = append(verdicts, j(s, h))
		}
		return worst(verdicts...)
	}
}

// number is a number as text.
func number(n int) string { return strconv.Itoa(n) }

// strong are the cipher suites that the benchmark takes: those with forward secrecy and
// authenticated encryption.
var strong = []string{
	"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}

// ciphers judges a list of cipher suites.
func ciphers(where string, suites []string) Verdict {
	if len(suites) == 0 {
		return fail(where + " is not set, so that weaker suites of the library are offered")
	}
	var weak []string
	for _, suite := range suites {
		if !slices.Contains(strong, suite) {
			weak = append(weak, suite)
		}
	}
	if len(weak) > 0 {
		return fail(where + " has " + some(weak, ", "))
	}
	return pass(where + " has strong suites only")
}
