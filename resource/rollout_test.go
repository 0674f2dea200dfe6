package resource_test

import (
	"testing"
	"time"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestRolloutTellsWhyNot: the error says what was seen last.
func TestRolloutTellsWhyNot(t *testing.T) {
	const apps, system = "/apis/apps/v1/namespaces/kube-system/", "kube-system"
	for name, c := range map[string]struct {
		rollout      api.Rollout
		path, status string
		says         string // "" when it is ready
	}{
		"a deployment without replicas": {
			api.Rollout{APIVersion: "apps/v1", Kind: "Deployment", Namespace: system}, apps + "deployments/x",
			`{"observedGeneration":2,"availableReplicas":0,"conditions":[{"type":"Progressing","status":"True"},
				{"type":"Available","status":"False","reason":"MinimumReplicasUnavailable","message":"not enough"}]}`,
			"Available is False: MinimumReplicasUnavailable: not enough; 0 of 1 replicas are available",
		},
		"a deployment that is available, and lacks a replica": {
			api.Rollout{APIVersion: "apps/v1", Kind: "Deployment", Namespace: system}, apps + "deployments/x",
			`{"observedGeneration":2,"replicas":1,"updatedReplicas":1,"availableReplicas":0,
				"conditions":[{"type":"Available","status":"True"}]}`,
			"0 of 1 replicas are available",
		},
		"a deployment with a replica of the generation before": {
			api.Rollout{APIVersion: "apps/v1", Kind: "Deployment", Namespace: system}, apps + "deployments/x",
			`{"observedGeneration":2,"replicas":2,"updatedReplicas":1,"availableReplicas":2,
				"conditions":[{"type":"Available","status":"True"}]}`,
			"1 of 1 replicas are updated, of 2 that run",
		},
		"a deployment that no controller has looked at": {
			api.Rollout{APIVersion: "apps/v1", Kind: "Deployment", Namespace: system}, apps + "deployments/x", `{}`,
			"its controller has not seen its last change yet",
		},
		"a deployment of which an earlier generation was available": {
			api.Rollout{APIVersion: "apps/v1", Kind: "Deployment", Namespace: system}, apps + "deployments/x",
			`{"observedGeneration":1,"conditions":[{"type":"Available","status":"True"}]}`,
			"its controller has not seen its last change yet",
		},
		"a daemon set that is not everywhere": {
			api.Rollout{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: system}, apps + "daemonsets/x",
			`{"observedGeneration":2,"desiredNumberScheduled":3,"numberReady":2,"updatedNumberScheduled":3}`,
			"of 3 pods, 2 are ready and 3 are updated",
		},
		"a daemon set that lacks a host which is away": {
			api.Rollout{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: system, Away: 1}, apps + "daemonsets/x",
			`{"observedGeneration":2,"desiredNumberScheduled":3,"numberReady":2,"updatedNumberScheduled":2}`, "",
		},
		"a daemon set that lacks more hosts than are away": {
			api.Rollout{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: system, Away: 1}, apps + "daemonsets/x",
			`{"observedGeneration":2,"desiredNumberScheduled":3,"numberReady":1,"updatedNumberScheduled":3}`,
			"of 3 pods, 1 are ready and 3 are updated",
		},
		"a daemon set that is old in places": {
			api.Rollout{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: system}, apps + "daemonsets/x",
			`{"observedGeneration":2,"desiredNumberScheduled":3,"numberReady":3,"updatedNumberScheduled":1}`,
			"of 3 pods, 3 are ready and 1 are updated",
		},
		"an API that does not answer": {
			api.Rollout{APIVersion: "apiregistration.k8s.io/v1", Kind: "APIService"},
			"/apis/apiregistration.k8s.io/v1/apiservices/x",
			`{"conditions":[{"type":"Available","status":"False",` +
				`"reason":"MissingEndpoints","message":"no endpoints"}]}`,
			"Available is False: MissingEndpoints: no endpoints",
		},
		"an API of which nothing is known": {
			api.Rollout{APIVersion: "apiregistration.k8s.io/v1", Kind: "APIService"},
			"/apis/apiregistration.k8s.io/v1/apiservices/x", `{}`, "nothing is known of its availability yet",
		},
		"an object that is not there": {
			api.Rollout{APIVersion: "v1", Kind: "ConfigMap", Namespace: system},
			"/api/v1/elsewhere", `{}`, "it does not exist",
		},
		"an object that is there": {
			api.Rollout{APIVersion: "v1", Kind: "ConfigMap", Namespace: system},
			"/api/v1/namespaces/kube-system/configmaps/x", `{}`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			newKube(m).status(c.path, c.status)
			c.rollout.Name, c.rollout.Kubeconfig = "x", namespaceX().Kubeconfig
			if found := m.observe(c.rollout); resource.Changed(found, c.rollout) == (c.says == "") {
				t.Errorf("found is %q", found.State())
			}
			if c.says == "" {
				m.apply(c.rollout)
				return
			}
			waitsInVain(t, func(timeout time.Duration) error {
				c.rollout.Timeout = timeout
				return c.rollout.Apply(t.Context(), m.System)
			}, "for "+c.rollout.ID()+": "+c.says)
		})
	}
}

// TestRolloutOfAnUnknownKind: what cannot be asked for is an error, and not waited for.
func TestRolloutOfAnUnknownKind(t *testing.T) {
	m := newMachine(t)
	newKube(m)
	r := api.Rollout{APIVersion: "v1", Kind: "Rumour", Name: "x", Kubeconfig: namespaceX().Kubeconfig}
	if _, err := r.Observe(t.Context(), m.System); err == nil {
		t.Error("it is looked at")
	}
	if err := r.Apply(t.Context(), m.System); err == nil {
		t.Error("it is waited for")
	}
}
