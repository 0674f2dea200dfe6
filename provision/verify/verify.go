// Package verify tries a live cluster: whether pods start, find each other by name and reach each
// other from every host, and what users do with Deployments, Services and volumes. It makes what it
// needs in a namespace of its own, which is removed whatever happens. Start at Run; checks.go is
// the table, and each check is in the file of its subject. What a failure means is in causes.go,
// whose rules are pure.
//
// The room knows no session: the World is the cluster as its caller reaches it.
package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/resource/api"
)

// Result is what a check came to.
type Result string

// The results.
const (
	Pass    Result = "pass"
	Fail    Result = "fail"
	Skipped Result = "skipped" // this cluster does not have what the check is about
	Unknown Result = "unknown" // it could not be tried
)

// Check is a row of the table.
type Check struct {
	Name  string // what --only takes: "pods"
	Title string // what must be so
	// Quick checks are made with --quick too.
	Quick bool
	// Alone says that the check changes what others see, so that it is made when no other is.
	Alone bool
	// Absent returns why this cluster does not have what the check is about; "" if it does. Nil
	// means that every cluster has it.
	Absent func(context.Context, *Scene) string
	// Try returns what was seen, and what failed.
	Try func(context.Context, *Scene) (seen string, failures []Failure)
	// Limit bounds the check; 0 means two minutes.
	Limit time.Duration
	// Units are the services whose work it is.
	Units []string
}

// Failure is one thing that does not work.
type Failure struct {
	Host  string // empty if it is about the cluster
	Text  string
	Hosts []string // that may be to blame as well
	Pods  []string // of the namespace, whose events and logs tell more
}

// Outcome is how a check ended.
type Outcome struct {
	Check    Check
	Result   Result
	Took     time.Duration
	Text     string // what was seen if it passed, or why it was not tried
	Failures []Failure
	Causes   []Cause
	Evidence []string
}

// Cause is what probably makes a check fail.
type Cause struct {
	Host string // empty if it is about the cluster
	Text string
	Hint string // what to do
}

// World is the cluster as the checks reach it.
type World interface {
	// API sends a request to the API, as an administrator of the cluster.
	API(ctx context.Context, q api.Request) (api.Response, error)
	// Ask has a host ask others.
	Ask(ctx context.Context, host string, questions []node.Question) ([]node.Reply, error)
	// Look tells how a host sends packets on and which of the cluster's services do not run there.
	Look(ctx context.Context, host string) (host.Network, []string, error)
}

// defaultLimit bounds a check that has no Limit.
const defaultLimit = 2 * time.Minute

// unknownCheck is the error of a name that no check has.
type unknownCheck string

func (e unknownCheck) Error() string {
	return fmt.Sprintf("no check is named %q; the checks are %s", string(e), strings.Join(names(), ", "))
}

// Hint offers the name that may have been meant; all others are in the error.
func (e unknownCheck) Hint() string {
	if hint := inventory.Suggest(string(e), names()); strings.HasPrefix(hint, "did you mean") {
		return hint
	}
	return ""
}

// Select returns the checks that are to be made: those named, or else all, or the quick ones. An
// error names what is no check.
func Select(only []string, quick bool) ([]Check, error) {
	var selected []Check
	for _, name := range only {
		if name != opening.Name && !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == name }) {
			return nil, unknownCheck(name)
		}
	}
	for _, c := range checks {
		if len(only) > 0 && !slices.Contains(only, c.Name) || len(only) == 0 && quick && !c.Quick {
			continue
		}
		selected = append(selected, c)
	}
	return selected, nil
}
