package api

import (
	"encoding/json"
	"fmt"

	"kbootstrap/internal/human"
)

// PodState is how a pod is.
type PodState struct {
	Name, Node, IP, Phase string
	Labels                map[string]string
	Ready                 bool
	Leaving               bool   // it is being deleted
	Why                   string // it is not ready; empty if it is
	// Looked reports whether the scheduler has looked at the pod, and Unplaced is why it is on no
	// node; empty if it is on one.
	Looked   bool
	Unplaced string
}

// ReadPods reads a list of pods, as the API answers it.
func ReadPods(list []byte) ([]PodState, error) {
	var read struct{ Items []pod }
	if err := json.Unmarshal(list, &read); err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	states := make([]PodState, len(read.Items))
	for i, p := range read.Items {
		state := PodState{
			Name: p.Metadata.Name, Node: p.Spec.NodeName, IP: p.Status.PodIP, Phase: p.Status.Phase,
			Labels: p.Metadata.Labels, Ready: p.ready(), Leaving: p.Metadata.DeletionTimestamp != "",
		}
		if !state.Ready {
			state.Why, _ = p.why()
		}
		for _, c := range p.Status.Conditions {
			if c.Type == "PodScheduled" {
				state.Looked = true
				if c.Status == "False" {
					state.Unplaced = human.OneLine(c.Message)
				}
			}
		}
		states[i] = state
	}
	return states, nil
}
