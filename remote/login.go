package remote

import (
	"path/filepath"
	"strings"

	"kbootstrap/inventory"
)

// defaultKeys are the keys that ssh itself tries, in its order, below the home directory.
var defaultKeys = []string{".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"}

// credentials are the key of the inventory; or the files of ssh_config, or those that ssh tries, none of which must be there.
func (r *resolver) credentials(user string, given, otherwise inventory.SSH, l *lookup,
	x expander) (credentials, error) {
	c := credentials{user: user, key: given.Key, password: given.PasswordFile}
	var err error
	if c.only, err = yes(l, "identitiesonly"); err != nil {
		return c, err
	}
	if c.key == "" && len(l.keys) == 0 {
		c.key = otherwise.Key
	}
	switch {
	case c.key != "":
	case len(l.keys) > 0:
		for _, d := range l.keys {
			path, err := x.path(d, d.args[0])
			if err != nil {
				return c, err
			}
			if d.args[0] != "none" {
				c.identities = append(c.identities, path)
			}
		}
	default:
		for _, name := range defaultKeys {
			c.identities = append(c.identities, filepath.Join(r.env.home, name))
		}
	}
	if !given.Agent {
		return c, nil
	}
	variable := "SSH_AUTH_SOCK"
	if d, ok := l.first["identityagent"]; ok {
		switch name, isVariable := strings.CutPrefix(d.args[0], "$"); {
		case d.args[0] == "none":
			return c, nil
		case d.args[0] == variable:
		case isVariable && !strings.HasPrefix(name, "{"):
			variable = name
		default:
			c.agent, err = x.path(d, d.args[0])
			return c, err
		}
	}
	if c.agent = r.env.variable(variable); c.agent == "" {
		c.missing = variable + " is not set"
	}
	return c, nil
}
