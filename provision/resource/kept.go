package resource

import "path/filepath"

// undoDir holds what the changes of services that are under way go back to.
const undoDir = stateDir + "/undo"

// beforeDir holds how things were before the tool came: a record for each resource that it has ever changed, named
// NNNNNN-HASH.json by the order of the changes and the resource's ID.
const beforeDir = stateDir + "/before"

// oldBlob is where a large file is kept that was there before.
func oldBlob(sha256 string) string { return beforeDir + "/blobs/" + sha256 }

// undoBlob finds a large file that a transaction has replaced; "" when none has.
func (s *System) undoBlob(sha256 string) string {
	kept, _ := filepath.Glob(s.path(undoDir + "/*/" + sha256)) // the pattern is a good one
	if len(kept) == 0 {
		return ""
	}
	return kept[0]
}
