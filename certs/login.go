package certs

import (
	"bytes"
	"crypto/rand"
	"os"
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
func (s *Store) loadLogins(root *os.Root, c *inventory.Cluster, todo *pending) (map[string]Login, error) {
	all := map[string]Login{}
	for _, l := range logins {
		if !l.isOn(c) {
			continue
		}
		file := l.name + ".password"
		text, err := readIfThere(root, file)
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			text = []byte(rand.Text() + "\n")
			todo.first = append(todo.first, content{file, text})
		}
		// The programs that read it take white space at its end for no part of it.
		password := strings.TrimSpace(string(text))
		if len(password) > longestLine || strings.ContainsAny(password, "\r\n") {
			return nil, fault.LoginPassword.Errorf("%s: not one line of at most %d bytes",
				filepath.Join(s.dir, file), longestLine)
		}
		all[l.name] = Login{User: l.name, Password: password}
	}
	return all, nil
}
