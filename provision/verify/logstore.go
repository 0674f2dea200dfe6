package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/node"
)

// storeWait is how long a line may take to the store: agents look for new files every ten seconds.
const storeWait = waitLimit(60 * time.Second)

// hasNoLogStore says that the cluster does not keep its logs.
func hasNoLogStore(_ context.Context, s *Scene) string {
	if s.Cluster.AddOns.Logging.Enabled {
		return ""
	}
	return "addons.logging is off"
}

// logsAreKept asks the store for what the agents wrote, by its page at a control plane, as people
// do.
func logsAreKept(ctx context.Context, s *Scene) (string, []Failure) {
	agents, _ := s.everyAgent(ctx)
	if len(agents) == 0 {
		return "", []Failure{{Text: "there are no pods to try"}}
	}
	ask, err := s.storeQuestion(ctx)
	if err != nil {
		return "", failed(err)
	}
	var lacking []string
	err = await(ctx, storeWait, "the lines of pods in the store", func(ctx context.Context) (bool, string, error) {
		replies, err := s.World.Ask(ctx, s.Reached[0], []node.Question{ask})
		if err != nil {
			return false, "", err
		}
		r := replies[0]
		if r.Fault != "" || r.Status != http.StatusOK {
			return false, "", errors.New(strings.TrimSpace(fmt.Sprintf("the store: %s %s", r.Fault, shortened(r.Body))))
		}
		lacking = nil
		for name, a := range agents {
			if !strings.Contains(r.Body, `"`+a.pod+`"`) {
				lacking = append(lacking, name)
			}
		}
		slices.Sort(lacking)
		return lacking == nil, "it has none of the pods on " + strings.Join(lacking, ", "), nil
	})
	if err == nil {
		return "of " + number(len(agents), "pod"), nil
	}
	if lacking == nil {
		return "", failed(err)
	}
	var failures []Failure
	for _, name := range lacking {
		failures = append(failures, Failure{Host: name, Text: err.Error(), Pods: []string{agents[name].pod}})
	}
	return "", failures
}

// storeQuestion asks which pods of the namespace have lines. The login and the authority are what
// the cluster itself has of them.
func (s *Scene) storeQuestion(ctx context.Context) (node.Question, error) {
	const system = "/api/v1/namespaces/kube-system/"
	var login struct{ Data struct{ People []byte } }
	if err := s.get(ctx, system+"secrets/logs", &login); err != nil {
		return node.Question{}, err
	}
	var authority struct{ Data map[string]string }
	if err := s.get(ctx, system+"configmaps/kube-root-ca.crt", &authority); err != nil {
		return node.Question{}, err
	}
	namespace, err := json.Marshal(s.Namespace)
	if err != nil {
		return node.Question{}, err
	}
	query := `{"kubernetes.pod_namespace"=` + string(namespace) + `} _time:1h ` +
		`| stats by ("kubernetes.pod_name") count() lines`
	plane := s.Cluster.With(inventory.ControlPlane)[0]
	return node.Question{
		URL: fmt.Sprintf("https://%s:%d/select/logsql/query?query=%s", plane.Address, s.Cluster.AddOns.Logging.Port,
			url.QueryEscape(query)),
		Limit: 5 * time.Second, User: "logging", Password: string(login.Data.People),
		Trust: []byte(authority.Data["ca.crt"]),
	}, nil
}
