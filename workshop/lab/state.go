package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gofrs/flock"

	"kbootstrap/internal/atomic"
)

// The files of a lab's directory, next to hosts/.
const (
	stateFile      = "lab.json"
	lockFile       = "lab.lock"
	inventoryFile  = "hosts.yaml"
	keyFile        = "id_ed25519"
	publicKeyFile  = "id_ed25519.pub"
	knownHostsFile = "known_hosts"
	hostsDir       = "hosts"
	toolDir        = ".kbootstrap" // holds the tool's own state by cluster
)

// state is what lab.json holds. Everything that a lab owns outside its directory is in it before it
// is made, so that a lab whose maker died can be swept away.
type state struct {
	ID      string      `json:"id"` // in the name of all that the lab owns outside its directory
	Spec    Spec        `json:"spec"`
	Kernel  string      `json:"kernel,omitempty"` // of virtual machines, see kernelTree
	Cgroups []string    `json:"cgroups"`          // the lab's own directory in each hierarchy
	Hosts   []hostState `json:"hosts"`
}

type hostState struct {
	Host
	MachineID string  `json:"machineID"`
	Base      string  `json:"base"`    // the root file system below its disk, which hosts share
	HostKey   string  `json:"hostKey"` // as in known_hosts: "ssh-ed25519 AAAA…"
	Off       bool    `json:"off"`     // stopped or killed on purpose
	Nspawn    process `json:"nspawn"`  // of a virtual machine: its kernel
	Forwarder process `json:"forwarder"`
}

// idOf names a lab after its directory.
func idOf(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:4])
}

// files lists what the lab made in its directory, the state file last.
func (s state) files() []string {
	names := []string{hostsDir, inventoryFile, keyFile, publicKeyFile, knownHostsFile}
	if label.MatchString(s.Spec.Name) {
		// Where the tool keeps certificates and kubeconfig of the cluster that was on these hosts,
		// see inventory.StateDir.
		names = append(names, filepath.Join(toolDir, s.Spec.Name))
	}
	return append(names, stateFile)
}

// ErrNoLab is the error of a directory without a lab in it.
var ErrNoLab = errors.New("no lab here")

func readState(dir string) (state, error) {
	var s state
	text, err := readOwn(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, hintedError{fmt.Errorf("%s: %w", dir, ErrNoLab), "boot one: kblab up --dir " + dir}
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", filepath.Join(dir, stateFile), err)
	}
	s.Spec.Dir = dir
	return s, s.check()
}

func (s state) write() error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return atomic.WriteFile(filepath.Join(s.Spec.Dir, stateFile), append(text, '\n'), 0o644)
}

// lock makes the caller the only one that changes the lab, and returns how to let go.
func lock(dir string) (func(), error) {
	l := flock.New(filepath.Join(dir, lockFile))
	ok, err := l.TryLock()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s: another lab command is at work here", dir)
	}
	return func() { _ = l.Close() }, nil // the kernel drops the lock with the process at the latest
}
