package fault

// planEntries are the faults of plans, refusals and locks.
var planEntries = []Entry{}
