package fault

// hostEntries are the faults of what happens on hosts.
var hostEntries = []Entry{}
