package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// KeyringQuery is what a host is asked about its keys.
type KeyringQuery struct {
	Certificates []string // files with certificates, and kubeconfigs
	Keys         []string // files of which only their age is told
	Served       []string // addresses on which a server of the host shows a certificate: "127.0.0.1:6443"
	Units        []string // whose processes keep certificates in memory
}

// Keyring is what certificates and keys a host has. What does not exist is left out.
type Keyring struct {
	Certificates []Certificate
	Keys         []KeyFile
	Served       []Served
	Started      map[string]time.Time // when the process of a unit began
	// Errors are what could not be looked at, each with its path.
	Errors []string
}

// KeyFile is a file with a key. Nothing of the key itself is told.
type KeyFile struct {
	Path     string
	Modified time.Time
}

// Served is the certificate that a server shows to who connects.
type Served struct {
	Address     string
	Certificate Certificate
	Error       string // why none was seen; empty if one was
}

// handshakeTimeout bounds how long a server of the host itself may need to show its certificate.
const handshakeTimeout = 5 * time.Second

// Keyring looks at the files and at the servers, all servers at once.
func (s *System) Keyring(ctx context.Context, q KeyringQuery) Keyring {
	found := Keyring{Served: make([]Served, len(q.Served)), Started: map[string]time.Time{}}
	var asked sync.WaitGroup
	for i, address := range q.Served {
		asked.Go(func() { found.Served[i] = seeServed(ctx, address) })
	}
	for _, path := range q.Certificates {
		certificates, err := Certificates(string(s.Root), []string{path})
		if err != nil {
			found.Errors = append(found.Errors, err.Error())
		}
		found.Certificates = append(found.Certificates, certificates...)
	}
	for _, path := range q.Keys {
		info, err := os.Stat(s.Path(path))
		switch {
		case err == nil:
			found.Keys = append(found.Keys, KeyFile{Path: path, Modified: info.ModTime()})
		case !Absent(err):
			found.Errors = append(found.Errors, err.Error())
		}
	}
	for _, unit := range q.Units {
		started, err := s.startOf(ctx, unit)
		if err != nil {
			found.Errors = append(found.Errors, err.Error())
		} else if !started.IsZero() {
			found.Started[unit] = started
		}
	}
	asked.Wait()
	return found
}

// errSeen ends a handshake of which only the server's certificate is of interest.
var errSeen = errors.New("seen")

// seeServed connects to a server until it has shown its certificate. Whether it is trusted is for
// others to say: one that has ended is what this is for. Nothing is sent to the server.
func seeServed(ctx context.Context, address string) Served {
	served := Served{Address: address}
	ctx, cancel := context.WithTimeoutCause(ctx, handshakeTimeout,
		fmt.Errorf("no certificate shown within %s", handshakeTimeout))
	defer cancel()
	dialer := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // the handshake ends before anything is sent
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			certificate, err := x509.ParseCertificate(raw[0])
			if err != nil {
				return err
			}
			served.Certificate = certificateOf("", certificate)
			return errSeen
		},
	}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	switch {
	case served.Certificate.Sum != "":
	case ctx.Err() != nil:
		served.Error = context.Cause(ctx).Error()
	case err != nil:
		served.Error = err.Error()
	}
	return served
}

// startOf is when the process of a unit began; zero when none runs.
func (s *System) startOf(ctx context.Context, unit string) (time.Time, error) {
	found, err := s.processes(ctx, []string{unit})
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", unit, err)
	}
	for _, p := range found {
		if p.Ago > 0 {
			return time.Now().Add(-p.Ago), nil
		}
	}
	return time.Time{}, nil
}
