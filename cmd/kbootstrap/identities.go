package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"kbootstrap/backup"
	"kbootstrap/certs"
	"kbootstrap/fault"
)

// bindIdentities adds the flag of commands that open what is sealed.
func bindIdentities(c *cobra.Command, to *[]string) {
	c.Flags().StringArrayVar(to, "identity", nil,
		"a private key that opens a sealed state directory or backup, of age or of SSH (may be repeated); otherwise "+
			"~/.ssh/id_ed25519 and id_rsa are tried")
}

// identities reads the private keys that may open a backup; none for one that is not sealed.
func (a *app) identities(ctx context.Context, file string, paths []string) ([]age.Identity, error) {
	sealed, err := backup.IsSealed(file)
	if err != nil || !sealed {
		return nil, err
	}
	return a.readIdentities(ctx, file, paths, fault.BackupNotOpened)
}

// passphraseVariable has the passphrase of sealed keys where no person can be asked for it.
const passphraseVariable = "KBOOTSTRAP_STATE_PASSPHRASE"

// unlocker gets what opens sealed keys: identities, or the passphrase.
func (a *app) unlocker(ctx context.Context, paths []string) certs.Unlocker {
	return func(file string, byPassphrase bool) (certs.Keys, error) {
		if !byPassphrase {
			found, err := a.readIdentities(ctx, file, paths, fault.StateSealed)
			return certs.Keys{Identities: found}, err
		}
		passphrase, err := a.passphrase(ctx, "passphrase of "+file+": ")
		return certs.Keys{Passphrase: passphrase}, err
	}
}

// passphrase is that of the environment, or what a person types.
func (a *app) passphrase(ctx context.Context, question string) (string, error) {
	if given := os.Getenv(passphraseVariable); given != "" {
		return given, nil
	}
	person := a.asker(a.drawn())
	if person == nil {
		return "", fault.StateSealed.Errorf("there is no terminal to ask for the passphrase, and %s is not set",
			passphraseVariable)
	}
	given, err := person.Secret(ctx, question)
	if err == nil && given == "" {
		err = fault.StateSealed.Errorf("no passphrase was given")
	}
	return given, err
}

// drawn is what has to make way for a question; nil where nothing is drawn.
func (a *app) drawn() drawing {
	if a.shown == nil {
		return nil
	}
	return a.shown
}

// readIdentities reads private keys: those of the paths, or the usual ones of SSH. That there is
// none is a fault of the code.
func (a *app) readIdentities(
	ctx context.Context, file string, paths []string, code fault.Code,
) ([]age.Identity, error) {
	isGiven := len(paths) > 0
	if !isGiven {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		paths = []string{filepath.Join(home, ".ssh", "id_ed25519"), filepath.Join(home, ".ssh", "id_rsa")}
	}
	var all []age.Identity
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && !isGiven {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := a.parseIdentities(ctx, path, text)
		if err != nil && isGiven {
			return nil, code.Errorf("%s: not a private key that opens what is sealed: %w", path, err)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, code.Errorf("%s is sealed, and there is no key in %s", file, strings.Join(paths, " or "))
	}
	return all, nil
}

// parseIdentities reads a file of age-keygen or an SSH key, whose passphrase is asked for when
// something is sealed for it.
func (a *app) parseIdentities(ctx context.Context, path string, text []byte) ([]age.Identity, error) {
	if !strings.Contains(string(text), "PRIVATE KEY-----") {
		return age.ParseIdentities(strings.NewReader(string(text)))
	}
	found, err := agessh.ParseIdentity(text)
	var locked *ssh.PassphraseMissingError
	if err == nil || !errors.As(err, &locked) {
		return []age.Identity{found}, err
	}
	public := locked.PublicKey
	if public == nil { // an old format, which has the public key in a file of its own
		line, err := os.ReadFile(path + ".pub")
		if err != nil {
			return nil, err
		}
		if public, _, _, _, err = ssh.ParseAuthorizedKey(line); err != nil {
			return nil, err
		}
	}
	asked, err := agessh.NewEncryptedSSHIdentity(public, text, func() ([]byte, error) {
		person := a.asker(a.drawn())
		if person == nil {
			return nil, fmt.Errorf("%s has a passphrase, and there is no terminal to ask for it", path)
		}
		secret, err := person.Secret(ctx, "passphrase of "+path+": ")
		return []byte(secret), err
	})
	if err != nil {
		return nil, err
	}
	return []age.Identity{asked}, nil
}
