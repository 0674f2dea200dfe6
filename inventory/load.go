package inventory

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"kbootstrap/fault"
)

// Load reads an inventory from a file, fills in the defaults and checks it. What is wrong with its
// content comes back as Problems, all at once. The rules are those of the components that a cluster
// is made of.
func Load(path string, rules Rules) (*Cluster, error) { return LoadAs(path, "", rules) }

// LoadAs is Load, as if the file had another version of Kubernetes; "" means its own.
func LoadAs(path, kubernetes string, rules Rules) (*Cluster, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unread{err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, unread{err}
	}
	return parse(path, data, kubernetes, rules)
}

// unread is the error of a file that cannot be read.
type unread struct{ error }

func (e unread) Unwrap() error { return e.error }

// Fault returns the code of the error.
func (e unread) Fault() fault.Code { return fault.InventoryUnread }

// Hint says what to do about it.
func (e unread) Hint() string {
	if errors.Is(e.error, fs.ErrNotExist) {
		return `write one with "kbootstrap init", or name another with -i`
	}
	if path := (*fs.PathError)(nil); errors.As(e.error, &path) && errors.Is(path.Err, syscall.EISDIR) {
		return "name the file in it: -i " + filepath.Join(path.Path, "hosts.yaml")
	}
	return ""
}

// Parse is Load for content that is at hand. Messages call it name, and relative paths in it are
// resolved against the directory of name. Its errors are Problems.
func Parse(name string, data []byte, rules Rules) (*Cluster, error) {
	return parse(name, data, "", rules)
}

func parse(name string, data []byte, kubernetes string, rules Rules) (*Cluster, error) {
	r := &reader{
		file: name, rules: rules, kubernetes: kubernetes, limits: inventoryLimits, places: map[string]*node{},
		hidden: map[int]bool{},
	}
	// Without a home directory only an inventory that uses "~" has a problem.
	r.home, _ = os.UserHomeDir()
	c := r.cluster(data)
	if len(r.problems)+len(r.others) > 0 {
		return nil, append(r.shown(), r.others...)
	}
	c.Warnings = r.warnings.sorted()
	return c, nil
}

// cluster reads and checks; whatever it returns is only good when there are no problems.
func (r *reader) cluster(data []byte) *Cluster {
	r.class = fault.InventorySyntax
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(data) > MaxBytes {
		r.problemAt(0, 0, "", "the file is larger than %d KiB", MaxBytes>>10)
		return nil
	}
	content := strings.ReplaceAll(string(data), "\r\n", "\n")
	r.lines = strings.Split(content, "\n")
	if !r.readable(content) {
		return nil
	}
	root := r.parseYAML(content)
	if len(r.problems) > 0 {
		return nil
	}
	if root == nil || root.kind == null {
		r.problemAt(0, 0, `write one to start from with "kbootstrap init"`, "the file is empty")
		return nil
	}
	r.class = fault.InventoryValue
	c, all := defaults(r)
	r.mapping("", root, table(c, all, r.rules))
	if r.kubernetes != "" {
		c.Kubernetes = r.kubernetes
	}
	if c.Network.Flannel.Backend == WireGuard && !r.given("network.flannel.port") {
		c.Network.Flannel.Port = 51820 // the one that is registered for it
	}
	if root.kind == mapping {
		check(r, c)
	}
	return c
}

// readable reports bytes that are not text. Editors do not show them, so the parser's own message
// would not help.
func (r *reader) readable(data string) bool {
	line, column := 1, 0
	for i, c := range data {
		column++
		switch {
		case c == '\n':
			line, column = line+1, 0
		case c == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(data[i:]); size == 1 {
				r.problemAt(line, column, "save the file as UTF-8", "the file is not UTF-8 text")
				return false
			}
		case c == '\r':
			// To YAML it ends a line, to editors and to us it does not.
			r.problemAt(line, column, "save the file with Unix line endings", "the line contains a carriage return")
			return false
		case (c < ' ' && c != '\t') || c == 0x7f:
			r.problemAt(line, column, "", "the line contains the control character %U", c)
			return false
		}
	}
	return true
}

// defaults returns an inventory that says nothing.
func defaults(r *reader) (*Cluster, *SSH) {
	c := &Cluster{
		File: r.file,
		Network: Network{
			Pods:         netip.MustParsePrefix("10.244.0.0/16"),
			Services:     netip.MustParsePrefix("10.96.0.0/12"),
			NodePorts:    PortRange{30000, 32767},
			APIPort:      6443,
			LocalAPIPort: 7443,
			Domain:       "cluster.local",
			Flannel:      Flannel{Backend: VXLAN, Port: 8472},
			Policy:       PolicyKubeRouter,
		},
		Runtime:   "docker",
		CRI:       "containerd",
		Firewall:  FirewallDisable,
		SELinux:   SELinuxPermissive,
		Security:  Security{Profile: ProfileDefault, Encryption: Secretbox, EncryptionKey: 1},
		AddOns:    defaultAddOns(),
		Backup:    Backup{Keep: 14, To: "/var/backups/kbootstrap", S3: defaultS3()},
		Artifacts: Artifacts{PassOn: true},
		Versions:  map[string]string{},
		Arguments: map[string]map[string]string{},
	}
	return c, &SSH{Agent: true}
}
