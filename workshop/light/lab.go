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
	Dir  string // is made
	Base string // the root file system that all hosts share, see lab.BaseRoot
	// Settled is how many hosts say that they are as is wanted, Bare how many have nothing. The
	// first of each are control planes, of clusters of their own.
	Settled, Bare int
	// Agent is a layer of the settled hosts' root that has the agent, see AgentLayer.
	Agent      string
	Kubernetes string // "v1.36.3"
	// Programs is how many bytes each program has that hosts are sent.
	Programs int
}

// Lab is light hosts that run.
type Lab struct {
	Spec
	hosts []Host
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
	l := &Lab{Spec: s, hosts: make([]Host, s.Settled+s.Bare)}
	all, booted := errgroup.WithContext(ctx)
	all.SetLimit(booting)
	for n := range l.hosts {
		all.Go(func() error {
			h, err := writeHost(filepath.Join(s.Dir, "hosts"), n, fmt.Sprintf("n%d", n), login)
			if err != nil {
				return err
			}
			l.hosts[n] = h
			base := s.Base
			if n < s.Settled {
				base = s.Agent + ":" + s.Base
			}
			if err := l.hosts[n].boot(booted, base); err != nil {
				return fmt.Errorf("%s: %w", h.Name, err)
			}
			return l.hosts[n].await(booted)
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return l, l.writeMirror()
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
	err = atomic.WriteFile(filepath.Join(dir, KeyFile), pem.EncodeToMemory(block), 0o600)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))), err
}
