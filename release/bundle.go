package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/release/airgap"
)

// Bundle has the artifacts of a cluster, for where nothing can be fetched. It is one file, or
// several, of which each has what is new since another.
type Bundle struct {
	newest *airgap.Bundle
	files  []*airgap.Bundle
	locked map[string]LockedEntry // the lock in the newest

	mu      sync.Mutex
	checked map[string]bool // the contents whose sums were compared, by their sums
}

// OpenBundle opens the files of a bundle, in any order.
func OpenBundle(paths []string) (*Bundle, error) {
	b := &Bundle{checked: map[string]bool{}}
	bases := map[string]bool{}
	var problems []error
	for _, path := range paths {
		file, err := airgap.Open(path)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		b.files = append(b.files, file)
		bases[file.Manifest.Base] = true
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, file := range b.files {
		switch {
		case bases[file.ManifestSum]:
		case b.newest != nil:
			return nil, fault.BundleDamaged.Errorf("neither of the bundles %s and %s is a difference to the other: "+
				"use one of them", b.newest.Path, file.Path)
		default:
			b.newest = file
		}
	}
	if b.newest == nil {
		return nil, fault.BundleDamaged.Errorf("no bundle is named, or one twice")
	}
	for _, c := range b.newest.Manifest.Contents {
		if _, ok := b.place(c.SHA256); !ok {
			return nil, b.lacksBase()
		}
	}
	text, err := b.newest.ReadFile(airgap.LockFile)
	if err != nil {
		return nil, err
	}
	lock, err := parseLock(text)
	if err != nil {
		return nil, fault.BundleDamaged.Errorf("bundle %s: %s: %w", b.newest.Path, airgap.LockFile, err)
	}
	b.locked = lock.entries()
	return b, nil
}

// lacksBase is the error of a bundle with a difference when the older one is not at hand.
func (b *Bundle) lacksBase() error {
	return &fault.Error{Code: fault.BundleLacks,
		Err: fmt.Errorf("%s has only what is new since another bundle, whose manifest has the sha256 sum %s",
			b.newest.Path, b.newest.Manifest.Base),
		Advice: "name both: --bundle OLD --bundle " + b.newest.Path}
}

// HasArch reports whether the bundle is for hosts of an architecture.
func (b *Bundle) HasArch(arch string) bool {
	return slices.Contains(b.newest.Manifest.Architectures, arch)
}

// place finds the file that has a content.
func (b *Bundle) place(sum string) (*airgap.Bundle, bool) {
	for _, file := range b.files {
		if _, _, ok := file.Find(airgap.Content{SHA256: sum}.File()); ok {
			return file, true
		}
	}
	return nil, false
}

// contents returns what the artifacts consist of, by name. The sums are compared before.
func (b *Bundle) contents(ctx context.Context, c *inventory.Cluster, artifacts []artifact) (map[string]Content, error) {
	p, err := pinsOf(c)
	if err != nil {
		return nil, err
	}
	p.bundled = b.locked
	lacking := &BundleError{Bundle: b.newest, inventory: c.File}
	contents := map[string]Content{}
	for i := range artifacts {
		a := &artifacts[i]
		known := p.pin(a)
		e, ok := b.locked[a.url]
		switch {
		case !known || !ok:
			lacking.Missing = append(lacking.Missing, a.url)
		case !isLocked(*a, e):
			lacking.Other = append(lacking.Other, a.url)
		default:
			for _, m := range a.members {
				sum := e.SHA256
				if m.path != "" {
					sum = e.Members[m.path]
				}
				content, err := b.content(m.name, sum)
				if err != nil {
					return nil, err
				}
				contents[m.name] = content
			}
		}
	}
	if len(lacking.Missing)+len(lacking.Other) > 0 {
		return nil, lacking
	}
	return contents, b.check(ctx, contents)
}

// isLocked reports whether the entry of a lock is for what is wanted of an artifact: the sum that
// is known must be met, and all files must be there.
func isLocked(a artifact, e LockedEntry) bool {
	if a.sum != "" && a.sum != e.SHA256 || a.sum == "" && a.index != e.Index {
		return false
	}
	for _, m := range a.members {
		if m.path == "" {
			continue
		}
		if e.Members[m.path] == "" || a.locked[m.path] != "" && a.locked[m.path] != e.Members[m.path] {
			return false
		}
	}
	return true
}

// content finds a content in the files.
func (b *Bundle) content(name, sum string) (Content, error) {
	c, known := b.newest.Manifest.Content(sum)
	file, ok := b.place(sum)
	if !known || !ok {
		return Content{}, fault.BundleDamaged.Errorf("bundle %s: its lock has %s with the sum %s, and its manifest "+
			"has none", b.newest.Path, name, sum)
	}
	f, at, _ := file.Find(c.File())
	return Content{Name: name, SHA256: sum, Size: c.Size, Compressed: f.Size, ImageID: c.ImageID, path: file.Path,
		at: at}, nil
}

// check compares the sums of contents as they lie in the files, several at a time.
func (b *Bundle) check(ctx context.Context, contents map[string]Content) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	sums := map[string]bool{}
	for _, c := range contents {
		if !b.checked[c.SHA256] {
			sums[c.SHA256] = true
		}
	}
	problems := make(chan error, len(sums))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for sum := range sums {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			file, _ := b.place(sum)
			problems <- file.Check(ctx, airgap.Content{SHA256: sum}.File())
		})
	}
	wg.Wait()
	close(problems)
	var all []error
	for err := range problems {
		all = append(all, err)
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	if err := errors.Join(all...); err != nil {
		return err
	}
	for sum := range sums {
		b.checked[sum] = true
	}
	return nil
}

// BundleError lists the artifacts that a bundle lacks, and those that are others there. No host was
// touched.
type BundleError struct {
	Bundle    *airgap.Bundle
	Missing   []string // by their URLs
	Other     []string
	inventory string
}

func (e *BundleError) Error() string {
	var b strings.Builder
	tell := func(what string, urls []string) {
		if len(urls) == 0 {
			return
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, what+":", e.Bundle.Path)
		for _, url := range urls {
			b.WriteString("\n  " + url)
		}
	}
	tell("the bundle %s lacks what the inventory needs", e.Missing)
	tell("the bundle %s has another file than the lock or the project says", e.Other)
	return b.String()
}

// Fault returns the code.
func (e *BundleError) Fault() fault.Code {
	if len(e.Other) > 0 {
		return fault.BundleDisputed
	}
	return fault.BundleLacks
}

// Hint says how another bundle is made.
func (e *BundleError) Hint() string {
	m := e.Bundle.Manifest
	if len(e.Other) > 0 {
		return "compare " + airgap.LockFile + " in the bundle with the lock of " + e.inventory +
			", and find out who changed one"
	}
	return fmt.Sprintf("the bundle was made by kbootstrap %s for Kubernetes %s on %s: use the tool that is in it, or "+
		"make a bundle from this inventory (kbootstrap bundle create -i %s)", m.Tool, m.Kubernetes,
		strings.Join(m.Architectures, " and "), e.inventory)
}
