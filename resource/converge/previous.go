package converge

import (
	"fmt"
	"os"
	"slices"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// previous is what the change of a service goes back to. It is on the disk before the first change.
type previous struct {
	sys    *host.System
	unit   string              // the service
	wanted []resource.Resource // the whole list
	found  []resource.Resource // what to go back to, in the order of wanted
	open   bool                // found is on the disk
}

// dir is where it lies on the disk: the record, and the large files that it replaces, named by
// their sums.
func (p *previous) dir() string { return host.UndoDir + "/" + p.unit }

// path is the record.
func (p *previous) path() string { return p.dir() + "/found.json" }

// load reads what a run has left that was cut off.
func (p *previous) load() error {
	data, err := os.ReadFile(p.sys.Path(p.path()))
	if host.Absent(err) {
		return nil
	}
	if err == nil {
		p.found, err = kinds.Unmarshal(data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.path(), err)
	}
	p.open = true
	return nil
}

// has reports whether a resource is recorded.
func (p *previous) has(id string) bool {
	return slices.ContainsFunc(p.found, func(r resource.Resource) bool { return r.ID() == id })
}

// save adds what was found to the record, as far as it is about to change or belongs to the health
// of the service.
func (p *previous) save(found ...resource.Resource) error {
	p.sys.Undoing.Lock()
	defer p.sys.Undoing.Unlock()
	if err := p.sys.PrivateDirs(host.UndoDir, p.dir()); err != nil {
		return err
	}
	for _, f := range found {
		if p.has(f.ID()) {
			continue
		}
		f, ok := p.worthKeeping(f)
		if !ok {
			continue
		}
		if err := kinds.KeepBlob(p.sys, f, func(sha256 string) string { return p.dir() + "/" + sha256 }); err != nil {
			return err
		}
		p.found = append(p.found, f)
	}
	place := map[string]int{}
	for i, w := range p.wanted {
		place[w.ID()] = i
	}
	slices.SortStableFunc(p.found, func(a, b resource.Resource) int { return place[a.ID()] - place[b.ID()] })
	data, err := kinds.Marshal(p.found)
	if err != nil {
		return err
	}
	if err := p.sys.WriteOwn(p.sys.Path(p.path()), data, 0o600); err != nil {
		return err
	}
	p.open = true
	return nil
}

// worthKeeping returns what is kept of a found value, and reports whether anything is: the service
// itself, its health as far as it was healthy, and what is about to change.
func (p *previous) worthKeeping(found resource.Resource) (resource.Resource, bool) {
	if service, ok := found.(resource.Service); ok {
		service.Older, service.Unread, service.Stray = false, false, ""
		return service, service.Name == p.unit
	}
	if p.tellsHealth(found) {
		return found, found.State() != ""
	}
	return found, kinds.Has(found, kinds.GoesBack) && p.concerns(found)
}

// tellsHealth reports whether a resource is the health of the service, wherever it is.
func (p *previous) tellsHealth(r resource.Resource) bool {
	a, ok := r.(resource.Answered)
	if !ok || !kinds.Has(r, kinds.Waits) || !kinds.Has(r, kinds.Resumes) {
		return false
	}
	unit, _ := a.Answers()
	return unit == p.unit
}

// concerns reports whether a found value is about to change, and is to come back then. Programs
// that are new stay: nothing refers to them any more, and the next try needs them.
func (p *previous) concerns(found resource.Resource) bool {
	i := slices.IndexFunc(p.wanted, func(w resource.Resource) bool { return w.ID() == found.ID() })
	if i < 0 || !resource.Changed(found, p.wanted[i]) {
		return false
	}
	sum, _ := resource.Contents(p.wanted[i])
	return sum == "" || found.State() != ""
}

// forget removes what was kept, the record first: the service is healthy.
func (p *previous) forget() error {
	p.sys.Undoing.Lock()
	defer p.sys.Undoing.Unlock()
	p.open = false
	if p.sys.Exists(p.dir()) {
		if err := p.sys.RemoveFile(p.sys.Path(p.path())); err != nil {
			return err
		}
		if err := p.sys.RemoveAll(p.sys.Path(p.dir())); err != nil {
			return err
		}
	}
	p.sys.RemoveEmpty(p.sys.Path(host.UndoDir))
	return nil
}

// files are what to go back to without the service.
func (p *previous) files() []resource.Resource {
	return slices.DeleteFunc(slices.Clone(p.found), func(r resource.Resource) bool {
		_, service := r.(resource.Service)
		return service
	})
}
