// Package audit judges a cluster by the CIS Kubernetes Benchmark and by checks of the tool's own:
// what hosts and the API show in, a verdict for each check out. It asks no host, and its judges
// are pure. A check looks at the real thing, such as the flags of the process that runs, and a
// check that cannot look says so instead of passing. Start at Checks, the table; sections 1 to 5 of
// the benchmark are in a file each.
package audit

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// Benchmark names the benchmark. 2.0 and 2.0.1 have the same checks; 2.1.0 takes a restriction of
// anonymous requests for check 1.2.1 (https://github.com/aquasecurity/kube-bench/pull/2126).
const Benchmark = "CIS Kubernetes Benchmark v1.12 and 2.x"

// Result is what a check comes to.
type Result string

// The results, from the best to the worst.
const (
	NotApplicable Result = "n/a"       // there is nothing in the cluster that the check is about
	Pass          Result = "pass"      // as the check asks
	NotAsked      Result = "not-asked" // not as the check asks, and the profile does not ask for it
	Manual        Result = "manual"    // no program can tell; a person has to look
	Unknown       Result = "unknown"   // the evidence could not be had
	Fail          Result = "fail"      // not as the check asks
)

// rank is the place of a result in the order from the best to the worst.
func (r Result) rank() int {
	return slices.Index([]Result{NotApplicable, Pass, NotAsked, Manual, Unknown, Fail}, r)
}

// Promise says which profile asks for a check.
type Promise string

// The promises.
const (
	ByDefault Promise = "default" // both profiles ask for it
	ByCIS     Promise = "cis"     // the profile cis alone does
	ByUsers   Promise = "users"   // it depends on what users do with the cluster
)

// Check is a row of the table.
type Check struct {
	ID    string // of the benchmark: "1.2.15"; of the tool's own: "KB.1"
	Title string
	// Automated says that the benchmark scores the check.
	Automated bool
	Promise   Promise
	// Role is whose hosts the check is about; "" is every host. A check of the cluster has none.
	Role inventory.Role
	// Remedy says what to do where the check fails.
	Remedy string
	// Note says what the check means here, or why a person has to look.
	Note string

	host    func(Scene, Host) Verdict // about each host
	cluster func(Scene) Verdict       // about the cluster
}

// Verdict is what a judge says.
type Verdict struct {
	Result   Result
	Evidence string
}

// Host is what is known of one host.
type Host struct {
	inventory.Host
	Facts      host.Facts
	Inspection host.Inspection
	Walls      []Wall // where the inventory has a firewall configured
	WallsErr   string // why there are none
	Error      string // why the host could not be asked
}

// Scene is what the checks judge.
type Scene struct {
	Cluster  *inventory.Cluster
	Profile  string // inventory.ProfileDefault or inventory.ProfileCIS
	Now      time.Time
	Hosts    []Host // those of the inventory, in its order
	Listings api.Listings
	// APIError is why nothing is known of the objects of the API.
	APIError string
	// State are the files of the state directory on this machine.
	State []host.Inspected
}

// Finding is the verdict of a check on one host, or on the cluster.
type Finding struct {
	Host     string // empty for the cluster
	Result   Result
	Evidence string
}

// Outcome is a check with what it found.
type Outcome struct {
	Check    Check
	Result   Result // the worst of the findings
	Findings []Finding
}

// Judge applies the table to a scene, in the order of the table.
func Judge(s Scene) []Outcome {
	checks := Checks()
	all := make([]Outcome, len(checks))
	for i, c := range checks {
		all[i] = judge(s, c)
	}
	return all
}

func judge(s Scene, c Check) Outcome {
	o := Outcome{Check: c, Result: NotApplicable}
	add := func(host string, v Verdict) {
		if v.Result == Fail && (c.Promise == ByCIS && s.Profile != inventory.ProfileCIS) {
			v.Result = NotAsked
		}
		if v.Result == Fail && c.Promise == ByUsers {
			v.Result = Manual
		}
		o.Findings = append(o.Findings, Finding{host, v.Result, v.Evidence})
		if v.Result.rank() > o.Result.rank() {
			o.Result = v.Result
		}
	}
	if c.cluster != nil {
		add("", c.cluster(s))
		return o
	}
	for _, h := range s.Hosts {
		switch {
		case c.Role != "" && !h.Has(c.Role):
		case h.Error != "":
			add(h.Name, Verdict{Unknown, "the host could not be asked: " + h.Error})
		default:
			add(h.Name, c.host(s, h))
		}
	}
	return o
}

func pass(evidence string) Verdict { return Verdict{Pass, evidence} }

func fail(evidence string) Verdict { return Verdict{Fail, evidence} }

func unknown(evidence string) Verdict { return Verdict{Unknown, evidence} }

// when is a verdict with the same evidence in both cases.
func when(ok bool, evidence string) Verdict {
	if ok {
		return pass(evidence)
	}
	return fail(evidence)
}

// worst joins verdicts: the result is the worst, the evidence that of all with this result.
func worst(all ...Verdict) Verdict {
	if len(all) == 0 {
		return unknown("there was nothing to look at")
	}
	w := Verdict{Result: NotApplicable}
	var evidence []string
	for _, v := range all {
		switch {
		case v.Result.rank() > w.Result.rank():
			w.Result, evidence = v.Result, []string{v.Evidence}
		case v.Result == w.Result && !slices.Contains(evidence, v.Evidence):
			evidence = append(evidence, v.Evidence)
		}
	}
	w.Evidence = some(evidence, "; ")
	return w
}

// mostNamed is how many things of a kind evidence names before it counts.
const mostNamed = 4

// some joins the first few of a list.
func some(list []string, sep string) string {
	if len(list) > mostNamed {
		return strings.Join(list[:mostNamed], sep) + sep + "and " + number(len(list)-mostNamed) + " more"
	}
	return strings.Join(list, sep)
}

// items decodes the objects of a list of the API.
func items[T any](s Scene, path string) ([]T, *Verdict) {
	none := func(why string) *Verdict {
		v := unknown("the API did not tell " + path + ": " + why)
		return &v
	}
	if s.APIError != "" {
		return nil, none(s.APIError)
	}
	list, asked := s.Listings.Lists[path]
	switch {
	case !asked:
		return nil, none("it was not asked")
	case list.Error != "":
		return nil, none(list.Error)
	}
	all := make([]T, len(list.Items))
	for i, item := range list.Items {
		if err := json.Unmarshal(item, &all[i]); err != nil {
			return nil, none(err.Error())
		}
	}
	return all, nil
}
