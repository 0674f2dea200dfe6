package certs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// SealedName is the file of a store that has all secret files of a store that is sealed, encrypted
// with age. A store is sealed when it has this file: it comes and goes by one rename or removal.
const SealedName = "keys.age"

// Keys open a sealed store: private keys, or the passphrase.
type Keys struct {
	Identities []age.Identity
	Passphrase string
}

// Unlocker gets the keys for a sealed file, which is opened with a passphrase or with private keys.
type Unlocker func(file string, byPassphrase bool) (Keys, error)

// Unlocked is the store, which opens what is sealed with what the unlocker gives. It is asked once,
// and only if there is something to open.
func (s *Store) Unlocked(unlock Unlocker) *Store {
	s.unlock = unlock
	return s
}

// Sealing says for whom a store is sealed: for public keys, as inventory.ParseRecipient reads them,
// or for who knows a passphrase.
type Sealing struct {
	Recipients []string `json:"recipients,omitempty"`
	Passphrase string   `json:"-"`
}

// sealedContent is what is in the sealed file. The recipients are in it, so that whoever writes the
// store seals it for the same ones, and no user changes them who cannot open it.
type sealedContent struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Sealing
	Files map[string][]byte `json:"files"`
}

const (
	sealedVersion = "kbootstrap/v1"
	sealedKind    = "SealedKeys"
)

// IsSealed reports whether the secrets of the store are sealed.
func (s *Store) IsSealed() (bool, error) {
	text, err := s.sealedText()
	return text != nil, err
}

func (s *Store) sealedText() ([]byte, error) {
	dir, err := s.root()
	if err != nil || dir == nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	return readIfThere(&tree{dir: dir}, SealedName)
}

// Sealing says for whom the store is sealed. It is the zero value for one that is not.
func (s *Store) Sealing() (Sealing, error) {
	text, err := s.sealedText()
	if err != nil || text == nil {
		return Sealing{}, err
	}
	content, err := s.unseal(text)
	return content.Sealing, err
}

// Seal encrypts the secrets of the store for others than so far. What is sealed must open with what
// the store's unlocker gives: otherwise nothing is changed. A run that is killed leaves the store
// as it was, or sealed; then the same call removes what is left of it in the clear.
func (s *Store) Seal(to Sealing) error {
	return s.change(func(t *tree) error {
		names, err := secretFiles(t.dir)
		if err != nil {
			return err
		}
		wanted := sealedContent{Sealing: to, Files: maps.Clone(t.sealed)}
		if wanted.Files == nil {
			wanted.Files = map[string][]byte{}
			for _, name := range names {
				if wanted.Files[name], err = t.dir.ReadFile(name); err != nil {
					return err
				}
			}
		}
		text, err := wanted.seal(wanted.Files)
		if err != nil {
			return err
		}
		s.keys = nil // of before
		if to.Passphrase != "" {
			s.keys = &Keys{Passphrase: to.Passphrase}
		}
		opened, err := s.unseal(text)
		if err != nil {
			return err
		}
		if !maps.EqualFunc(opened.Files, wanted.Files, bytes.Equal) {
			return errors.New("the sealed file does not have what was sealed")
		}
		if err := write(t.dir, []content{{SealedName, text}}); err != nil {
			return err
		}
		return remove(t.dir, names)
	})
}

// Unseal writes the secrets of a sealed store in the clear again. A run that is killed leaves the
// store sealed.
func (s *Store) Unseal() error {
	return s.change(func(t *tree) error {
		var files []content
		for _, name := range slices.Sorted(maps.Keys(t.sealed)) {
			files = append(files, content{name, t.sealed[name]})
		}
		if err := write(t.dir, files); err != nil {
			return err
		}
		return remove(t.dir, []string{SealedName})
	})
}

// Sealed returns the secrets of a store that is sealed, by the names of their files; nil of one
// that is not.
func (s *Store) Sealed() (map[string][]byte, error) {
	t, err := s.tree()
	if err != nil {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	return t.sealed, t.close()
}

// change changes the files of a store that is there, under its lock.
func (s *Store) change(change func(*tree) error) error {
	unlock, err := s.lock()
	if err != nil {
		return fmt.Errorf("certificate store: %w", err)
	}
	err = func() error {
		t, err := s.tree()
		if err != nil {
			return err
		}
		return errors.Join(change(t), t.close())
	}()
	if err := errors.Join(err, unlock()); err != nil {
		return fmt.Errorf("%s: %w", s.dir, err)
	}
	return nil
}

// seal encrypts files for those whom the content is for.
func (c sealedContent) seal(files map[string][]byte) ([]byte, error) {
	c.APIVersion, c.Kind, c.Files = sealedVersion, sealedKind, files
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	recipients, err := c.recipients()
	if err != nil {
		return nil, err
	}
	var sealed bytes.Buffer
	to, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		return nil, fmt.Errorf("seal the keys: %w", err)
	}
	if _, err := to.Write(text); err != nil {
		return nil, err
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

func (s Sealing) recipients() ([]age.Recipient, error) {
	if s.Passphrase != "" {
		r, err := age.NewScryptRecipient(s.Passphrase)
		return []age.Recipient{r}, err
	}
	var all []age.Recipient
	for _, text := range s.Recipients {
		r, err := inventory.ParseRecipient(text)
		if err != nil {
			return nil, fault.SealForNobody.Errorf("%.40s: %w", text, err)
		}
		all = append(all, r)
	}
	if all == nil {
		return nil, fault.SealForNobody.Errorf("there is no public key to seal for, and no passphrase")
	}
	return all, nil
}

// unseal opens a sealed file with what the store's unlocker gives.
func (s *Store) unseal(text []byte) (sealedContent, error) {
	file := filepath.Join(s.dir, SealedName)
	byPassphrase := isByPassphrase(text)
	if s.keys == nil {
		if s.unlock == nil {
			return sealedContent{}, fault.StateSealed.Errorf("%s: the keys of the cluster are sealed", file)
		}
		keys, err := s.unlock(file, byPassphrase)
		if err != nil {
			return sealedContent{}, err
		}
		s.keys = &keys
	}
	if bytes.Equal(text, s.last.text) { // a passphrase takes a second each time
		return s.last.content.clone(), nil
	}
	opened, err := s.keys.open(text)
	if err != nil {
		s.keys = nil
		return sealedContent{}, fmt.Errorf("%s: %w", file, err)
	}
	opened.Passphrase = s.keys.Passphrase
	s.last.text, s.last.content = text, opened
	return opened.clone(), nil
}

func (c sealedContent) clone() sealedContent {
	c.Files = maps.Clone(c.Files)
	return c
}

// open decrypts a sealed file.
func (k Keys) open(text []byte) (c sealedContent, err error) {
	if k.Passphrase != "" {
		identity, err := age.NewScryptIdentity(k.Passphrase)
		if err != nil {
			return c, err
		}
		k.Identities = []age.Identity{identity}
	}
	if len(k.Identities) == 0 {
		return c, fault.StateSealed.Errorf("there is no identity to open it with")
	}
	plain, err := age.Decrypt(bytes.NewReader(text), k.Identities...)
	var foreign *age.NoIdentityMatchError
	switch {
	case errors.As(err, &foreign) && k.Passphrase != "":
		return c, fault.StateSealed.Errorf("this is not the passphrase that the keys are sealed with")
	case errors.As(err, &foreign):
		return c, fault.StateSealed.Errorf("the keys are sealed for others: none of %d identities opens them",
			len(k.Identities))
	case err != nil:
		return c, fault.SealedDamaged.Wrap(err)
	}
	read, err := io.ReadAll(plain)
	if err != nil {
		return c, fault.SealedDamaged.Wrap(err)
	}
	if err := json.Unmarshal(read, &c); err != nil {
		return c, fault.SealedDamaged.Wrap(err)
	}
	if c.APIVersion != sealedVersion || c.Kind != sealedKind {
		return c, fault.SealedDamaged.Errorf("it is %s %s, and not %s %s", c.APIVersion, c.Kind,
			sealedVersion, sealedKind)
	}
	for name := range c.Files {
		if path.Clean(name) != name || !filepath.IsLocal(name) || !isSecret(name) {
			return c, fault.SealedDamaged.Errorf("%q is no name of a secret file", name)
		}
	}
	if c.Files == nil {
		c.Files = map[string][]byte{}
	}
	return c, nil
}

// isByPassphrase reports whether a file of age is opened with a passphrase: that is the only
// recipient it has then.
func isByPassphrase(text []byte) bool {
	lines := strings.SplitN(string(text[:min(len(text), 200)]), "\n", 3)
	return len(lines) > 1 && strings.HasPrefix(lines[1], "-> scrypt ")
}

// Files returns all files of a sealed store as they lie there: what is secret only in the sealed
// file, so that anybody may have them. The error of a store that is not sealed is
// fault.SharedInClear.
func (s *Store) Files() (map[string][]byte, error) {
	text, err := s.sealedText()
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, fault.SharedInClear.Errorf("%s: the keys are in the clear", s.dir)
	}
	files := map[string][]byte{SealedName: text}
	err = fs.WalkDir(os.DirFS(s.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isSecret(name) {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(s.dir, name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	return files, nil
}
