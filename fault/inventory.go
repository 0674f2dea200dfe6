package fault

// inventoryEntries are the faults of the inventory and the command line.
var inventoryEntries = []Entry{}
