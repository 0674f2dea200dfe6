package sshconfig

import (
	"path/filepath"
	"strings"

	"kbootstrap/inventory"
)

// defaultKeys are the keys that ssh itself tries, in its order, below the home directory.
var defaultKeys = []string{".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"}

// authSock is the variable that says where the agent is.
const authSock = "SSH_AUTH_SOCK"

// credentials are the key of the inventory; or the files of ssh_config, or those that ssh tries,
// none of which must be there.
func (r *Resolver) credentials(user string, given, otherwise inventory.SSH, l *lookup,
	x expander) (Credentials, error) {
	c := Credentials{User: user, Key: given.Key, Password: given.PasswordFile}
	var err error
	if c.Only, err = yes(l, "identitiesonly"); err != nil {
		return c, err
	}
	if c.Key == "" && len(l.keys) == 0 {
		c.Key = otherwise.Key
	}
	switch {
	case c.Key != "":
	case len(l.keys) > 0:
		for _, d := range l.keys {
			path, err := x.path(d, d.args[0])
			if err != nil {
				return c, err
			}
			if d.args[0] != "none" {
				c.Identities = append(c.Identities, path)
			}
		}
	default:
		for _, name := range defaultKeys {
			c.Identities = append(c.Identities, filepath.Join(r.Env.home, name))
		}
	}
	if !given.Agent {
		return c, nil
	}
	variable := authSock
	if d, ok := l.first["identityagent"]; ok {
		switch name, isVariable := strings.CutPrefix(d.args[0], "$"); {
		case d.args[0] == "none":
			return c, nil
		case d.args[0] == variable:
		case isVariable && !strings.HasPrefix(name, "{"):
			variable = name
		default:
			c.Agent, err = x.path(d, d.args[0])
			return c, err
		}
	}
	if c.Agent = r.Env.variable(variable); c.Agent == "" && variable == authSock {
		c.Agent = defaultAgent
	}
	if c.Agent == "" {
		c.Missing = variable + " is not set"
	}
	return c, nil
}
