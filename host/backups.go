package host

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// BackupSet is one set that a host has made by itself: the host's part of a backup.
type BackupSet struct {
	Name     string    `json:"name"` // of its file
	Created  time.Time `json:"created"`
	Size     int64     `json:"size"`   // of the file, in bytes
	SHA256   string    `json:"sha256"` // of the file
	Revision int64     `json:"revision"`
	Keys     int64     `json:"keys"` // of etcd
}

// BackupFailure is why the last try to make a set failed.
type BackupFailure struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// BackupSets are the sets that a host has.
type BackupSets struct {
	// Sets are those that are whole, the newest first.
	Sets []BackupSet
	// Failure is that of the last try; nil when it was a success.
	Failure *BackupFailure
	// Since is when the host was told to make sets; zero when it was not.
	Since time.Time
}

// The names in a directory of sets, next to the sets themselves.
const (
	BackupRecordSuffix = ".json"       // of the record of a set, behind the name of its file
	BackupFailureName  = "failed.json" // there while the last try was a failure
)

// Backups lists the sets in a directory. Config is the path of the file by which the host was told
// to make them. A set counts when it has a record, which is written last, and the size that stands
// there.
func (s *System) Backups(dir, config string) (BackupSets, error) {
	var found BackupSets
	if info, err := os.Stat(s.Path(config)); err == nil {
		found.Since = info.ModTime()
	}
	entries, err := os.ReadDir(s.Path(dir))
	if err != nil && !Absent(err) {
		return found, err
	}
	for _, e := range entries {
		name, isRecord := strings.CutSuffix(e.Name(), BackupRecordSuffix)
		path := filepath.Join(s.Path(dir), name)
		if !isRecord || strings.HasPrefix(name, ".") {
			continue
		}
		text, err := os.ReadFile(path + BackupRecordSuffix)
		if err != nil {
			continue // it is gone by now
		}
		if e.Name() == BackupFailureName {
			if json.Unmarshal(text, &found.Failure) != nil {
				found.Failure = &BackupFailure{Text: "not known: " + BackupFailureName + " cannot be read"}
			}
			continue
		}
		var set BackupSet
		info, err := os.Stat(path)
		if json.Unmarshal(text, &set) == nil && err == nil && set.Name == name && info.Size() == set.Size {
			found.Sets = append(found.Sets, set)
		}
	}
	slices.SortFunc(found.Sets, func(a, b BackupSet) int { return b.Created.Compare(a.Created) })
	return found, nil
}
