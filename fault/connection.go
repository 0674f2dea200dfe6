package fault

// connectionEntries are the faults of connections: host keys, logging in, becoming root.
var connectionEntries = []Entry{}
