package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"kbootstrap/fault"
	"kbootstrap/internal/private"
	"kbootstrap/remote/agentsocket"
	"kbootstrap/remote/hostkey"
	"kbootstrap/remote/sshconfig"
)

// maxTries is how many times a host may be offered something: sshd hangs up after MaxAuthTries, 6
// by default, without saying why.
const maxTries = 6

// identity is what we log in to one host with.
type identity struct {
	o        Options
	host     string
	user     string
	signers  []ssh.Signer
	limit    int // of signers
	password *password
	rejected bool       // the host looked at all of it, and took nothing
	locked   *lockedKey // the host would take this key, so its passphrase is wanted
	tried    []string   // a line for each source, for the message when none was good
	agent    net.Conn
}

// newIdentity collects the keys. A key that the inventory names must be usable; the others are
// optional.
func newIdentity(ctx context.Context, host string, c sshconfig.Credentials, o Options) (*identity, error) {
	id := &identity{o: o, host: host, user: c.User, limit: maxTries, password: newPassword(c.User, host, c.Password, o)}
	if id.password.isAvailable() {
		id.limit-- // the password needs one
	}
	var held []ssh.Signer // by the agent
	if c.Agent != "" {
		var err error
		if held, err = id.askAgent(ctx, c.Agent); err != nil {
			id.note("agent: %v", err)
		}
	} else if c.Missing != "" {
		id.note("agent: %s", c.Missing)
	}
	if c.Key != "" {
		path, err := homePath(c.Key)
		if err == nil {
			err = id.addFile(ctx, path, held, true)
		}
		if err != nil {
			id.close()
			return nil, err
		}
	}
	for _, signer := range held {
		if !c.Only || isAmong(signer.PublicKey(), append([]string{c.Key}, c.Identities...)) {
			id.add(signer, "agent")
		}
	}
	for _, path := range c.Identities {
		if err := id.addFile(ctx, path, held, false); err != nil && !errors.Is(err, fs.ErrNotExist) {
			id.note("%v", err)
		}
	}
	if len(id.signers) == 0 && !id.password.isAvailable() {
		id.close()
		return nil, &fault.Error{Code: fault.NothingToLogInWith,
			Err: fmt.Errorf("no key to log in with%s", id.list()),
			Advice: "make one (ssh-keygen -t ed25519), or name one in the inventory (key:), or " +
				"load it into an ssh-agent"}
	}
	return id, nil
}

// addFile adds the key of a file. A key that has a passphrase is that of the agent, if it holds it;
// or else it is asked for when a host would take the key.
func (id *identity) addFile(ctx context.Context, path string, held []ssh.Signer, named bool) error {
	signer, text, err := readKey(path)
	locked := (*ssh.PassphraseMissingError)(nil)
	if !errors.As(err, &locked) {
		if err == nil {
			id.add(signer, "key "+path)
		}
		return err
	}
	key := &lockedKey{public: publicOf(path, locked), path: path, text: text, named: named,
		wanted: func(k *lockedKey) { id.locked = k }}
	if signer = key.unlocked(id.o); signer == nil {
		for _, h := range held {
			if key.public != nil && string(h.PublicKey().Marshal()) == string(key.public.Marshal()) {
				signer = h
			}
		}
	}
	switch {
	case signer != nil:
	case id.o.Ask == nil || key.public == nil && named: // no one to ask, or nothing to offer first
		if signer, err = key.unlock(ctx, id.o); err != nil {
			return err
		}
	case key.public == nil:
		return fmt.Errorf("key %s: the key has a passphrase, and there is no %s.pub to tell which key it is",
			path, path)
	default:
		signer = key
	}
	id.add(signer, "key "+path)
	return nil
}

// isAmong reports whether a key is that of one of the files.
func isAmong(key ssh.PublicKey, paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		if path == "" {
			return false
		}
		public := publicFile(path) // ssh takes the public half as well, for keys that only the agent has
		if public == nil {
			public = publicFile(path + ".pub")
		}
		if text, err := os.ReadFile(path); public == nil && err == nil {
			signer, err := ssh.ParsePrivateKey(text)
			if locked := (*ssh.PassphraseMissingError)(nil); errors.As(err, &locked) {
				public = locked.PublicKey
			} else if err == nil {
				public = signer.PublicKey()
			}
		}
		return public != nil && string(public.Marshal()) == string(key.Marshal())
	})
}

// askAgent lists the agent's keys. The connection stays open: the agent does the signing.
func (id *identity) askAgent(ctx context.Context, socket string) ([]ssh.Signer, error) {
	conn, err := agentsocket.Dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(id.o.Timeout))
	id.agent = conn
	signers, err := agent.NewClient(conn).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("it holds no key")
	}
	return signers, err
}

// readKey reads a private key. One of this user that others can read is refused, as by ssh; one of
// another user, say of root for a group of operators, is not looked at in this way, nor by ssh.
// When it has a passphrase, the error is an ssh.PassphraseMissingError and the text is returned.
func readKey(path string) (ssh.Signer, []byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fault.KeyFile.Errorf("key: %w", err)
	}
	access, err := private.Look(path, info)
	if err != nil {
		return nil, nil, fault.KeyFile.Errorf("key: %w", err)
	}
	if access.Read != "" && access.Owner == "" {
		return nil, nil, &fault.Error{Code: fault.KeyMode,
			Err:    fmt.Errorf("key %s: %s lets others read it", path, access.Read),
			Advice: private.Close(path)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fault.KeyFile.Errorf("key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, text, fault.KeyFile.Errorf("key %s: %w", path, err)
	}
	return signer, text, nil
}

// add appends a key that is not there yet, as long as the host would look at it.
func (id *identity) add(signer ssh.Signer, source string) {
	for _, have := range id.signers {
		if string(have.PublicKey().Marshal()) == string(signer.PublicKey().Marshal()) {
			return
		}
	}
	if len(id.signers) == id.limit {
		id.note("%s: %s: not tried, because hosts hang up after %d keys",
			source, ssh.FingerprintSHA256(signer.PublicKey()), id.limit)
		return
	}
	id.signers = append(id.signers, signer)
	id.note("%s: %s", source, hostkey.Describe(signer.PublicKey()))
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

// begin is called before each handshake: each handshake finds out again what the host wants.
func (id *identity) begin() {
	id.locked, id.rejected = nil, false
	id.password.begin()
	if id.agent != nil {
		_ = id.agent.SetDeadline(time.Now().Add(id.o.Timeout))
	}
}

// methods offers all keys as one method, because x/crypto tries each method of authentication only
// once, and the password.
func (id *identity) methods(ctx *patience) []ssh.AuthMethod {
	methods := id.password.methods(ctx)
	if len(id.signers) > 0 {
		methods = append([]ssh.AuthMethod{ssh.PublicKeys(id.signers...)}, methods...)
	}
	return methods
}

// pause ends the handshake when something has to be asked for; otherwise x/crypto goes on with the
// next method.
func (id *identity) pause(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if id.locked != nil || id.password.isWanted(c, len(id.signers) > 0) {
		return nil, errPause
	}
	return nil, nil
}

// next is called with the error of a handshake, or nil. It asks for what the host wanted, and
// reports whether to try again.
func (id *identity) next(ctx context.Context, err error) (bool, error) {
	switch {
	case err == nil:
		id.password.markAccepted()
		return false, nil
	case id.locked != nil:
		return true, id.unlock(ctx)
	case id.password.wanted:
		return true, id.password.fetch(ctx)
	case id.password.used && id.rejected:
		id.password.tries++
		return true, id.password.fetch(ctx)
	}
	return false, err
}

// unlock replaces the key whose passphrase was wanted by the whole key. One that the inventory does
// not name is dropped when its passphrase is unknown.
func (id *identity) unlock(ctx context.Context) error {
	k := id.locked
	signer, err := k.unlock(ctx, id.o)
	if err != nil && (k.named || ctx.Err() != nil) {
		return err
	}
	if err != nil {
		id.note("%v", err)
	}
	for i, have := range id.signers {
		if have == ssh.Signer(k) {
			id.signers = slices.Delete(id.signers, i, i+1)
			if signer != nil {
				id.signers = slices.Insert(id.signers, i, signer)
			}
			break
		}
	}
	return nil
}

// refused is the error of a host that did not let us in.
func (id *identity) refused(to *sshconfig.Endpoint, err error) *Error {
	e := &Error{Host: to.Name, Op: "log in", Kind: Auth, code: fault.LoginRefused,
		hint: fmt.Sprintf("add one of these keys to ~%s/.ssh/authorized_keys on the %s", id.user, to.Kind())}
	switch {
	case errors.Is(err, errRefused), strings.Contains(err.Error(), "unable to authenticate"):
		e.Err = fmt.Errorf("%s was refused%s", id.user, id.list())
		id.rejected = true
	default:
		e.Err = fmt.Errorf("%w%s", cleaned(err), id.list())
	}
	if id.password.used {
		e.hint += ", or check the password"
	}
	return e
}

func (id *identity) close() {
	id.password.release()
	if id.agent != nil {
		_ = id.agent.Close()
	}
}

// homePath resolves a path that may begin with "~/".
func homePath(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, rest), nil
}
