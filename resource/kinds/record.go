package kinds

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// KeepOriginal keeps a found value unless there is a record of the resource already: what matters
// is how it was first.
func KeepOriginal(sys *host.System, found resource.Resource) error {
	if !Has(found, Recorded) {
		return nil
	}
	sys.Recording.Lock()
	defer sys.Recording.Unlock()
	records, err := records(sys)
	if err != nil {
		return err
	}
	name, next := recordHash(found), 1
	for _, r := range records {
		if strings.HasSuffix(r, "-"+name+".json") {
			return nil
		}
		if n, err := strconv.Atoi(r[:strings.IndexByte(r, '-')]); err == nil && n >= next {
			next = n + 1
		}
	}
	data, err := Marshal([]resource.Resource{found})
	if err != nil {
		return err
	}
	if err := sys.PrivateDirs(host.BeforeDir, host.BeforeDir+"/blobs"); err != nil {
		return err
	}
	if err := KeepBlob(sys, found, host.OldBlob); err != nil {
		return err
	}
	return sys.WriteOwn(sys.Path(fmt.Sprintf("%s/%06d-%s.json", host.BeforeDir, next, name)), data, 0o600)
}

// told is a value as a log may show it. What was on the host before the tool came is its owner's,
// and may hold passwords that the tool does not know of.
func told(sys *host.System, r resource.Resource) resource.Resource {
	owners, ok := r.(resource.Veiler)
	if !ok {
		return r
	}
	was, err := recorded(sys, r)
	if err != nil || was.found != nil && was.found.State() == r.State() {
		return owners.Veiled()
	}
	return r
}

func recordHash(r resource.Resource) string { return resource.Sum([]byte(r.ID()))[:16] }

// records lists the names of the records, oldest first.
func records(sys *host.System) ([]string, error) {
	entries, err := os.ReadDir(sys.Path(host.BeforeDir))
	if host.Absent(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && strings.IndexByte(e.Name(), '-') > 0 && e.Name()[0] != '.' {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// KeepBlob keeps the content of a large file. The file is about to be replaced by rename, so a
// second name for it is enough. place tells where a content is kept.
func KeepBlob(sys *host.System, found resource.Resource, place func(sha256 string) string) error {
	file, ok := largeFile(found)
	if !ok {
		return nil
	}
	kept := sys.Path(place(file.Blob))
	err := sys.Link(sys.Path(file.Path), kept)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	from, err := os.Open(sys.Path(file.Path)) // on another file system
	if err != nil {
		return err
	}
	defer from.Close()
	r, err := sys.Replacing(kept)
	if err != nil {
		return err
	}
	defer r.Discard()
	if err := r.Fill(from, file.Blob); err != nil {
		return err
	}
	return r.Commit(0o600, os.Getuid(), os.Getgid())
}

// largeFile is the file in a found value whose content is not in the value itself.
func largeFile(r resource.Resource) (resource.File, bool) {
	if f, ok := r.(resource.Keeper); ok {
		return f.LargeFile()
	}
	return resource.File{}, false
}

// A record is how a resource was before the tool came.
type record struct {
	path  string // of the record's own file, for this process
	found resource.Resource
}

func readRecord(path string) (record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return record{}, err
	}
	list, err := Unmarshal(data)
	if err == nil && len(list) != 1 {
		err = errors.New("not one resource")
	}
	if err != nil {
		return record{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return record{path, settled(list[0])}, nil
}

// settled is a found value without what was true only at the moment of the change: a service of the
// host's owner that ran was older than the files that had just been written for ours.
func settled(found resource.Resource) resource.Resource {
	if service, ok := found.(resource.Service); ok {
		service.Older, service.Unread = false, false
		return service
	}
	return found
}

func (r record) restore(ctx context.Context, sys *host.System, report func(resource.Change)) error {
	begin := time.Now()
	now, err := r.found.Observe(ctx, sys)
	if err != nil {
		return err
	}
	// Even without a difference: what a Service leaves next to its unit is not part of its state.
	change, err := ApplyAndVerify(ctx, sys, now, r.found, nil)
	if err != nil {
		return err
	}
	change.Duration = time.Since(begin)
	if report != nil && change.Diff != "" {
		report(change)
	}
	// What was put back may be there only in the record yet, and in the kernel's memory.
	if err := sys.FlushSoFar(); err != nil {
		return err
	}
	return sys.RemoveFile(r.path)
}
