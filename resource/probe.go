package resource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
)

// ask is nil when the service says that it is ready, and its answer otherwise. As well as http and
// https there are
//
//	tcp://HOST:PORT       something accepts connections there
//	unix:///PATH          the same for a socket
//	unix:///PATH?get=/X   what serves HTTP at the socket answers a request for /X
//	dns://SERVER/NAME     the server resolves the name, to the address Expect if that is given
//	mount:///PATH         a file system is mounted there, that of the source Expect
//	iptables:///CHAIN     the chain of the table filter has a rule with the text Expect
func (r Ready) ask(ctx context.Context, sys *host.System, client *http.Client) error {
	limited, cancel := context.WithTimeout(ctx, readyAnswer)
	defer cancel()
	err := r.askOnce(limited, sys, client)
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no answer within %s", readyAnswer)
	}
	return err
}

func (r Ready) askOnce(ctx context.Context, sys *host.System, client *http.Client) error {
	target, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	switch target.Scheme {
	case "tcp":
		return accepts(ctx, "tcp", target.Host)
	case "unix":
		if path := target.Query().Get("get"); path != "" {
			return r.fetchAt(ctx, sys.Path(target.Path), path)
		}
		return accepts(ctx, "unix", sys.Path(target.Path))
	case "dns":
		return r.resolves(ctx, target.Host, strings.TrimPrefix(target.Path, "/"))
	case "mount":
		return r.isMounted(sys, target.Path)
	case "iptables":
		return r.hasRule(ctx, sys, strings.TrimPrefix(target.Path, "/"))
	}
	return r.fetch(ctx, client)
}

// fetchAt asks at a socket: a daemon may listen there long before it serves.
func (r Ready) fetchAt(ctx context.Context, socket, path string) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	r.URL = "http://localhost" + path
	return r.fetch(ctx, &http.Client{Transport: transport})
}

// isMounted reads the kernel's list: a look at what is mounted would hang with its server.
func (r Ready) isMounted(sys *host.System, path string) error {
	source, err := sys.MountedAt(sys.Path(path))
	switch {
	case err != nil:
		return err
	case source == "":
		return fmt.Errorf("nothing is mounted on %s", path)
	case source != r.Expect:
		return fmt.Errorf("%s is mounted on %s, not %s", source, path, r.Expect)
	}
	return nil
}

// hasRule asks the program, which others may keep from the tables for a moment (-w).
func (r Ready) hasRule(ctx context.Context, sys *host.System, chain string) error {
	rules, err := sys.Run(ctx, "iptables", "-w", "-S", chain)
	if err != nil {
		return err
	}
	if !strings.Contains(string(rules), r.Expect) {
		return fmt.Errorf("the chain %s of the packet filter has no rule %q", chain, r.Expect)
	}
	return nil
}

// A lost datagram costs the resolver five seconds, so it is given less time, and asked again.
const (
	dnsAnswer = 300 * time.Millisecond
	dnsTries  = 3
)

func accepts(ctx context.Context, network, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (r Ready) resolves(ctx context.Context, server, name string) error {
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "53")
	}
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server)
		},
	}
	var addresses []string
	var err error
	for range dnsTries {
		ctx, cancel := context.WithTimeout(ctx, dnsAnswer)
		addresses, err = resolver.LookupHost(ctx, name+".") // with the dot it is not tried in search domains
		cancel()
		if err == nil {
			break
		}
	}
	// Its whole text names the server of /etc/resolv.conf, which was not asked.
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) {
		return fmt.Errorf("%s, asked of %s: %s", name, server, unknown.Err)
	}
	if err != nil {
		return err
	}
	if r.Expect != "" && !slices.Contains(addresses, r.Expect) {
		return fmt.Errorf("%s is %s, not %s", name, strings.Join(addresses, ", "), r.Expect)
	}
	return nil
}
