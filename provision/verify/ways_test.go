package verify

import (
	"testing"

	"kbootstrap/node"
)

// TestHeard: what a pod was told comes out of what it answers, and what went wrong in few words.
func TestHeard(t *testing.T) {
	direct := node.Question{URL: "http://10.244.1.2:8080/hostname"}
	through := throughPod(agent{"a", "10.244.1.2"}, "10.244.2.3", 8080, "hostname")
	for _, c := range []struct {
		question      node.Question
		reply         node.Reply
		answer, fault string
	}{
		{direct, node.Reply{Status: 200, Body: "a-1"}, "a-1", ""},
		{direct, node.Reply{Fault: "connection refused"}, "", "connection refused"},
		{direct, node.Reply{Status: 503, Body: "busy\n"}, "", "503: busy"},
		{node.Question{URL: "tcp://10.96.0.1:443"}, node.Reply{}, "", ""},
		{through, node.Reply{Status: 200, Body: `{"responses":["b-1"]}`}, "b-1", ""},
		{through, node.Reply{Status: 400, Body: "host and/or port param are invalid. lookup x: no such host"}, "",
			"400: host and/or port param are invalid. lookup x: no such host"},
		{through, node.Reply{Status: 200,
			Body: `{"errors":["Get \"http://10.244.2.3:8080/hostname\": dial tcp: connection refused"]}`}, "",
			"dial tcp: connection refused"},
		{through, node.Reply{Status: 200,
			Body: `{"errors":["Get \"http://x/\": deadline exceeded (Client.Timeout exceeded while awaiting)"]}`},
			"", "the pod got no answer within 5s"},
		{through, node.Reply{Status: 200, Body: "<html>"}, "", "the pod answered <html>"},
	} {
		answer, fault := heard(c.question, c.reply)
		if answer != c.answer || fault != c.fault {
			t.Errorf("%+v: %q, %q; want %q, %q", c.reply, answer, fault, c.answer, c.fault)
		}
	}
}

// TestPairs: few hosts are all tried with all others, and of many the number of ways grows as the
// hosts do.
func TestPairs(t *testing.T) {
	names := func(n int) []string {
		var all []string
		for i := range n {
			all = append(all, string(rune('a'+i)))
		}
		return all
	}
	for hosts, want := range map[int]int{1: 0, 2: 2, 3: 6, 12: 132, 13: 52, 26: 104} {
		if got := pairs(names(hosts)); len(got) != want {
			t.Errorf("%d hosts: %d pairs, want %d", hosts, len(got), want)
		}
	}
}
