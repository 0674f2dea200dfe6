package resource

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// File is a regular file. Exactly one of Content and Blob says what is in it.
//
// A file that is found has its Content when it is small, so that it can be put back, and its Blob
// when it is large or when the wanted value names a Blob. A path that is found to be a symbolic
// link is a File with a Target.
type File struct {
	Path    string // absolute, below System.Root
	Mode    uint32 // permission bits; 0 means 0644
	Owner   string // "user:group", by name or number; "" means root:root
	Content []byte // the content itself
	Blob    string // or its sha256 in hex: the control machine sends it
	Size    int64  // of the Blob, in bytes; 0 when not known
	Secret  bool   // State shows a digest only
	Absent  bool   // there is no such file
	Target  string // only in a found value: a symbolic link to here is in the file's place
	// Keys says that the Content is a JSON object of which only these keys are the tool's. What
	// else is in the file stays as it is, and is no part of the State.
	Keys []string `json:",omitempty"`
	// Defaults are JSON objects, each a group of keys that belong together. The tool sets a group
	// only where the owner of the file has set none of it; it is in the Content, too.
	Defaults [][]byte `json:",omitempty"`
}

// ID is "file PATH".
func (f File) ID() string { return "file " + f.Path }

// State shows the mode, the owner, and the content: text line by line, anything else as a digest.
func (f File) State() string {
	switch {
	case f.Absent:
		return ""
	case f.Target != "":
		return States("symbolic link to " + f.Target)
	}
	return States(modeState(f.Mode, 0o644), ownerState(f.Owner), f.contentState())
}

// Veiled is the file with its content as a digest. Of a file that is the tool's only in part, the
// State has only that part.
func (f File) Veiled() Resource {
	f.Secret = f.Secret || f.Content != nil && !f.isKeyed()
	return f
}

func (f File) contentState() string {
	switch {
	case f.isKeyed():
		return f.keysState()
	case f.Blob != "" && f.Secret:
		return ShowSum(f.Blob, 0)
	case f.Blob != "":
		return ShowSum(f.Blob, f.Size)
	case f.Secret:
		return ShowSum(Sum(f.Content), 0)
	case !isText(f.Content):
		return ShowSum(Sum(f.Content), int64(len(f.Content)))
	}
	return TextLines(f.Content)
}

// modeState shows permission bits; 0 means the usual ones.
func modeState(mode, usual uint32) string {
	if mode == 0 {
		mode = usual
	}
	return fmt.Sprintf("mode %04o", mode)
}

// ownerState shows an owner; "" means root.
func ownerState(owner string) string {
	if owner == "" {
		owner = "root:root"
	}
	return "owner " + owner
}

// contentLimit is the size in bytes up to which a file that is found is read into memory and
// carried as Content.
const contentLimit = 1 << 20

// Observe reads a small file; the sum of a large one comes from the cache of sums.go when the file
// has not changed.
func (f File) Observe(_ context.Context, sys *host.System) (Resource, error) {
	path := sys.Path(f.Path)
	found := File{Path: f.Path, Secret: f.Secret, Keys: f.Keys, Defaults: f.Defaults}
	if f.isKeyed() {
		stale, err := f.stale(sys)
		if err != nil {
			return nil, err
		}
		found.Keys = append(slices.Clone(f.Keys), stale...)
	}
	info, err := os.Lstat(path)
	switch {
	case host.Absent(err):
		found.Absent = true
		return found, nil
	case err != nil:
		return nil, err
	case info.Mode().Type() == fs.ModeSymlink:
		found.Target, err = os.Readlink(path)
		return found, err
	case !info.Mode().IsRegular():
		return nil, fault.PathOccupied.Errorf("%s: is not a regular file but %s", path, info.Mode().Type())
	}
	found.Mode = uint32(info.Mode().Perm())
	if found.Owner, err = sys.OwnerOf(info, f.Owner); err != nil {
		return nil, err
	}
	if f.Blob != "" || info.Size() > contentLimit {
		if found.Blob, err = sys.FileSums().Of(path); err != nil {
			return nil, err
		}
		if f.Blob == "" || f.Size > 0 {
			found.Size = info.Size()
		}
	}
	if info.Size() <= contentLimit {
		found.Content, err = host.ReadFile(path)
	}
	if f.Absent && f.Keys != nil && err == nil && found.hasOnlyForeign() {
		return File{Path: f.Path, Secret: f.Secret, Keys: found.Keys, Defaults: f.Defaults, Absent: true}, nil
	}
	return found, err
}

// Apply puts the file in place in one step. A Blob's own file is moved where it can be.
func (f File) Apply(ctx context.Context, sys *host.System) error {
	path := sys.Path(f.Path)
	if f.isKeyed() {
		content, present, err := f.merged(sys)
		if err != nil {
			return err
		}
		if err := f.noteKeys(sys); err != nil {
			return err
		}
		f.Content, f.Absent = content, !present
	}
	switch {
	case f.Absent:
		return sys.RemoveFile(path)
	case f.Target != "":
		return Link{Path: f.Path, Target: f.Target}.Apply(ctx, sys)
	}
	uid, gid, err := sys.Ids(f.Owner)
	if err != nil {
		return err
	}
	mode := f.Mode
	if mode == 0 {
		mode = 0o644
	}
	r, err := sys.Replacing(path)
	if err != nil {
		return err
	}
	defer r.Discard()
	if f.Blob == "" || f.Content != nil {
		if err := r.Write(f.Content); err != nil {
			return err
		}
		return r.Commit(mode, uid, gid)
	}
	if err := f.receive(ctx, sys, r); err != nil {
		return err
	}
	if err := r.CommitUnflushed(mode, uid, gid); err != nil {
		return err
	}
	sys.FlushLater(path)
	sys.FileSums().Remember(path, f.Blob)
	return nil
}

// receive fetches the content: from the host itself if it was there before the tool came, or before
// the change that is to be undone; else from the control machine.
func (f File) receive(ctx context.Context, sys *host.System, r host.Replacement) error {
	for _, kept := range []string{sys.Path(host.OldBlob(f.Blob)), sys.UndoBlob(f.Blob)} {
		if old, err := os.Open(kept); err == nil {
			defer old.Close()
			return r.Fill(old, f.Blob)
		}
	}
	if sys.Blob == nil {
		return fmt.Errorf("content sha256:%s: no client sends it", f.Blob)
	}
	blob, err := sys.Blob(ctx, f.Blob)
	if err != nil {
		return fmt.Errorf("content sha256:%s: %w", f.Blob, err)
	}
	defer blob.Close()
	taken, err := r.Take(blob.Path())
	if err != nil || taken {
		return err
	}
	return r.Fill(blob, f.Blob)
}

// Contents returns the Blob.
func (f File) Contents() (sha256 string, size int64) {
	if f.Absent {
		return "", 0
	}
	return f.Blob, f.Size
}

// Writes returns the file; a Content is written next to the one that it replaces.
func (f File) Writes() []Write {
	switch {
	case f.Absent:
		return nil
	case f.Blob != "":
		return []Write{{Path: f.Path, Bytes: f.Size, Files: 1}}
	}
	return []Write{{Path: f.Path, Bytes: max(f.Size, int64(len(f.Content))), Files: 2}}
}

// LargeFile returns the file itself if its content is not in the value.
func (f File) LargeFile() (File, bool) { return f, f.Blob != "" && f.Content == nil && !f.Absent }
