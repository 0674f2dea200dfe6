package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"kbootstrap/internal/atomic"
)

// keyPair is an ed25519 key: the private half in OpenSSH's PEM, the public half as in
// authorized_keys without a newline.
type keyPair struct {
	private []byte
	public  string
}

func newKey(comment string) (keyPair, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return keyPair{}, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return keyPair{}, err
	}
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return keyPair{private: pem.EncodeToMemory(block), public: public}, nil
}

// writeLoginKey makes the key that lets the user in on every host.
func writeLoginKey(dir string) error {
	key, err := newKey("vagrant")
	if err != nil {
		return err
	}
	return errors.Join(
		atomic.WriteFile(filepath.Join(dir, keyFile), key.private, 0o600),
		atomic.WriteFile(filepath.Join(dir, publicKeyFile), []byte(key.public+" vagrant\n"), 0o644),
	)
}

// loginKey reads the private key.
func loginKey(dir string) (ssh.Signer, error) {
	text, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(text)
}

func (s state) writeKnownHosts() error {
	return atomic.WriteFile(filepath.Join(s.Spec.Dir, knownHostsFile), s.knownHosts(), 0o644)
}

// knownHosts renders the known_hosts of all hosts, spares too.
func (s state) knownHosts() []byte {
	var b strings.Builder
	for _, h := range s.Hosts {
		fmt.Fprintf(&b, "%s %s\n", knownhosts.Normalize(fmt.Sprintf("127.0.0.1:%d", h.SSHPort)), h.HostKey)
	}
	return []byte(b.String())
}
