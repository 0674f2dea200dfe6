package inventory

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
)

// judge holds an argument to what its release has, where that is known, and to the rules of its
// program. It reports whether the program may get the argument; what only weakens the cluster is
// warned of.
func (r *reader) judge(at string, program Program, manual Manual, known bool, name string, v *node) bool {
	key, written := r.places[at+"#"], name
	name = program.canonical(name)
	rule := program.Rules[name]
	if known && !r.exists(program, manual, name, key) {
		return false
	}
	if rule.Refused != "" {
		r.problemAt(key.line, key.column, rule.Refused, "--%s of %s cannot be set", written, program.Name)
		return false
	}
	if known && !r.reads(program, manual, name, v) || !r.works(rule, program, name, v) ||
		!r.reaches(rule, program, name, v) {
		return false
	}
	if w := rule.Weak; w != nil && w.isOf(v.text) {
		end := r.as(fault.ArgumentWeakens)
		r.warnAt(v.line, v.column, "leave the argument out unless you mean it", "--%s=%s of %s%s: %s", name, v.text,
			program.Name, w.check(), w.Says)
		end()
	}
	return true
}

// exists reports whether the release has the flag.
func (r *reader) exists(program Program, manual Manual, name string, key *node) bool {
	defer r.as(fault.ArgumentUnknown)()
	_, missing, hint := lookUp(manual.Flags, name)
	if missing != "" {
		r.problemAt(key.line, key.column, hint, "--%s is not a flag of %s: %s", name, program.Name,
			fmt.Sprintf(missing, manual.Release))
	}
	return missing == ""
}

// reads reports whether the release can read the value of a flag that it has.
func (r *reader) reads(program Program, manual Manual, name string, v *node) bool {
	defer r.as(fault.ArgumentValue)()
	f, _, _ := lookUp(manual.Flags, name)
	known, good := manual.Words[program.Rules[name].Words], true
	if want := unreadable(cmp.Or(program.Rules[name].Type, f.Type), v.text); want != "" && known == nil {
		r.problemAt(v.line, v.column, "", "--%s of %s is %s, not %q", name, program.Name, want, v.text)
		return false
	}
	for _, word := range wordsOf(v.text) {
		if known != nil && !r.hasWord(program, manual, known, name, word, v) {
			good = false
		}
	}
	return good
}

// hasWord reports whether a release knows a word in the value of a flag: an admission plug-in, or a
// feature gate with the value that it is to have.
func (r *reader) hasWord(program Program, manual Manual, known []Flag, name, text string, v *node) bool {
	word, value, isGate := strings.Cut(text, "=")
	f, missing, hint := lookUp(known, word)
	switch {
	case missing == isNowhere && hint == "" && isGate:
		// A patch release may have a gate that the first releases of its minor version lack.
		end := r.as(fault.ArgumentUnknown)
		r.warnAt(v.line, v.column, program.Name+" does not start when it does not know the name",
			"%q of --%s is not known: %s", word, name, fmt.Sprintf(missing, manual.Release))
		end()
	case missing != "":
		end := r.as(fault.ArgumentUnknown)
		r.problemAt(v.line, v.column, hint, "%q of --%s is not known to %s: %s", word, name, program.Name,
			fmt.Sprintf(missing, manual.Release))
		end()
		return false
	case f.Type != "plugin" && unreadable("bool", value) != "":
		r.problemAt(v.line, v.column, "", "%q of --%s is true or false, not %q", word, name, value)
		return false
	case f.Type == "on" && isFalse(value), f.Type == "off" && !isFalse(value):
		r.problemAt(v.line, v.column, "leave it out", "%q of --%s is locked in %s: %s does not start with %s", word,
			name, manual.Release, program.Name, text)
		return false
	}
	return true
}

// isNowhere is what is said of a name that no release has; %s is the release.
const isNowhere = "%s does not have it"

// lookUp finds a flag or a word. Missing says why the release does not have it, with a place for
// the release; the hint is a similar name.
func lookUp(known []Flag, name string) (f Flag, missing, hint string) {
	var names []string
	for _, k := range known {
		if k.Name == name && k.Missing == "" {
			return k, "", ""
		}
		if k.Name == name {
			return k, strings.ReplaceAll(k.Missing, "%", "%%") + "%.0s", ""
		}
		if k.Missing == "" {
			names = append(names, k.Name)
		}
	}
	if hint = Suggest(name, names); !strings.HasPrefix(hint, "did you mean") {
		hint = ""
	}
	return Flag{}, isNowhere, hint
}

// unreadable says what a value has to be which the program could not read, or "".
func unreadable(kind, value string) string {
	var err error
	switch kind {
	case "bool":
		if _, err = strconv.ParseBool(value); err != nil {
			return "true or false"
		}
	case "int":
		if _, err = strconv.ParseInt(value, 0, 64); err != nil {
			return "a whole number"
		}
	case "uint":
		if _, err = strconv.ParseUint(value, 0, 64); err != nil {
			return "a whole number"
		}
	case "float":
		if _, err = strconv.ParseFloat(value, 64); err != nil {
			return "a number"
		}
	case "duration":
		if _, err = time.ParseDuration(value); err != nil {
			return "a duration such as 30s, 5m or 2h"
		}
	case "ip":
		if _, err = netip.ParseAddr(value); err != nil {
			return "an address"
		}
	case "endpoint":
		if !isEndpoint(value) {
			return "an address, or an address and a port such as 0.0.0.0:10249"
		}
	case "levels":
		for _, word := range wordsOf(value) {
			pattern, level, _ := strings.Cut(word, "=")
			if _, err = strconv.ParseInt(level, 0, 32); pattern == "" || err != nil {
				return "a list of FILE=LEVEL with commas, such as httplog=4,proxier=6"
			}
		}
	case "quantities":
		for _, word := range wordsOf(value) {
			if name, amount, _ := strings.Cut(word, "="); name == "" || amount == "" {
				return "a list of NAME=AMOUNT with commas, such as cpu=200m,memory=300Mi"
			}
		}
	case "switches":
		for _, word := range wordsOf(value) {
			_, on, _ := strings.Cut(word, "=")
			if _, err = strconv.ParseBool(on); err != nil {
				return "a list of NAME=true or NAME=false, with commas"
			}
		}
	}
	return ""
}

// isEndpoint reports whether a value is an address with or without a port, or empty.
func isEndpoint(value string) bool {
	_, err := netip.ParseAddrPort(value)
	_, alone := netip.ParseAddr(value)
	return err == nil || alone == nil || value == ""
}

// isOutside reports whether an address with or without a port is one that other hosts reach.
func isOutside(value string) bool {
	if at, err := netip.ParseAddrPort(value); err == nil {
		return !at.Addr().IsLoopback()
	}
	at, err := netip.ParseAddr(value)
	return err == nil && !at.IsLoopback()
}

func isFalse(value string) bool {
	on, err := strconv.ParseBool(value)
	return err == nil && !on
}

// wordsOf splits a list at its commas.
func wordsOf(value string) []string {
	var words []string
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// works reports whether the value is one that works next to the rest of the cluster.
func (r *reader) works(rule Rule, program Program, name string, v *node) bool {
	isThat := func(only string) bool { return only == v.text || only == strings.ToLower(v.text) && v.kind == boolean }
	if rule.Only != nil && !slices.ContainsFunc(rule.Only, isThat) {
		can := "%s"
		if len(rule.Only) > 1 {
			can = "one of %s"
		}
		r.problemAt(v.line, v.column, rule.Why, "--%s of %s can only be "+can+", not %q", name, program.Name,
			strings.Join(rule.Only, ", "), v.text)
		return false
	}
	for _, word := range wordsOf(v.text) {
		if slices.Contains(rule.Without, word) {
			r.problemAt(v.line, v.column, rule.Why, "--%s of %s cannot contain %s", name, program.Name, word)
			return false
		}
	}
	return true
}

// isOf reports whether a value is one to warn of.
func (w *Weak) isOf(value string) bool {
	n, err := strconv.Atoi(value)
	isNumber := err == nil
	switch {
	case w.NotZero:
		return n != 0
	case w.Outside:
		return isOutside(value)
	case w.Below == 0 && w.Above == 0 && w.Values == nil:
		return true
	case w.Below != 0 && isNumber && n < w.Below, w.Above != 0 && isNumber && n > w.Above:
		return true
	}
	return slices.ContainsFunc(w.Values, func(v string) bool {
		return strings.EqualFold(v, value) || slices.Contains(wordsOf(value), v)
	})
}

// check names the check of the benchmark, as part of a sentence.
func (w *Weak) check() string {
	if w.CIS == "" {
		return ""
	}
	return " (CIS " + w.CIS + ")"
}
