package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"kbootstrap/inventory"
)

// defaultKeys are the keys that ssh itself tries, in its order, below the home directory.
var defaultKeys = []string{".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"}

// maxTries is how many keys may be offered: sshd hangs up after MaxAuthTries, 6 by default, without saying why.
const maxTries = 6

// identity is what we log in with: the inventory's key, then the agent's, then the default ones.
type identity struct {
	signers []ssh.Signer
	tried   []string // a line for each source, for the message when none was good
	agent   net.Conn
}

// newIdentity collects the keys. A key that the inventory names must be usable; the others are optional.
func newIdentity(ctx context.Context, s inventory.SSH) (*identity, error) {
	id := &identity{}
	var held []ssh.Signer // by the agent
	if socket := os.Getenv("SSH_AUTH_SOCK"); s.Agent && socket != "" {
		var err error
		if held, err = id.askAgent(ctx, socket); err != nil {
			id.note("agent: %v", err)
		}
	} else if s.Agent {
		id.note("agent: SSH_AUTH_SOCK is not set")
	}
	if s.Key != "" {
		path, err := homePath(s.Key, "")
		if err != nil {
			return nil, err
		}
		signer, err := readKey(path)
		if locked := (*ssh.PassphraseMissingError)(nil); errors.As(err, &locked) {
			signer, err = unlocked(path, locked, held)
		}
		if err != nil {
			id.close()
			return nil, err
		}
		id.add(signer, "key "+path)
	}
	for _, signer := range held {
		id.add(signer, "agent")
	}
	for _, def := range defaultKeys {
		if s.Key != "" {
			break
		}
		path, err := homePath("", def)
		if err != nil {
			break
		}
		signer, err := readKey(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			id.note("%v", err)
		default:
			id.add(signer, "key "+path)
		}
	}
	if len(id.signers) == 0 {
		id.close()
		return nil, hinted{fmt.Errorf("no key to log in with%s", id.list()), "make one (ssh-keygen -t ed25519), or name one in the inventory (key:), or load it into an ssh-agent"}
	}
	return id, nil
}

// askAgent lists the agent's keys. The connection stays open: the agent does the signing.
func (id *identity) askAgent(ctx context.Context, socket string) ([]ssh.Signer, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	id.agent = conn
	signers, err := agent.NewClient(conn).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("it holds no key")
	}
	return signers, err
}

// readKey reads a private key, which nobody else may be able to read: ssh refuses those as well.
func readKey(path string) (ssh.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, hinted{fmt.Errorf("key %s: mode %#o lets others read it", path, mode), "chmod 600 " + path}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, hinted{fmt.Errorf("key %s: %w", path, err), passphraseHint(path, err)}
	}
	return signer, nil
}

func passphraseHint(path string, err error) string {
	if locked := (*ssh.PassphraseMissingError)(nil); errors.As(err, &locked) {
		return "load it into an ssh-agent: ssh-add " + path
	}
	return ""
}

// unlocked finds the key of an encrypted file among those that the agent holds.
func unlocked(path string, locked *ssh.PassphraseMissingError, held []ssh.Signer) (ssh.Signer, error) {
	public := locked.PublicKey
	if public == nil { // the old PEM formats do not carry it, but ssh-keygen writes it beside them
		if text, err := os.ReadFile(path + ".pub"); err == nil {
			public, _, _, _, _ = ssh.ParseAuthorizedKey(text)
		}
	}
	for _, signer := range held {
		if public != nil && string(signer.PublicKey().Marshal()) == string(public.Marshal()) {
			return signer, nil
		}
	}
	return nil, hinted{fmt.Errorf("key %s: it has a passphrase, and no agent holds it", path), passphraseHint(path, locked)}
}

// add appends a key that is not there yet, as long as the host would look at it.
func (id *identity) add(signer ssh.Signer, source string) {
	for _, have := range id.signers {
		if string(have.PublicKey().Marshal()) == string(signer.PublicKey().Marshal()) {
			return
		}
	}
	if len(id.signers) == maxTries {
		id.note("%s: %s: not tried, hosts hang up after %d keys", source, ssh.FingerprintSHA256(signer.PublicKey()), maxTries)
		return
	}
	id.signers = append(id.signers, signer)
	id.note("%s: %s", source, describe(signer.PublicKey()))
}

func (id *identity) note(format string, args ...any) {
	id.tried = append(id.tried, fmt.Sprintf(format, args...))
}

// list is what was tried, ready to be appended to a message.
func (id *identity) list() string {
	if len(id.tried) == 0 {
		return ""
	}
	return " (" + strings.Join(id.tried, "; ") + ")"
}

// methods offers all keys as one method: x/crypto tries each method of authentication only once.
func (id *identity) methods() []ssh.AuthMethod {
	return []ssh.AuthMethod{ssh.PublicKeys(id.signers...)}
}

// refused is the error of a host that did not let us in.
func (id *identity) refused(h inventory.Host, err error) *Error {
	cause := fmt.Errorf("%s was refused%s", h.SSH.User, id.list())
	if !strings.Contains(err.Error(), "unable to authenticate") {
		cause = fmt.Errorf("%w%s", cleaned(err), id.list())
	}
	return &Error{Host: h.Name, Op: "log in", Kind: Auth, Err: cause,
		hint: fmt.Sprintf("add one of these keys to ~%s/.ssh/authorized_keys on the host", h.SSH.User)}
}

func (id *identity) close() {
	if id.agent != nil {
		_ = id.agent.Close()
	}
}
