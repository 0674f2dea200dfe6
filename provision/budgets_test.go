package provision

import (
	"slices"
	"testing"

	"kbootstrap/resource/api"
)

// TestRecoveringBudgets: budgets are waited for when each of them lets a pod go as soon as all its
// pods are ready.
func TestRecoveringBudgets(t *testing.T) {
	starts := api.ExhaustedBudget{Name: "kube-system/metrics-server", Healthy: 1, Desired: 1, Expected: 2}
	never := api.ExhaustedBudget{Name: "default/guarded", Healthy: 2, Desired: 2, Expected: 2}
	for _, test := range []struct {
		budgets []api.ExhaustedBudget
		want    []string
	}{
		{},
		{[]api.ExhaustedBudget{starts}, []string{starts.Name}},
		{[]api.ExhaustedBudget{never}, nil},
		{[]api.ExhaustedBudget{starts, never}, nil}, // it is refused whatever the other does
	} {
		views := map[string]api.UpgradeView{"m1": {Error: "it starts"}, "m2": {Budgets: test.budgets}}
		if got := recovering(views); !slices.Equal(got, test.want) {
			t.Errorf("%+v: waits for %q, want %q", test.budgets, got, test.want)
		}
	}
}
