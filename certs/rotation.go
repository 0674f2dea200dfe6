package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"kbootstrap/fault"
)

// The keys that a rotation can replace, as people name them.
const (
	RotateKubernetes     = "kubernetes"
	RotateEtcd           = "etcd"
	RotateFrontProxy     = "front-proxy"
	RotateServiceAccount = "service-account"
	RotateEncryption     = "encryption"
)

// RotationOf is how people name the rotation that replaces what the store has under a name.
func RotationOf(name string) string {
	switch name {
	case kubernetesCA:
		return RotateKubernetes
	case etcdCA:
		return RotateEtcd
	case frontProxyCA:
		return RotateFrontProxy
	case serviceAccount:
		return RotateServiceAccount
	}
	return RotateEncryption
}

// Stage is how far the replacement of a key is. It is what the store has: a key that comes, or one
// that goes. The hosts are brought there as to any other state that is wanted.
type Stage string

// The stages, in their order.
const (
	Stable   Stage = "stable"   // one key
	Trust    Stage = "trust"    // the next one is trusted, and the old one signs
	Issue    Stage = "issue"    // the new one signs, and the old one is trusted
	Distrust Stage = "distrust" // only as what comes next: the old one is trusted no more, and all is stable
)

// Next is the stage that comes after one.
func (s Stage) Next() Stage {
	switch s {
	case Trust:
		return Issue
	case Issue:
		return Distrust
	}
	return Trust
}

// Previous is the stage before one, while there is a way back.
func (s Stage) Previous() Stage {
	if s == Issue {
		return Trust
	}
	return Stable
}

// Rotation is one stage of the replacement of a key. The zero value is none.
type Rotation struct {
	Of string
	To Stage
}

// Where the store keeps what is not the key of today. next has the key that comes, old that which
// goes, and retired the certificates of those that are gone. The key of today always lies where it
// lies in a cluster that never had another.
const (
	nextDir    = "next"
	oldDir     = "old"
	retiredDir = "retired"
)

// Stages are the stages of all keys that can be replaced in stages.
func (p *PKI) Stages() map[string]Stage {
	stages := map[string]Stage{RotateServiceAccount: p.serviceAccount.stage}
	for name, t := range p.authorities {
		stages[RotationOf(name)] = t.stage
	}
	return stages
}

// StageSince is when the stage of a key began, by the files of the store; the zero time when it is
// stable.
func (s *Store) StageSince(rotation string) (time.Time, error) {
	root, err := s.root()
	if err != nil || root == nil {
		return time.Time{}, err
	}
	defer func() { _ = root.Close() }()
	for _, a := range append([]authority{{name: serviceAccount}}, authorityTable...) {
		if RotationOf(a.name) != rotation {
			continue
		}
		for _, dir := range []string{oldDir, nextDir} {
			info, err := root.Stat(path.Join(dir, a.name+publicSuffix(a.name)))
			if err == nil {
				return info.ModTime(), nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return time.Time{}, err
			}
		}
	}
	return time.Time{}, nil
}

// publicSuffix is how the name of the half ends that others may see.
func publicSuffix(name string) string {
	if name == serviceAccount {
		return ".pub"
	}
	return ".crt"
}

// loadTrust loads an authority and those besides it.
func loadTrust(root *tree, name string, todo *pending) (trust, error) {
	t := trust{stage: Stable}
	next, hasNext, err := readAside(root, path.Join(nextDir, name))
	if err != nil {
		return t, err
	}
	old, hasOld, err := readAside(root, path.Join(oldDir, name))
	if err != nil {
		return t, err
	}
	if t.retired, err = readRetired(root, name); err != nil {
		return t, err
	}
	switch {
	case hasNext && hasOld:
		// A run was killed while the next one took its place: it has.
		t.pair, t.aside, t.stage = next, old, Issue
		todo.put(name, next, nextDir)
		return t, nil
	case hasNext:
		t.aside, t.stage = next, Trust
	case hasOld:
		t.aside, t.stage = old, Issue
	}
	t.pair, err = read(root, name)
	if t.stage == Trust && isKeyless(err) {
		err = nil // its key is lost, and another authority takes its place
	}
	return t, err
}

// put has a pair become the key of today, and the same pair in the directory go.
func (p *pending) put(name string, is pair, from string) {
	p.then = append(p.then, content{name + ".key", is.keyPEM}, content{name + ".crt", is.certPEM})
	p.last = append(p.last, path.Join(from, name+".crt"), path.Join(from, name+".key"))
}

// readAside reads a pair that is not the key of today. It is there when its certificate is, which
// is written last and removed first.
func readAside(root *tree, name string) (p pair, there bool, err error) {
	certPEM, err := readIfThere(root, name+".crt")
	if err != nil || certPEM == nil {
		return pair{}, false, err
	}
	p, err = read(root, name)
	if !strings.HasPrefix(name, nextDir+"/") && isKeyless(err) {
		err = nil // what goes signs nothing
	}
	if err != nil {
		return pair{}, false, fmt.Errorf("%s: %w", name, err)
	}
	return p, true, nil
}

// retiredName is where the store keeps the nth certificate that is trusted no more.
func retiredName(name string, n int) string {
	return path.Join(retiredDir, fmt.Sprintf("%s-%d.crt", name, n))
}

func readRetired(root *tree, name string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for n := 1; ; n++ {
		text, err := readIfThere(root, retiredName(name, n))
		if err != nil || text == nil {
			return all, err
		}
		cert, err := parseCertificate(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", retiredName(name, n), err)
		}
		all = append(all, cert)
	}
}

// advance brings an authority to another stage.
func (t trust) advance(a authority, to Stage, now time.Time, todo *pending) (trust, error) {
	next, old := path.Join(nextDir, a.name), path.Join(oldDir, a.name)
	switch {
	case t.stage == Trust && to == Stable && t.key == nil, t.stage == Issue && to == Trust && t.aside.key == nil:
		return t, fault.RotationOrder.Errorf("%s: there is no way back to an authority whose key is lost",
			RotationOf(a.name))
	case t.stage == Stable && to == Trust:
		p, err := newAuthority(pair{}, a.cn+"-"+now.Format("200601021504"), now)
		if err != nil {
			return t, err
		}
		todo.first = append(todo.first, content{next + ".key", p.keyPEM})
		todo.then = append(todo.then, content{next + ".crt", p.certPEM})
		t.aside = p
	case t.stage == Trust && to == Issue:
		t.swap(a, old, nextDir, todo)
	case t.stage == Issue && to == Trust:
		t.swap(a, next, oldDir, todo)
	case t.stage == Trust && to == Stable:
		t.retire(a, next, todo)
	case t.stage == Issue && to == Distrust:
		t.retire(a, old, todo)
		to = Stable
	default:
		return t, errNoWay(a.name, t.stage, to)
	}
	t.stage = to
	return t, nil
}

// retire has the pair aside, which lies in a place, be trusted no more. That what has never signed
// is known too, because API servers have told others to trust it.
func (t *trust) retire(a authority, place string, todo *pending) {
	todo.first = append(todo.first, content{retiredName(a.name, len(t.retired)+1), t.aside.certPEM})
	todo.last = append(todo.last, place+".crt", place+".key")
	t.retired, t.aside = append(t.retired, t.aside.cert), pair{}
}

// swap has the pair aside become the key of today, and that of today go aside, to another place.
func (t *trust) swap(a authority, to, from string, todo *pending) {
	if t.key != nil {
		todo.first = append(todo.first, content{to + ".key", t.keyPEM})
	}
	todo.first = append(todo.first, content{to + ".crt", t.certPEM})
	todo.put(a.name, t.aside, from)
	t.pair, t.aside = t.aside, t.pair
}

// errNoWay is the error of a stage that does not come after the one that is.
func errNoWay(name string, from, to Stage) error {
	return fault.RotationOrder.Errorf("%s: no way leads from the stage %q to %q", RotationOf(name), from, to)
}
