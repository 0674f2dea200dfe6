package remote

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
)

// passphraseTries is how often the passphrase of a key is asked for, as ssh does.
const passphraseTries = 3

// errPause ends a handshake in which the host wants something that has to be asked for. No one
// types before sshd hangs up
// (LoginGraceTime), so the question comes between two connections.
var errPause = errors.New("a secret has to be asked for first")

// lockedKey is an encrypted key of which only the public half is known. A host that would take it
// makes the signing fail, and the identity remember that its passphrase is wanted: the tool never
// asks for the passphrase of a key that no host accepts.
type lockedKey struct {
	public ssh.PublicKey // nil when no file has it
	path   string
	text   []byte // of the file
	named  bool   // by the inventory, so that it must be usable
	wanted func(*lockedKey)
}

func (k *lockedKey) PublicKey() ssh.PublicKey { return k.public }

// Sign is not called by x/crypto, which knows AlgorithmSigner.
func (k *lockedKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

// SignWithAlgorithm notes that the host would take the key.
func (k *lockedKey) SignWithAlgorithm(io.Reader, []byte, string) (*ssh.Signature, error) {
	k.wanted(k)
	return nil, errPause
}

// unlock decrypts the key. The passphrase is asked for once in a run; who needs the same key
// meanwhile waits for the answer.
func (k *lockedKey) unlock(ctx context.Context, o Options) (ssh.Signer, error) {
	s := o.Secrets.of("key " + k.path)
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.give()
	if s.signer != nil || s.failed != nil {
		return s.signer, s.failed
	}
	signer, err := k.askPassphrase(ctx, o.Ask)
	if ctx.Err() != nil {
		return nil, err // it says nothing about the key
	}
	s.signer, s.failed = signer, err
	return signer, err
}

// askPassphrase asks for the passphrase until it is right. An empty answer means that the key is
// not to be used.
func (k *lockedKey) askPassphrase(ctx context.Context, who Asker) (ssh.Signer, error) {
	if who == nil {
		return nil, &fault.Error{Code: fault.PassphraseNeeded,
			Err:    fmt.Errorf("key %s: the key has a passphrase, no agent holds the key, and %w", k.path, errNobody),
			Advice: "load it into an ssh-agent: ssh-add " + k.path}
	}
	question := "passphrase of " + k.path
	for range passphraseTries {
		passphrase, err := ask(ctx, who, question)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.path, err)
		}
		if passphrase == "" {
			break
		}
		signer, err := ssh.ParsePrivateKeyWithPassphrase(k.text, []byte(passphrase))
		if err == nil {
			return signer, nil
		}
		if !errors.Is(err, x509.IncorrectPasswordError) {
			return nil, fault.KeyFile.Errorf("key %s: %w", k.path, err)
		}
		question = "wrong; passphrase of " + k.path
	}
	return nil, &fault.Error{Code: fault.PassphraseWrong,
		Err:    fmt.Errorf("key %s: the passphrase was wrong", k.path),
		Advice: "try it: ssh-keygen -y -f " + k.path}
}

// unlocked returns the key when its passphrase was right before in this run.
func (k *lockedKey) unlocked(o Options) ssh.Signer {
	s := o.Secrets.of("key " + k.path)
	select {
	case s.turn <- struct{}{}:
		defer s.give()
		return s.signer
	default:
		return nil // another connection is asking
	}
}

// publicOf finds the public half of an encrypted key: newer files have it in the clear, for older
// ones ssh-keygen wrote it next to them.
func publicOf(path string, locked *ssh.PassphraseMissingError) ssh.PublicKey {
	if locked.PublicKey != nil {
		return locked.PublicKey
	}
	return publicFile(path + ".pub")
}

// publicFile reads a public key as ssh-keygen writes it; nil when there is none.
func publicFile(path string) ssh.PublicKey {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil
	}
	return public
}
