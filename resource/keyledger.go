package resource

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
)

// ledger lists, one a line, the keys that the tool has ever written into a JSON file of which only
// some keys are its own. Without it a key that is not wanted any more would be taken for one of the
// file's owner, and stay.
func (f File) ledger(sys *host.System) string {
	return sys.Path(filepath.Join(host.StateDir, "keys", strings.ReplaceAll(strings.TrimPrefix(f.Path, "/"), "/", "-")))
}

// written are the keys in the ledger.
func (f File) written(sys *host.System) ([]string, error) {
	text, err := os.ReadFile(f.ledger(sys))
	if err != nil && !host.Absent(err) {
		return nil, err
	}
	return strings.Fields(string(text)), nil
}

// stale are the keys that the tool has written and that are not its own any more.
func (f File) stale(sys *host.System) ([]string, error) {
	keys, err := f.written(sys)
	return slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(f.Keys, key) }), err
}

// noteKeys adds the keys of the file to its ledger. It comes before the file is written, so that a
// run that is cut off between the two leaves no key behind that is not listed.
func (f File) noteKeys(sys *host.System) error {
	keys, err := f.written(sys)
	if err != nil {
		return err
	}
	all := slices.Clone(keys)
	for _, key := range KeysOf(f.Content) {
		if slices.Contains(f.Keys, key) && !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	if len(all) == len(keys) {
		return nil
	}
	slices.Sort(all)
	uid, gid, err := sys.Ids("")
	if err != nil {
		return err
	}
	r, err := sys.Replacing(f.ledger(sys))
	if err != nil {
		return err
	}
	defer r.Discard()
	if err := r.Write([]byte(strings.Join(all, "\n") + "\n")); err != nil {
		return err
	}
	return r.Commit(0o600, uid, gid)
}
