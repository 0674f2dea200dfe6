package node

import (
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestCensusOfNoCluster: a host without a cluster has no nodes and no members to tell of, and that
// is no error.
func TestCensusOfNoCluster(t *testing.T) {
	client := connect(t, Options{Root: t.TempDir()}, pipes)
	a, err := client.Look(t.Context(), Query{Census: []api.CensusSource{
		{Kubeconfig: "/etc/kubernetes/admin.conf"}, {Members: resource.Ready{URL: "https://127.0.0.1:1/members"}},
	}})
	if err != nil || len(a.Census) != 2 || a.Census[0].Nodes != nil || a.Census[1].Members != nil {
		t.Errorf("got %+v, %v", a.Census, err)
	}
}
