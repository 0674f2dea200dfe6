package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kbootstrap/backup"
	"kbootstrap/backup/bucket"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/fleet"
)

// openBucket reads a place in the store of backups, and prepares the requests to it.
func openBucket(c *inventory.Cluster, text string) (*bucket.Store, bucket.Place, error) {
	place, err := bucket.Parse(text)
	if err != nil {
		return nil, place, cli.UsageError{Err: err}
	}
	s := c.Backup.S3
	keys, err := bucket.FindKeys(s.Credentials, os.Getenv)
	if err != nil {
		return nil, place, err
	}
	store, err := bucket.Open(bucket.Settings{Endpoint: s.Endpoint, Region: s.Region, Authority: s.Authority}, keys)
	return store, place, err
}

// sender sends a backup to the store when it was written.
type sender struct {
	store *bucket.Store
	place bucket.Place
	keep  int
}

// newSender prepares to send a backup to the place that -o names; nil when it names none. Nothing
// is asked of the store yet.
func newSender(c *inventory.Cluster, given string, isClear bool, now time.Time) (*sender, error) {
	if !bucket.IsPlace(given) {
		return nil, nil
	}
	if isClear {
		return nil, cli.UsageError{Err: fault.BucketPlace.Errorf("a backup that is not sealed is not sent to a store")}
	}
	store, place, err := openBucket(c, given)
	if err != nil {
		return nil, err
	}
	if place.IsDir() {
		place = place.Join(backupName(c, now))
	}
	return &sender{store, place, c.Backup.S3.Keep}, nil
}

// send has the store take a backup that was written here, and removes the file here. Older backups
// in the same place go then, and it returns which. When the store does not take it, the file stays.
func (s *sender) send(ctx context.Context, w *backup.Written, o fleet.Options, cluster string) ([]string, error) {
	o.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "send the backup to " + s.place.String()})
	if err := s.store.Send(ctx, w.Path, s.place); err != nil {
		return nil, fmt.Errorf("%w; the backup is %s", err, w.Path)
	}
	if err := os.Remove(w.Path); err != nil {
		return nil, err
	}
	w.Path = s.place.String()
	if s.keep == 0 {
		return nil, nil
	}
	return s.store.Rotate(ctx, s.place, cluster, s.keep)
}

// located is a backup that can be read: the file that the user names, or what was fetched of a
// store.
type located struct {
	path  string // of the file here
	shown string // as the user knows it
	dir   string // of what was fetched; "" for none
}

// locate finds the backup that a user names. One in a store is fetched; Close removes it here.
func (f *clusterFlags) locate(ctx context.Context, c *inventory.Cluster, given string) (located, error) {
	if !bucket.IsPlace(given) {
		shown, err := filepath.Abs(given)
		return located{path: given, shown: shown}, err
	}
	store, place, err := openBucket(c, given)
	if err != nil {
		return located{}, err
	}
	if place.IsDir() {
		if place, err = store.Newest(ctx, place, c.Name); err != nil {
			return located{}, err
		}
	}
	dir, err := provision.ScratchDir("fetched-")
	if err != nil {
		return located{}, err
	}
	f.app.shown.report(fleet.Event{Kind: fleet.EventPhase, Text: "fetch " + place.String()})
	found := located{path: filepath.Join(dir, filepath.Base(place.Name)), shown: place.String(), dir: dir}
	if err := store.Fetch(ctx, place, found.path); err != nil {
		return located{}, errors.Join(err, found.Close())
	}
	return found, nil
}

// Close removes what was fetched.
func (l located) Close() error {
	if l.dir == "" {
		return nil
	}
	return os.RemoveAll(l.dir)
}

// name is what the user named, or which backup that turned out to be.
func (l located) name(given string) string {
	if l.dir == "" {
		return given
	}
	return l.shown
}
