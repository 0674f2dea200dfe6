package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
)

// For how long servers that do not answer are asked again, and how often.
const (
	answerPatience = 2 * time.Minute
	answerPoll     = 2 * time.Second
)

// AwaitAnswers waits until the members of etcd and, before an upgrade, the API servers say how they
// are: on a busy host one may be late, above all a member that has just been started with salvaged
// data. What they do not tell when the time is up is refused as in all other runs.
func AwaitAnswers(ctx context.Context, r *Run) error {
	told := ""
	deadline, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	_ = host.Poll(deadline, answerPoll, func() (bool, error) {
		silent := silentServers(r)
		if silent == nil {
			return true, nil
		}
		if text := strings.Join(silent, ", "); text != told {
			told = text
			r.options.Tell(fleet.Event{Kind: fleet.EventPhase,
				Text: fmt.Sprintf("wait up to %s until all answer: %s", answerPatience, text)})
		}
		queries := map[string]node.Query{}
		askCensus(r, queries)
		answers, _ := r.Fleet.Look(deadline, r.Cluster.Hosts, queries)
		r.take(answers)
		return false, nil
	})
	return ctx.Err()
}

// silentServers are the members of etcd and API servers that were asked how they are and do not say
// so, such as "etcd on cp1". A member that knows no leader says too little, and so do all where
// none of them tells who the members are.
func silentServers(r *Run) []string {
	var silent []string
	for _, name := range slices.Sorted(maps.Keys(r.vitals)) {
		if v := r.vitals[name]; v.Error != "" || v.Leader == "" || r.census.Members == nil {
			silent = append(silent, "etcd on "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.views)) {
		if r.views[name].Error != "" {
			silent = append(silent, "kube-apiserver on "+name)
		}
	}
	return silent
}

// take notes what the answers to a census tell.
func (r *Run) take(answers map[string]node.Answer) {
	r.census, r.vitals, r.views = censusOf(r.Cluster.Hosts, answers), vitalsIn(answers), viewsIn(answers)
}
