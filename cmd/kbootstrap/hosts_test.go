package main

import (
	"context"
	"crypto/ed25519"
	"net"
	"os"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
)

// sshServers are the servers of a script by name. They show their keys and let no user in.
type sshServers map[string]*atomic.Pointer[ssh.ServerConfig]

// sshServer NAME starts a server and writes its port for the name in capitals into hosts.yaml.
// Again, it gives the server a new key.
func sshServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sshserver NAME")
	}
	_, key, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	signer, err := ssh.NewSignerFromKey(key)
	ts.Check(err)
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, os.ErrPermission
	}}
	config.AddHostKey(signer)
	servers := ts.Value("ssh servers").(sshServers)
	if running := servers[args[0]]; running != nil {
		running.Store(config)
		return
	}
	current := &atomic.Pointer[ssh.ServerConfig]{}
	current.Store(config)
	servers[args[0]] = current
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _, _, _ = ssh.NewServerConn(conn, current.Load())
			}()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	text := strings.ReplaceAll(ts.ReadFile("hosts.yaml"), strings.ToUpper(args[0])+"}", port+"}")
	ts.Check(os.WriteFile(ts.MkAbs("hosts.yaml"), []byte(text), 0o644))
}
