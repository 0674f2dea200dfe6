package fault

// Code names CoreDNS in a comment only.
type Code string
