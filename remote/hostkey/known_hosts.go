package hostkey

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // known_hosts hashes names with it
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"kbootstrap/remote/pattern"
)

// knownHosts are the lines of known_hosts files, in their order. How they are matched follows
// sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", and what OpenSSH does.
type knownHosts []knownKey

// The markers of a line.
const (
	authority = "cert-authority"
	revoked   = "revoked"
)

// knownKey is one line.
type knownKey struct {
	file   string
	line   int
	marker string // "", authority or revoked
	hosts  []string
	key    ssh.PublicKey
	bad    error // why the line could not be read; then there is no key
}

// String is the line's place, as editors take it.
func (k knownKey) String() string { return fmt.Sprintf("%s:%d", k.file, k.line) }

// readKnownHosts reads files. One that is not there knows nothing.
func readKnownHosts(files ...string) (knownHosts, error) {
	var all knownHosts
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, parseKnownHosts(file, text)...)
	}
	return all, nil
}

// parseKnownHosts reads the content of a file. A line that cannot be read stays as a bad one: it
// only matters to the hosts that it names.
func parseKnownHosts(file string, text []byte) knownHosts {
	var all knownHosts
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		k := knownKey{file: file, line: number}
		k.marker, k.hosts, k.key, _, _, k.bad = ssh.ParseKnownHosts(line)
		switch {
		case errors.Is(k.bad, io.EOF):
			k.bad = errors.New("there is no key")
		case k.bad == nil && k.marker != "" && k.marker != authority && k.marker != revoked:
			k.bad = fmt.Errorf("@%s is not known", k.marker)
		}
		if k.bad != nil {
			// What the line is about has to be known all the same.
			k.marker, k.hosts, k.key = "", nil, nil
			words := strings.Fields(string(line))
			if strings.HasPrefix(words[0], "@") && len(words) > 1 {
				k.marker, words = words[0][1:], words[1:]
			}
			k.hosts = strings.Split(words[0], ",")
			// A key of a type that is not known here cannot be what a host shows.
			if k.marker == "" && len(words) > 2 && !slices.Contains(keyTypes, words[1]) && words[1] != ssh.KeyAlgoRSA {
				continue
			}
		}
		all = append(all, k)
	}
	return all
}

// about returns the lines that name the host, which is written as known_hosts has it: "host", or
// "[host]:port".
func (all knownHosts) about(name string) knownHosts {
	var found knownHosts
	for _, k := range all {
		if k.isAbout(name) {
			found = append(found, k)
		}
	}
	return found
}

// bad is the first line that could not be read, or nil.
func (all knownHosts) bad() error {
	for _, k := range all {
		if k.bad != nil {
			return fmt.Errorf("%s: %w", k, k.bad)
		}
	}
	return nil
}

// isAbout reports whether the line is about the host.
func (k knownKey) isAbout(name string) bool {
	if len(k.hosts) == 1 && strings.HasPrefix(k.hosts[0], "|") {
		return hashes(k.hosts[0], name)
	}
	return pattern.List(k.hosts, name)
}

// hashes reports whether "|1|salt|hash" is the hash of the name.
func hashes(hashed, name string) bool {
	parts := strings.Split(hashed, "|")
	if len(parts) != 4 || parts[1] != "1" {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	sum, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return hmac.Equal(mac.Sum(nil), sum)
}

// NameOf is how known_hosts writes an address: without the port when that is 22.
func NameOf(address string) string {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return address
	case port == "22":
		return host
	}
	return "[" + host + "]:" + port
}
