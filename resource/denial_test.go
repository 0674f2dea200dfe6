package resource

import "testing"

func TestDenial(t *testing.T) {
	for sentence, want := range map[string]string{
		"cluster DNS answers":                   "cluster DNS does not answer",
		"the API answers through the proxy":     "the API does not answer through the proxy",
		"node w1 is ready":                      "node w1 is not ready",
		"the API is ready for kube-scheduler":   "the API is not ready for kube-scheduler",
		"node w1 has a subnet":                  "node w1 does not have a subnet",
		"flanneld holds a subnet":               "flanneld does not hold a subnet",
		"kube-api-proxy listens":                "kube-api-proxy does not listen",
		"the API can be reached from this host": "the API cannot be reached from this host",
		"snow falls":                            "not true: snow falls",
	} {
		if got := Denial(sentence); got != want {
			t.Errorf("%q: got %q, want %q", sentence, got, want)
		}
	}
}
