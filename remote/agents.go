package remote

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"kbootstrap/fault"
)

// Agents keeps the digest and the compressed form of the agent's binaries, so that they are
// computed once for all hosts of a run. The zero value is ready for use, by several goroutines at
// once.
type Agents struct {
	mu     sync.Mutex
	byPath map[string]*binary
	// shortening is what Shorten does.
	shortening sync.WaitGroup
	run        string // a name for the run, in the names of what it uploads
}

// name is what a host's uploads are called in this run.
func (a *Agents) name(host string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.run == "" {
		a.run = strings.ToLower(rand.Text()[:8])
	}
	return "kbootstrap." + a.run + "-" + host
}

// binary is one agent on this machine.
type binary struct {
	path string
	// sum is its sha256 sum in hex.
	sum func() (string, error)
	// packed is its gzip: every host has gzip, not every one zstd.
	packed func() (*packedAgent, error)
}

// size is how many bytes the binary has.
func (b *binary) size() int64 {
	info, err := os.Stat(b.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// machines are the names of Go's architectures in `uname -m`.
var machines = map[string]string{
	"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64", "ppc64le": "ppc64le", "s390x": "s390x", "386": "i686",
	"arm": "armv7l",
}

// ownMachine is what `uname -m` prints on hosts of this architecture.
func ownMachine() string { return machines[runtime.GOARCH] }

// own is the agent for hosts of this machine's architecture: what the user named, or this very
// program, if hosts can run it.
func (a *Agents) own(path string) (*binary, error) {
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		if runtime.GOOS != "linux" {
			return a.find(self, runtime.GOARCH)
		}
		path = self
	}
	return a.named(path)
}

// forMachine is the agent for hosts that call themselves so in `uname -m`.
func (a *Agents) forMachine(path, machine string) (*binary, error) {
	if machine == ownMachine() {
		return a.own(path)
	}
	for arch, name := range machines {
		if name != machine {
			continue
		}
		if path == "" {
			self, err := os.Executable()
			if err != nil {
				return nil, err
			}
			path = self
		}
		return a.find(path, arch)
	}
	return nil, fault.AgentMachine.Errorf("the host is %q, for which there is no agent", machine)
}

// find is the agent for an architecture that came with the program at path.
func (a *Agents) find(path, arch string) (*binary, error) {
	places := agentPlaces(path, arch)
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return a.named(place)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, &fault.Error{Code: fault.AgentMachine,
		Err: fmt.Errorf("the host is %s, this machine is %s/%s, and there is neither %s",
			machines[arch], runtime.GOOS, runtime.GOARCH, strings.Join(places, " nor ")),
		Advice: "put the linux/" + arch + " binary of the same release at one of these places"}
}

// agentPlaces are the files that may be the agent for an architecture: next to the program at path,
// and where packages have it. A link to the program, as Homebrew makes one, is followed.
func agentPlaces(path, arch string) []string {
	var places []string
	add := func(path string) {
		dir, name := filepath.Split(path)
		name = strings.TrimSuffix(name, ".exe") // which only a program for Windows has
		for _, place := range []string{
			filepath.Join(dir, name+"-linux-"+arch),
			filepath.Join(dir, "..", "lib", "kbootstrap", "kbootstrap-linux-"+arch),
		} {
			if !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	add(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		add(real)
	}
	return places
}

func (a *Agents) named(path string) (*binary, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byPath == nil {
		a.byPath = map[string]*binary{}
	}
	if a.byPath[path] == nil {
		b := &binary{
			path: path,
			sum:  sync.OnceValues(func() (string, error) { return sumOf(path) }),
		}
		b.packed = sync.OnceValues(func() (*packedAgent, error) { return b.pack() })
		a.byPath[path] = b
	}
	return a.byPath[path], nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// AgentPath returns where the agent for hosts of an architecture is on this machine.
func AgentPath(arch string) (string, error) {
	b, err := (&Agents{}).forMachine("", machines[arch])
	if err != nil {
		return "", err
	}
	return b.path, nil
}

// Program is a program for hosts, on this machine.
type Program struct {
	Path   string
	SHA256 string
	Size   int64
}

// Program returns the agent for hosts of an architecture.
func (o Options) Program(arch string) (Program, error) {
	agents := o.Agents
	if agents == nil {
		agents = &Agents{}
	}
	b, err := agents.forMachine(o.Agent, machines[arch])
	if err != nil {
		return Program{}, err
	}
	sum, err := b.sum()
	return Program{Path: b.path, SHA256: sum, Size: b.size()}, err
}
