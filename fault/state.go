package fault

// stateEntries are the faults of artifacts, certificates and the state directory.
var stateEntries = []Entry{}
