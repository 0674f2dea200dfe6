package report

import (
	"kbootstrap/provision"
)

// SharedState is the result of `state push` and `state pull`.
type SharedState struct {
	// Serial counts the pushes of the cluster's state directory.
	Serial int `json:"serial"`
	// Sum is the sha256 of what is shared.
	Sum string `json:"sum"`
	// By is who has pushed it.
	By string `json:"by"`
	// At is when it was pushed.
	At Time `json:"at"`
	// Changed reports whether this run has pushed or pulled something.
	Changed bool `json:"changed"`
}

// NewSharedState makes the result.
func NewSharedState(s provision.Sharing) SharedState {
	return SharedState{Serial: s.Now.Serial, Sum: s.Now.Sum, By: s.Now.By, At: Time{s.Now.At}, Changed: s.Changed}
}
