package component

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/release/manual"
	"kbootstrap/templates"
)

// rules are what the tool has to say about the flags of a program, by name.
type rules = map[string]inventory.Rule

// refused is a rule for flags that cannot be set: the text says why, or what to do instead.
func refused(why string) inventory.Rule { return inventory.Rule{Refused: why} }

// weak is a rule for values that are warned of, with the check of the benchmark that asks for
// others.
func weak(cis, says string, values ...string) inventory.Rule {
	return inventory.Rule{Weak: &inventory.Weak{CIS: cis, Says: says, Values: values}}
}

// only is a rule for flags with few values that work.
func only(why string, values ...string) inventory.Rule { return inventory.Rule{Only: values, Why: why} }

// field is a rule for flags whose value goes into the configuration file.
func field(path string) inventory.Rule { return inventory.Rule{Field: path} }

// together joins the rules of one program.
func together(parts ...rules) rules {
	all := rules{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// each gives several flags one rule.
func each(rule inventory.Rule, names ...string) rules {
	all := rules{}
	for _, name := range names {
		all[name] = rule
	}
	return all
}

// What the programs of Kubernetes have in common.
const (
	exits       = "with it the program prints something and exits"
	inKubeconf  = "the address follows from the kubeconfig that the tool places"
	weakCiphers = "the cipher can be broken"
)

// ofType is a rule for flags of which the manual does not know what they can be.
func ofType(kind string) inventory.Rule { return inventory.Rule{Type: kind} }

// klog are the rules for the logging that programs of Kubernetes have in common.
var klog = rules{"v": ofType("int"), "vmodule": ofType("levels")}

// common are the rules for all programs of Kubernetes.
var common = together(klog,
	each(refused(exits), "help", "version"),
	rules{
		"logging-format": only("the formats are text and json", "text", "json"),
		"feature-gates":  {Merged: inventory.MergedMap, Words: manual.FeatureGates},
	},
)

// gatesBut is the rule for feature gates where a check of the benchmark asks for one of them.
func gatesBut(cis string) inventory.Rule {
	return inventory.Rule{Merged: inventory.MergedMap, Words: manual.FeatureGates, Weak: &inventory.Weak{
		CIS: cis, Values: []string{"RotateKubeletServerCertificate=false"},
		Says: "serving certificates of kubelets are not renewed",
	}}
}

// insecureCiphers are the cipher suites that crypto/tls lists as insecure.
var insecureCiphers = []string{
	"TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA",
	"TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
	"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
	"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
}

// tlsRules are those for servers; the ids are those of the checks on versions and ciphers.
func tlsRules(cis string) rules {
	return rules{
		"tls-min-version": {
			Only: []string{"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"},
			Why:  "the program knows no other",
			Weak: &inventory.Weak{CIS: cis, Values: []string{"VersionTLS10", "VersionTLS11"},
				Says: "versions below 1.2 are broken"},
		},
		"tls-cipher-suites": weak(cis, weakCiphers, insecureCiphers...),
	}
}

// manualOf returns how inventories learn which flags a program has.
func manualOf(p inventory.Program) func(*inventory.Cluster) (inventory.Manual, bool) {
	return func(c *inventory.Cluster) (inventory.Manual, bool) {
		versions, err := release.Versions(c, Sources())
		if err != nil {
			return inventory.Manual{}, false // another check says so
		}
		version, product := strings.TrimPrefix(versions[p.Release], "v"), p.Release
		if product == kubernetes {
			product = "Kubernetes"
		}
		chapter, known := manual.Open(p.Name, version)
		if !known {
			return inventory.Manual{}, false
		}
		m := inventory.Manual{
			Release: product + " " + chapter.Release, Flags: flagsOf(product, chapter),
			Words: map[string][]inventory.Flag{},
		}
		for _, rule := range p.Rules {
			if rule.Words == "" || m.Words[rule.Words] != nil {
				continue
			}
			if words, known := manual.Open(rule.Words, version); known {
				m.Words[rule.Words] = flagsOf(product, words)
			}
		}
		return m, true
	}
}

// flagsOf returns the entries of a chapter as an inventory knows them.
func flagsOf(product string, chapter manual.Chapter) []inventory.Flag {
	flags := make([]inventory.Flag, len(chapter.Entries))
	for i, e := range chapter.Entries {
		flags[i] = inventory.Flag{Name: e.Name, Type: e.Type}
		switch {
		case e.Comes != "":
			flags[i].Missing = "it comes with " + product + " " + e.Comes
		case e.Gone != "":
			flags[i].Missing = "it went away in " + product + " " + e.Gone
		}
	}
	return flags
}

// withArguments returns the flags of a program with the arguments of the inventory. These win, or
// are joined with the tool's own; those that belong into the program's configuration file are left
// out.
func (t Target) withArguments(program string, rules rules, flags templates.Flags) templates.Flags {
	all := flags.With(nil)
	for name, value := range t.Cluster.Arguments[program] {
		rule := rules[name]
		switch {
		case rule.Field != "":
		case rule.Merged == inventory.MergedList:
			all[name] = joinedList(cmp.Or(flags[name], rule.Default), value)
		case rule.Merged == inventory.MergedMap:
			all[name] = joinedMap(flags[name], value)
		default:
			all[name] = value
		}
	}
	return all
}

// words splits a list at its commas.
func words(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
}

// joinedList is the tool's list with the words of the other behind it, each once. A word with a
// dash before it takes that word out of the tool's.
func joinedList(own, other string) string {
	more := words(other)
	var all []string
	for _, w := range words(own) {
		if !slices.Contains(more, "-"+w) {
			all = append(all, w)
		}
	}
	for _, w := range more {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return strings.Join(all, ",")
}

// joinedMap is the tool's map with the keys of the other, which win.
func joinedMap(own, other string) string {
	more := words(other)
	var all []string
	for _, w := range words(own) {
		key, _, _ := strings.Cut(w, "=")
		if !slices.ContainsFunc(more, func(m string) bool { return strings.HasPrefix(m, key+"=") }) {
			all = append(all, w)
		}
	}
	return strings.Join(append(all, more...), ",")
}
