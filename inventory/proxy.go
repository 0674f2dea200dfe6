package inventory

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"kbootstrap/fault"
)

// Proxy is the way of the hosts to what is outside of the cluster: for images and packages, and for
// nothing else. A URL may have a login, which is a secret.
type Proxy struct {
	HTTP, HTTPS string
	// No are the addresses, networks and domains that are reached without it, besides those of the
	// cluster.
	No []string
}

// IsSet reports whether there is a proxy.
func (p Proxy) IsSet() bool { return p.HTTP != "" || p.HTTPS != "" }

// HasLogin reports whether a URL has a user name or a password.
func (p Proxy) HasLogin() bool { return strings.Contains(p.HTTP+p.HTTPS, "@") }

// Excepted are what is reached without the proxy: this machine, the hosts, the networks and names
// of the cluster, and what the inventory adds.
func (c *Cluster) Excepted() []string {
	all := []string{"localhost", "127.0.0.0/8", "::1"}
	for _, h := range c.Hosts {
		for _, a := range h.Addresses() {
			all = append(all, a.String())
		}
	}
	for _, p := range append(c.Network.PodNetworks(), c.Network.ServiceNetworks()...) {
		all = append(all, p.String())
	}
	all = append(all, ".svc", "."+c.Network.Domain)
	if c.AddOns.Registry.Enabled {
		all = append(all, c.AddOns.Registry.Name)
	}
	return append(all, c.Proxy.No...)
}

// proxyFields returns the fields of proxy.
func proxyFields(p *Proxy) []field {
	return []field{
		{name: "http", shape: "URL", class: fault.InventoryValue, read: proxyURL(&p.HTTP),
			doc: "the proxy for URLs with `http`, such as `http://proxy.example.com:3128`. It may have a login " +
				"(`http://user:password@…`), which no message, plan or log shows."},
		{name: "https", shape: "URL", class: fault.InventoryValue, read: proxyURL(&p.HTTPS),
			doc: "the proxy for URLs with `https`, such as those of registries. It is usually that of `http`."},
		{name: "no", shape: "list", class: fault.InventoryValue, read: exceptions(&p.No),
			doc: "what is reached without the proxy: addresses, networks (`10.0.0.0/8`), names and domains " +
				"(`.example.com`). The hosts, the networks of pods and Services and the names of the cluster are " +
				"added by themselves."},
	}
}

// exceptions reads the list of what is reached without the proxy.
func exceptions(to *[]string) decoder {
	return each(decoder{someText(), func(r *reader, at string, v *node) {
		if s := exceptionOf(r, at, v); s != "" {
			*to = append(*to, s)
		}
	}})
}

// proxyURL reads the URL of a proxy. No message shows it, as it may have a password.
func proxyURL(to *string) decoder {
	return decoder{textLike(`^https?://`), func(r *reader, at string, v *node) {
		*to = ""
		if strings.Contains(v.text, "@") {
			r.hidden[v.line] = true
		}
		if v.kind != text || hasControl(v.text) {
			r.problemAt(v.line, v.column, "write it like http://proxy.example.com:3128", "the proxy is not text")
			return
		}
		u, err := url.Parse(v.text)
		const like = "write it like http://proxy.example.com:3128; in a login, write special characters as %40"
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
			r.problemAt(v.line, v.column, like, "the proxy is not an http(s) URL")
		case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
			r.problemAt(v.line, v.column, like, "the URL of a proxy has only a host and a port")
		case !validHost(u.Hostname()):
			r.problemAt(v.line, v.column, like, "the host of the proxy is neither a name nor an address")
		case u.Port() != "" && !isPort(u.Port()):
			r.problemAt(v.line, v.column, like, "the port of the proxy is not one: ports are 1 to 65535")
		default:
			*to = strings.TrimSuffix(u.String(), "/")
		}
	}}
}

func isPort(s string) bool {
	_, ok := parsePort(s)
	return ok
}

var exceptionPattern = regexp.MustCompile(`^[A-Za-z0-9_.*:-]+(:[0-9]+)?$`)

// exceptionOf reads one of the things that are reached without the proxy.
func exceptionOf(r *reader, at string, v *node) string {
	var s string
	if str(&s).decode(r, at, v); s == "" {
		return ""
	}
	if _, err := netip.ParsePrefix(s); err == nil || exceptionPattern.MatchString(s) {
		return s
	}
	r.problemAt(v.line, v.column, "write one item for each",
		"%q is neither an address, a network, a name nor a domain", s)
	return ""
}

// checkProxy checks that exceptions have something that they are exceptions of.
func checkProxy(r *reader, _ *Cluster) {
	if r.given("proxy.no") && !r.given("proxy.http") && !r.given("proxy.https") {
		r.problem("proxy.no", "add http and https, or leave no out", "proxy has exceptions, and no proxy")
	}
}
