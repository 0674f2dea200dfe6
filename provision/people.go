package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// AskPlanes lists how a verb comes to ask the API of the cluster: by any control plane that
// answers.
func AskPlanes() []Stage { return []Stage{TolerateAll, ConcernPlanes, Connect, NeedTrace} }

// ConcernPlanes has the run be about the control planes alone.
func ConcernPlanes(_ context.Context, r *Run) error {
	for _, h := range r.Cluster.With(inventory.ControlPlane) {
		r.Scope.Hosts = append(r.Scope.Hosts, h.Name)
	}
	return nil
}

// Token is what a person logs in with, to the web UI or by kubectl.
type Token struct {
	Text    string
	Account string // "kube-system/headlamp-user"
	Rights  string // the role of the account, as the inventory has it
	Expires time.Time
}

// PeopleToken has the API make a token for people, which is good for so long. The API keeps no
// copy, and neither does the tool.
func (r *Run) PeopleToken(ctx context.Context, life time.Duration) (Token, error) {
	const namespace = "kube-system"
	token := Token{Account: namespace + "/" + component.PeopleAccount, Rights: r.Cluster.AddOns.UI.Rights}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"spec": map[string]any{"expirationSeconds": int(life.Seconds())},
	})
	if err != nil {
		return token, err
	}
	answer, err := world{r}.API(ctx, api.Request{
		Method: http.MethodPost, Type: "application/json", Body: body,
		Path: "/api/v1/namespaces/" + namespace + "/serviceaccounts/" + component.PeopleAccount + "/token",
	})
	switch {
	case err != nil:
		return token, err
	case answer.Code == http.StatusNotFound:
		return token, fault.NoPeople.Errorf("the cluster has no account %s", token.Account)
	case answer.Error != "":
		return token, fmt.Errorf("token of %s: %s", token.Account, answer.Error)
	}
	var made struct {
		Status struct {
			Token               string
			ExpirationTimestamp time.Time
		}
	}
	if err := json.Unmarshal(answer.Body, &made); err != nil {
		return token, errors.New("token of " + token.Account + ": the answer of the API is not one")
	}
	token.Text, token.Expires = made.Status.Token, made.Status.ExpirationTimestamp
	return token, nil
}
