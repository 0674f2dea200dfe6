package inventory

import _ "embed"

//go:embed template.yaml
var template string

// Template returns a commented inventory to start from: one control plane and two workers. It is
// valid as it is.
func Template() string { return template }
