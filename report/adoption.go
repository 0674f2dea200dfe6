package report

import (
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
)

// Adoption is the result of `adopt`.
type Adoption struct {
	// Proof is what shows the hosts to be of this cluster.
	Proof string `json:"proof"`
	// Lost are the authorities whose keys are lost, as `certs rotate-ca` names them.
	Lost []string `json:"lost,omitempty"`
	// Issued are the certificates that neither the hosts nor the backup have, and that the next run
	// issues.
	Issued []string `json:"issued,omitempty"`
	// LeftOut are the hosts that could not be asked.
	LeftOut []string `json:"leftOut,omitempty"`
}

// NewAdoption makes the result.
func NewAdoption(a provision.Adopted, leftOut plan.Failures) Adoption {
	return Adoption{Proof: a.Proof, Lost: a.Lost, Issued: a.Issued, LeftOut: leftOut.Hosts()}
}
