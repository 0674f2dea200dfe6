package verify

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"kbootstrap/node"
)

// shelf is a world with a store of logs, which has the lines of the pods on some hosts.
type shelf struct {
	*theatre
	s     *Scene
	has   []string
	asked node.Question
	then  func() // after an answer
}

func (w *shelf) Ask(ctx context.Context, from string, questions []node.Question) ([]node.Reply, error) {
	if !strings.Contains(questions[0].URL, "/select/logsql/query") {
		return w.theatre.Ask(ctx, from, questions)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = questions[0]
	body := ""
	for _, host := range w.has {
		body += `{"kubernetes.pod_name":"` + w.s.agents[host].pod + `","lines":"3"}` + "\n"
	}
	if w.then != nil {
		w.then()
	}
	return []node.Reply{{Status: 200, Body: body}}, nil
}

// TestLogStore: the store is asked by people's login for the pods of the verification, and a host
// without lines there fails.
func TestLogStore(t *testing.T) {
	w, s := newTheatre(t)
	const system = "/api/v1/namespaces/kube-system/"
	w.objects[system+"secrets/logs"] = object{"data": object{"people": "c2VjcmV0"}}
	w.objects[system+"configmaps/kube-root-ca.crt"] = object{"data": object{"ca.crt": "authority"}}
	sh := &shelf{theatre: w, s: s, has: []string{"cp1", "w1"}}
	s.World = sh
	outcomes, err := tried(t, t.Context(), w, s, "logstore")
	if err != nil || outcomes["logstore"].Result != Skipped {
		t.Errorf("without the add-on: %+v, %v", outcomes["logstore"], err)
	}
	s.Cluster.AddOns.Logging.Enabled, s.Cluster.AddOns.Logging.Port = true, 30428
	outcomes, err = tried(t, t.Context(), w, s, "logstore")
	if err != nil || outcomes["logstore"].Result != Pass {
		t.Errorf("%+v, %v", outcomes["logstore"], err)
	}
	at, err := url.Parse(sh.asked.URL)
	if err != nil || at.Scheme != "https" || at.Host != s.Cluster.Hosts[0].Address.String()+":30428" ||
		!strings.Contains(at.Query().Get("query"), `"kubernetes.pod_namespace"="kbootstrap-verify-`) ||
		sh.asked.Password != "secret" || string(sh.asked.Trust) != "authority" {
		t.Errorf("asked %+v", sh.asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.agents = map[string]agent{"cp1": {pod: "a"}, "w1": {pod: "b"}}
	sh.has, sh.then = []string{"cp1"}, cancel
	if _, f := logsAreKept(ctx, s); len(f) != 1 || f[0].Host != "w1" || f[0].Pods[0] != "b" {
		t.Errorf("without the lines of w1: %+v", f)
	}
}
