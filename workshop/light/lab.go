package light

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"kbootstrap/internal/atomic"
)

// Spec says which light hosts are wanted.
type Spec struct {
	Dir        string // is made
	Base       string // the root file system that all hosts share, see lab.BaseRoot
	Hosts      int    // the first one is the control plane
	Kubernetes string // "v1.36.3"
	// Programs is how many bytes each program has that hosts are sent.
	Programs int
}

// Lab is light hosts that run.
type Lab struct {
	Spec
	Hosts []Host
}

// booting is how many hosts boot at the same time.
const booting = 8

// Up boots light hosts. They run until this process ends, which Enter must have started.
func Up(ctx context.Context, s Spec) (*Lab, error) {
	login, err := writeLogin(s.Dir)
	if err != nil {
		return nil, err
	}
	if err := makeNetwork(ctx); err != nil {
		return nil, err
	}
	l := &Lab{Spec: s, Hosts: make([]Host, s.Hosts)}
	all, booted := errgroup.WithContext(ctx)
	all.SetLimit(booting)
	for n := range l.Hosts {
		all.Go(func() error {
			h, err := writeHost(filepath.Join(s.Dir, "hosts"), n, nameOf(n), login)
			if err != nil {
				return err
			}
			l.Hosts[n] = h
			if err := l.Hosts[n].boot(booted, s.Base); err != nil {
				return fmt.Errorf("%s: %w", h.Name, err)
			}
			return l.Hosts[n].await(booted)
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return l, l.writeMirror()
}

// nameOf is the name of the host with that number.
func nameOf(n int) string {
	if n == 0 {
		return "cp1"
	}
	return fmt.Sprintf("w%d", n)
}

// writeLogin makes the key that lets root in on every host, and returns its public half.
func writeLogin(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	block, err := ssh.MarshalPrivateKey(private, "light")
	if err != nil {
		return "", err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return "", err
	}
	err = atomic.WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(block), 0o600)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))), err
}
