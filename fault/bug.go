package fault

// bugEntries are the faults of bugs of the tool itself.
var bugEntries = []Entry{}
