package provision

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
)

// TestPeopleToken: a control plane asks the API for a token, without the lock of a run that changes
// the host; a cluster without the account says so.
func TestPeopleToken(t *testing.T) {
	var asked string
	there := true
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = r.Method + " " + r.URL.Path + " " + string(body)
		if !there {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"status": {"token": "a.b.c", "expirationTimestamp": "2030-01-02T03:04:05Z"}}`))
	}))
	t.Cleanup(server.Close)
	h := newHost(t, "m1")
	h.asks(t, server)
	c := &inventory.Cluster{
		Name: "test", Kubernetes: "v1.36.3",
		AddOns: inventory.AddOns{UI: inventory.UIAddOn{Enabled: true, Rights: inventory.RightsView}},
		Hosts:  []inventory.Host{{Name: "m1", Roles: []inventory.Role{inventory.ControlPlane}}},
	}
	r := &Run{Cluster: c, lead: "m1", Fleet: fleet.Fleet{"m1": h.Machine}}
	token, err := r.PeopleToken(t.Context(), time.Hour)
	if err != nil || token.Text != "a.b.c" || token.Rights != "view" || token.Expires.Year() != 2030 {
		t.Errorf("the token is %+v, %v", token, err)
	}
	if want := "POST /api/v1/namespaces/kube-system/serviceaccounts/headlamp-user/token "; !strings.HasPrefix(asked,
		want) || !strings.Contains(asked, `"expirationSeconds":3600`) {
		t.Errorf("asked for %s", asked)
	}
	there = false
	if _, err := r.PeopleToken(t.Context(), time.Hour); fault.Of(err) != fault.NoPeople {
		t.Errorf("without the account: %v", err)
	}
	if err := ConcernPlanes(t.Context(), r); err != nil || !slices.Equal(r.Scope.Hosts, []string{"m1"}) {
		t.Errorf("it is about %v, %v", r.Scope.Hosts, err)
	}
}
