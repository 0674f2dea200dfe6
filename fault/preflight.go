package fault

// preflightEntries are the faults of preflight checks.
var preflightEntries = []Entry{}
