package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/node"
)

// way is a question of a host, and what its answer must be.
type way struct {
	from  string // the host that asks
	about string // what is asked, for a failure: "its pod asks the pod on w2"
	node.Question
	// right returns what is wrong with an answer; "" if nothing is. Nil takes every answer.
	right func(string) string
	// isAnswer reports whether a fault is an answer all the same. Nil takes none.
	isAnswer func(fault string) bool
	at       string   // the host that a failure is about; "" for the one that asks
	hosts    []string // that may be to blame as well
	pods     []string
}

const (
	settleWait = 12 * time.Second
	settlePoll = 500 * time.Millisecond
	// dialLimit is more than what the program in the pods waits for an answer.
	dialLimit = 6 * time.Second
)

// is wants an answer to be this text.
func is(text string) func(string) string {
	return func(answer string) string {
		if answer == text {
			return ""
		}
		return fmt.Sprintf("the answer is %q, not %q", shortened(answer), shortened(text))
	}
}

// isOneOf wants an answer to be the name of an agent.
func isOneOf(agents map[string]agent) func(string) string {
	return func(answer string) string {
		for _, a := range agents {
			if a.pod == answer {
				return ""
			}
		}
		return fmt.Sprintf("the answer is %q, which is no pod of the Service", shortened(answer))
	}
}

func shortened(text string) string {
	const most = 80
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// throughPod has the agent of a host ask something over HTTP. The host asks its agent, so that
// no more than the bridge of the host is between the two.
func throughPod(a agent, host string, port int, page string) node.Question {
	q := url.Values{
		"host": {host}, "port": {strconv.Itoa(port)}, "protocol": {"http"}, "request": {page}, "tries": {"1"},
	}
	return node.Question{URL: fmt.Sprintf("http://%s:%d/dial?%s", a.ip, podPort, q.Encode()), Limit: dialLimit}
}

// heard is what an answer says, or why there is none. What a pod has asked comes as a list.
func heard(q node.Question, r node.Reply) (answer, fault string) {
	switch {
	case r.Fault != "":
		return "", r.Fault
	case strings.HasPrefix(q.URL, "http") && r.Status/100 != 2:
		return "", fmt.Sprintf("%d: %s", r.Status, shortened(strings.TrimSpace(r.Body)))
	case !strings.Contains(q.URL, "/dial?"):
		return r.Body, ""
	}
	var told struct{ Responses, Errors []string }
	if err := json.Unmarshal([]byte(r.Body), &told); err != nil {
		return "", "the pod answered " + shortened(r.Body)
	}
	if len(told.Responses) == 0 {
		return "", brief(strings.Join(told.Errors, "; "))
	}
	return told.Responses[0], ""
}

// brief is the error of an HTTP client without its URL, which the question has already.
func brief(text string) string {
	if strings.Contains(text, "Client.Timeout exceeded") {
		return "the pod got no answer within 5s"
	}
	if rest, ok := strings.CutPrefix(text, `Get "`); ok {
		if _, cause, ok := strings.Cut(rest, `": `); ok {
			return cause
		}
	}
	return text
}

// tryWays asks all ways until none fails, or the time is up, and returns those that do.
func (s *Scene) tryWays(ctx context.Context, ways []way) []Failure {
	deadline, cancel := context.WithTimeout(ctx, cmp.Or(s.Settle, settleWait))
	defer cancel()
	var failures []Failure
	// The last round may end after the deadline: a question has one of its own.
	err := host.Poll(deadline, settlePoll, func() (bool, error) {
		ways, failures = s.tryOnce(ctx, ways)
		return len(ways) == 0, nil
	})
	if err != nil && failures == nil {
		return failed(fmt.Errorf("ask: %w", err))
	}
	return failures
}

// tryOnce asks all ways at once, and returns those that fail.
func (s *Scene) tryOnce(ctx context.Context, ways []way) ([]way, []Failure) {
	byHost := map[string][]int{}
	for i, w := range ways {
		byHost[w.from] = append(byHost[w.from], i)
	}
	faults := make([]string, len(ways))
	var all sync.WaitGroup
	for from, indices := range byHost {
		all.Go(func() {
			questions := make([]node.Question, len(indices))
			for k, i := range indices {
				questions[k] = ways[i].Question
			}
			replies, err := s.World.Ask(ctx, from, questions)
			for k, i := range indices {
				if err != nil {
					faults[i] = "the host cannot ask: " + err.Error()
					continue
				}
				answer, fault := heard(questions[k], replies[k])
				if fault == "" && ways[i].right != nil {
					fault = ways[i].right(answer)
				}
				if ways[i].isAnswer != nil && ways[i].isAnswer(fault) {
					fault = ""
				}
				faults[i] = fault
			}
		})
	}
	all.Wait()
	var left []way
	var failures []Failure
	for i, w := range ways {
		if faults[i] != "" {
			left = append(left, w)
			failures = append(failures, Failure{
				Host: cmp.Or(w.at, w.from), Text: w.about + ": " + faults[i], Hosts: w.hosts, Pods: w.pods,
			})
		}
	}
	return left, failures
}

// manyHosts is how many hosts are tried with all others. Beyond, each host is tried with as many of
// the next ones, and with one on the other side, so that the number of ways grows with the hosts
// and not with their square.
const manyHosts = 12

const nextHosts = 3

// pairs are the ordered pairs of hosts that are tried.
func pairs(hosts []string) [][2]string {
	var all [][2]string
	n := len(hosts)
	for i, from := range hosts {
		for k := 1; k < n; k++ {
			if n <= manyHosts || k <= nextHosts || k == n/2 {
				all = append(all, [2]string{from, hosts[(i+k)%n]})
			}
		}
	}
	return all
}
