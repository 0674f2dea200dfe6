package host

import "path/filepath"

// UndoDir holds what the changes of services that are under way go back to.
const UndoDir = StateDir + "/undo"

// BeforeDir holds how things were before the tool came: a record for each resource that it has ever
// changed, named NNNNNN-HASH.json by the order of the changes and the resource's ID.
const BeforeDir = StateDir + "/before"

// OldBlob is where a large file is kept that was there before.
func OldBlob(sha256 string) string { return BeforeDir + "/blobs/" + sha256 }

// UndoBlob finds a large file that a transaction has replaced; "" when none has.
func (r Root) UndoBlob(sha256 string) string {
	kept, _ := filepath.Glob(r.Path(UndoDir + "/*/" + sha256)) // the pattern is a good one
	if len(kept) == 0 {
		return ""
	}
	return kept[0]
}

// DataDir holds what was in the directories of the programs' data before the tool came: a note for
// each directory.
const DataDir = StateDir + "/data"

// ClusterMark says which cluster the host belongs to: its content is the cluster's name.
const ClusterMark = StateDir + "/cluster"

// RestoringMark is there while data of etcd is put in the place of other data: a part of the
// members may have the new one. Its content is the restore, and the sum of what is restored.
const RestoringMark = StateDir + "/restoring"
