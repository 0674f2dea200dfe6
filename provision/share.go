package provision

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/shared"
)

// Sharing is what a push or a pull of the state directory is told, and what it finds.
type Sharing struct {
	// Directory is where it is shared; empty means the control planes.
	Directory string
	By        string // who pushes
	Replace   bool   // a pull may take the place of what was changed here

	// Now is what is shared when the run ends, and Changed whether the run has changed that, or the
	// state directory.
	Now     shared.Header
	Changed bool

	packed []byte // what is shared; nil where nothing is
	serial int    // that was found; 0 where nothing is shared
}

// PushState lists how `state push` shares the state directory. Run.Apply carries out what it
// changes on control planes, and Run.EndPush comes after that.
func PushState(s *Sharing) []Stage {
	stages := []Stage{LockState, NeedUsedStore}
	if s.Directory == "" {
		stages = append(stages, ConcernPlanes, TolerateAll, ConnectLocked)
	}
	stages = append(stages, ReadShared(s), ChoosePush(s))
	if s.Directory == "" {
		stages = append(stages, BuildSharing(s), ObservePlan)
	}
	return stages
}

// PullState lists how `state pull` has the shared state directory take the place of the one here.
// No host is changed.
func PullState(s *Sharing) []Stage {
	stages := []Stage{LockState}
	if s.Directory == "" {
		stages = append(stages, ConcernPlanes, TolerateAll, Connect)
	}
	return append(stages, ReadShared(s), TakeShared(s))
}

// ReadShared finds the newest state that is shared. On control planes that takes the answers of
// more than half of them: a push reaches more than half, so one of them has the newest.
func ReadShared(s *Sharing) Stage {
	return func(ctx context.Context, r *Run) error {
		if s.Directory != "" {
			packed, err := s.directory(r).Read()
			if err != nil || packed == nil {
				return err
			}
			s.packed = packed
			s.Now, err = shared.HeaderOf(packed)
			s.serial = s.Now.Serial
			return err
		}
		files, err := askPlanes(ctx, r, component.SharedFile(r.Cluster.Name))
		if err != nil {
			return err
		}
		if all := len(r.Cluster.With(inventory.ControlPlane)); 2*len(files) <= all {
			return fault.SharedNone.Errorf("%d of %d control planes answer", len(files), all)
		}
		s.Now, s.packed = newest(r, files)
		s.serial = s.Now.Serial
		return nil
	}
}

func (s *Sharing) directory(r *Run) shared.Directory {
	return shared.Directory{Path: s.Directory, Cluster: r.Cluster.Name}
}

// askPlanes reads a file of each control plane that answers; it is empty where it is not there.
func askPlanes(ctx context.Context, r *Run, path string) (map[string][]byte, error) {
	queries := map[string]node.Query{}
	for _, h := range r.Cluster.With(inventory.ControlPlane) {
		if r.Fleet[h.Name] != nil {
			queries[h.Name] = node.Query{Witnesses: []resource.Resource{resource.File{Path: path, Absent: true}}}
		}
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	files := map[string][]byte{}
	for name, a := range answers {
		if a.WitnessesErr != nil {
			failed = append(failed, plan.Failure{Host: name, Component: "observe", Err: a.WitnessesErr})
			continue
		}
		files[name] = nil
		if file, ok := a.Witnesses[0].(resource.File); ok && !file.Absent {
			files[name] = file.Content
		}
	}
	return files, r.leaveOut(failed.Sorted(r.Cluster.Hosts).ErrOrNil())
}

// newest is the shared state with the highest serial; of several with the same one, which only
// pushes that were cut off leave, that which most hosts have, and then the latest. One that is
// damaged does not count: a host may say what it wants.
func newest(r *Run, files map[string][]byte) (shared.Header, []byte) {
	var best shared.Header
	var packed []byte
	count := map[string]int{}
	headers := map[string]shared.Header{}
	for name, text := range files {
		if text == nil {
			continue
		}
		h, _, err := shared.Unpack(text)
		if err == nil && h.Cluster != r.Cluster.Name {
			err = fault.SealedDamaged.Errorf("it is of the cluster %q", h.Cluster)
		}
		if err != nil {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s: %v", name, component.SharedFile(r.Cluster.Name), err))
			continue
		}
		headers[name] = h
		count[h.Sum]++
	}
	for name, h := range headers {
		if h.Serial > best.Serial || h.Serial == best.Serial && (count[h.Sum] > count[best.Sum] ||
			count[h.Sum] == count[best.Sum] && h.At.After(best.At)) {
			best, packed = h, files[name]
		}
	}
	return best, packed
}

// recordPath is where a state directory notes which shared one it was last the same as.
func recordPath(c *inventory.Cluster) string { return filepath.Join(c.StateDir(), "shared.json") }

// ChoosePush makes what is to be shared of the state directory, unless another operator has pushed
// since it was last the same as the shared one.
func ChoosePush(s *Sharing) Stage {
	return func(_ context.Context, r *Run) error {
		files, err := r.store.Files()
		if err != nil {
			return err
		}
		record, err := shared.ReadRecord(recordPath(r.Cluster))
		if err != nil {
			return err
		}
		switch sum := shared.SumOf(files); {
		case s.packed != nil && s.Now.Sum == sum:
			return nil
		case s.packed != nil && (s.Now.Serial != record.Serial || s.Now.Sum != record.Sum):
			return fault.SharedNewer.Errorf("the shared state directory of %s has %s; this one was last the same as "+
				"serial %d", r.Cluster.Name, s.Now, record.Serial)
		}
		s.Changed = true
		s.Now = shared.Header{
			Cluster: r.Cluster.Name, Serial: max(record.Serial, s.Now.Serial) + 1, By: s.By, At: time.Now().UTC(),
		}
		if s.packed, err = shared.Pack(s.Now, files); err != nil {
			return err
		}
		if s.Directory == "" && len(s.packed) > shared.Largest {
			return fmt.Errorf("the state directory has %d bytes when it is packed, and control planes share up to %d: "+
				"push it to a directory", len(s.packed), shared.Largest)
		}
		s.Now, err = shared.HeaderOf(s.packed)
		return err
	}
}

// BuildSharing plans to have each control plane that answers hold what is shared.
func BuildSharing(s *Sharing) Stage {
	return func(_ context.Context, r *Run) error {
		var targets []component.Target
		for _, h := range r.Cluster.With(inventory.ControlPlane) {
			if m := r.Fleet[h.Name]; m != nil && r.Unreached[h.Name] == nil {
				targets = append(targets, component.Target{Cluster: r.Cluster, Host: h, Facts: m.Facts, Lead: r.lead})
			}
		}
		r.Plan = plan.Build(component.Sharing(s.packed, shared.Line(s.packed)), targets)
		return nil
	}
}

// EndPush writes what is shared into the directory, or looks whether enough control planes have it,
// and notes in the state directory that it is the same now.
func (r *Run) EndPush(ctx context.Context, s *Sharing, done Summary) error {
	if s.Directory != "" {
		if s.Changed {
			if err := s.directory(r).Write(ctx, s.packed, s.serial); err != nil {
				return err
			}
		}
	} else if has, all := len(done.Outcome.Finished), len(r.Cluster.With(inventory.ControlPlane)); 2*has <= all {
		return fault.SharedNone.Errorf("%d of %d control planes have what was pushed: push again", has, all)
	}
	return shared.Record{Serial: s.Now.Serial, Sum: s.Now.Sum}.Write(recordPath(r.Cluster))
}

// TakeShared has what is shared take the place of the state directory, unless something would be
// lost. It must open with the keys at hand and fit the authorities of before.
func TakeShared(s *Sharing) Stage {
	return func(_ context.Context, r *Run) error {
		store, err := storeOf(r)
		if err != nil {
			return err
		}
		if s.packed == nil {
			return fault.SharedNone.Errorf("no state directory of %s is shared there", r.Cluster.Name)
		}
		header, files, err := shared.Unpack(s.packed)
		if err != nil {
			return err
		}
		s.Now = header
		used, err := store.Used()
		if err != nil {
			return err
		}
		if used {
			if same, err := s.mayReplace(r); err != nil || same {
				return err
			}
		}
		kept := ""
		if s.Replace {
			kept = ".replaced"
		}
		s.Changed = true
		err = store.Replace(files, kept, func(made *certs.Store) error {
			if used && !s.Replace {
				known, err := store.KnowsAuthorities(made)
				if err != nil {
					return err
				}
				if !known {
					return fault.SharedConflict.Errorf("the shared state directory, %s, has other authorities "+
						"than this one", header)
				}
			}
			_, err := made.Preview(r.Cluster, time.Now())
			return err
		})
		if err != nil {
			return err
		}
		if err := removeIfThere(kubeconfigPath(r.Cluster)); err != nil {
			return err
		}
		return shared.Record{Serial: header.Serial, Sum: header.Sum}.Write(recordPath(r.Cluster))
	}
}

// mayReplace reports whether what is shared is what is here; it is an error if something that was
// changed here would be lost.
func (s *Sharing) mayReplace(r *Run) (same bool, err error) {
	record, err := shared.ReadRecord(recordPath(r.Cluster))
	if err != nil {
		return false, err
	}
	sum := "" // of a store in the clear, which was never pushed so
	if sealed, err := r.store.IsSealed(); err != nil {
		return false, err
	} else if sealed {
		files, err := r.store.Files()
		if err != nil {
			return false, err
		}
		sum = shared.SumOf(files)
	}
	switch {
	case sum == s.Now.Sum:
		return true, shared.Record{Serial: s.Now.Serial, Sum: sum}.Write(recordPath(r.Cluster))
	case s.Replace:
		return false, nil
	case sum != record.Sum:
		return false, fault.SharedConflict.Errorf("%s has changed since it was last the same as serial %d, and the "+
			"shared one has %s", pkiDir(r.Cluster), record.Serial, s.Now)
	case s.Now.Serial <= record.Serial:
		return false, fault.SharedConflict.Errorf("%s is the same as serial %d, and the shared one is older or "+
			"another: %s", pkiDir(r.Cluster), record.Serial, s.Now)
	}
	return false, nil
}

// AskShared warns when the state directory is shared, and the shared one is newer than the one
// here. Where nothing was ever shared, no host is asked.
func AskShared(ctx context.Context, r *Run) error {
	record, err := shared.ReadRecord(recordPath(r.Cluster))
	if err != nil || record.Serial == 0 {
		return err
	}
	files, err := askPlanes(ctx, r, component.SharedHeader(r.Cluster.Name))
	if err != nil {
		return err
	}
	var newest shared.Header
	for _, text := range files {
		if h, err := shared.HeaderOf(text); err == nil && h.Serial > newest.Serial {
			newest = h
		}
	}
	if newest.Serial > record.Serial {
		text := fmt.Sprintf("the shared state directory is newer (%s) than the one here (serial %d): "+
			"`kbootstrap state pull`", newest, record.Serial)
		r.Warnings = append(r.Warnings, text)
		r.options.Tell(fleet.Event{Kind: fleet.EventWarning, Text: text})
	}
	return nil
}
