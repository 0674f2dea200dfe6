package certs

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Login is a name and a password of the cluster's own.
type Login struct{ User, Password string }

// The logins that a cluster may have: those of people to the pages of an add-on, and those of the
// agents on hosts, which may send and read nothing.
const (
	LoggingLogin    = "logging"
	LoggingAgent    = "logging-agent"
	MonitoringLogin = "monitoring"
	MonitoringAgent = "monitoring-agent"
)

// logins are all of them. Each has a file in the store, NAME.password.
var logins = []struct {
	name string // also that of the user
	isOn func(*inventory.Cluster) bool
}{
	{LoggingLogin, hasLogging},
	{LoggingAgent, hasLogging},
	{MonitoringLogin, hasMonitoring},
	{MonitoringAgent, hasMonitoring},
}

func hasLogging(c *inventory.Cluster) bool    { return c.AddOns.Logging.Enabled }
func hasMonitoring(c *inventory.Cluster) bool { return c.AddOns.Monitoring.Enabled }

// longestLine bounds a password, in bytes.
const longestLine = 256

// Login returns one of the logins; it is empty in a cluster that has no use for it.
func (p *PKI) Login(name string) Login { return p.logins[name] }

// loadLogins loads the passwords, and makes those that are missing. They are their owner's to
// change.
func (s *Store) loadLogins(root *tree, c *inventory.Cluster, todo *pending) (map[string]Login, error) {
	all := map[string]Login{}
	for _, l := range logins {
		if !l.isOn(c) {
			continue
		}
		password, err := s.password(root, l.name+".password", longestLine, fault.LoginPassword, todo)
		if err != nil {
			return nil, err
		}
		// The programs that read it take white space at its end for no part of it.
		all[l.name] = Login{User: l.name, Password: strings.TrimSpace(password)}
	}
	return all, nil
}

// password loads a password that is the only line of a file of the store, or makes one where there
// is none. One that is no such line, or of more bytes than the longest, is a fault of the code.
func (s *Store) password(root *tree, file string, longest int, code fault.Code, todo *pending) (string, error) {
	text, err := readIfThere(root, file)
	if err != nil {
		return "", err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte(rand.Text() + "\n")
		todo.first = append(todo.first, content{file, text})
	}
	password := strings.TrimRight(string(text), "\r\n")
	if len(password) > longest || strings.ContainsAny(password, "\r\n") {
		return "", code.Errorf("%s: not one line of at most %d bytes", filepath.Join(s.dir, file), longest)
	}
	return password, nil
}
