package remote

import (
	"context"
	"errors"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/remote/hostkey"
	"kbootstrap/remote/sshconfig"
)

// Sighting is the key that a host or a jump host shows, and what the known_hosts files say about
// it.
type Sighting struct {
	Host string        // the host in the inventory, or the address of the jump host
	Jump bool          // it is a jump host
	Name string        // the host in known_hosts, such as "[127.0.0.1]:2222"
	File string        // where the key would be recorded
	Key  ssh.PublicKey // nil when none was seen
	// Err is nil when the key is the right one. Its code (package fault) is HostKeyUnknown when the
	// key can be recorded; any other is a reason not to, or not to have seen it.
	Err error
	// Behind is the jump host whose key must be the right one before this one can be seen, or
	// empty.
	Behind string

	keys *hostkey.Checker
}

// New reports whether the key was seen, and can be recorded.
func (s Sighting) New() bool { return s.Key != nil && fault.Of(s.Err) == fault.HostKeyUnknown }

// Record writes the key to known_hosts, under the file's lock. A key that another process recorded
// meanwhile is an error when it is another one.
func (s Sighting) Record() error {
	if err := s.keys.Record(s.Key); err != nil {
		return keyError(s.Host, err)
	}
	return nil
}

// Survey looks at the keys of hosts and of the jump hosts on the way to them, all at once. It goes
// no further than the key exchange, but for jump hosts whose keys are known: it logs in to them to
// see what is behind. The jump hosts come first. Nothing is recorded.
func Survey(ctx context.Context, hosts []inventory.Host, o Options) []Sighting {
	o.HostKeyPolicy = "strict"
	o = o.withDefaults()
	if o.Routes == nil {
		o.Routes = &Routes{}
		defer o.Routes.Close()
	}
	var (
		jumps, ends []*sshconfig.Endpoint
		found       []Sighting // those whose way is not known
		seen        = map[string]bool{}
	)
	for _, h := range hosts {
		to, err := o.Routes.endpoint(h, o)
		if err != nil {
			found = append(found, Sighting{Host: h.Name, Name: h.SSH.Address, Err: err})
			continue
		}
		ends = append(ends, to)
		var way []*sshconfig.Endpoint
		for hop := to.Via; hop != nil && !seen[hop.Way()]; hop = hop.Via {
			seen[hop.Way()] = true
			way = append([]*sshconfig.Endpoint{hop}, way...)
		}
		jumps = append(jumps, way...)
	}
	all := append(jumps, ends...)
	sighted := make([]Sighting, len(all))
	var looks errgroup.Group
	looks.SetLimit(32)
	for i, to := range all {
		looks.Go(func() error {
			sighted[i] = sight(ctx, to, o)
			sighted[i].Jump = i < len(jumps)
			return nil
		})
	}
	_ = looks.Wait() // each has its own error
	return append(sighted, found...)
}

// sight looks at one key.
func sight(ctx context.Context, to *sshconfig.Endpoint, o Options) Sighting {
	s := Sighting{Host: to.Name, Name: to.Trust.Names[0], File: to.Trust.Record}
	var err error
	if s.keys, err = hostkey.New(to.Name, to.Trust, o.Notice); err != nil {
		s.Err = keyError(to.Name, err)
		return s
	}
	var via *Conn
	if to.Via != nil {
		if via, err = o.Routes.hop(ctx, to.Via, o); err != nil {
			e := viaError(to, err)
			if s.Err = e; e.Kind == HostKey {
				s.Behind = to.Via.Name
			}
			return s
		}
	}
	for {
		s.Key, s.Err = look(ctx, to, via, o, s.keys)
		if s.Err == nil || !s.keys.DropRefusedType() {
			return s
		}
	}
}

// errSeen ends a handshake when the key has been seen.
var errSeen = errors.New("the key was seen")

// look makes one connection, up to the key exchange.
func look(parent context.Context, to *sshconfig.Endpoint, via *Conn, o Options,
	keys *hostkey.Checker) (ssh.PublicKey, error) {
	ctx := newPatience(parent, limitOf(to, o))
	defer ctx.end()
	raw, err := dialEndpoint(ctx, to, via, o)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	keys.Begin()
	var shown ssh.PublicKey
	_, _, _, err = ssh.NewClientConn(raw, to.Address, &ssh.ClientConfig{
		User: to.User,
		HostKeyCallback: func(name string, remote net.Addr, key ssh.PublicKey) error {
			shown = key
			_ = keys.Check(name, remote, key) // which keeps its verdict
			return errSeen
		},
		HostKeyAlgorithms: keys.Algorithms,
		ClientVersion:     clientVersion,
	})
	switch {
	case keys.Verdict != nil:
		return shown, keyError(to.Name, keys.Verdict)
	case keys.Accepted:
		return shown, nil
	case keys.IsExhausted(err):
		return nil, keyError(to.Name, keys.Mismatch())
	}
	return nil, handshakeError(ctx, to, err)
}
