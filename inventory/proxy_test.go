package inventory_test

import (
	"slices"
	"strings"
	"testing"
)

func TestProxy(t *testing.T) {
	c, err := parse("hosts.yaml", []byte(dual+
		"proxy: {http: \"http://proxy.example.com:3128/\", "+
		"https: \"http://u:p%40ss@[fd00::1]:3128\", no: [.example.com]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Proxy; p.HTTP != "http://proxy.example.com:3128" || p.HTTPS != "http://u:p%40ss@[fd00::1]:3128" ||
		!p.HasLogin() {
		t.Errorf("proxy %+v", p)
	}
	// The control plane is never reached through it.
	for _, want := range []string{"127.0.0.0/8", "::1", "192.168.56.11", "fd00::21", "10.244.0.0/16", "10.96.0.0/12",
		"fd00:10:244::/56", "fd00:10:96::/112", ".svc", ".cluster.local", ".example.com"} {
		if !slices.Contains(c.Excepted(), want) {
			t.Errorf("%s is not excepted: %q", want, c.Excepted())
		}
	}
}

// TestProxyProblems has a password in each, which no message shows.
func TestProxyProblems(t *testing.T) {
	for value, want := range map[string]string{
		"{http: \"ftp://u:hush@proxy\"}":           "the proxy is not an http(s) URL",
		"{http: \"http://u:hush@proxy:99999\"}":    "the port of the proxy is not one",
		"{http: \"http://u:hush@proxy/path\"}":     "has only a host and a port",
		"{http: \"http://u:hush@pro xy\"}":         "the proxy is not an http(s) URL",
		"{https: \"http://u:hush@a!b:1\"}":         "the host of the proxy is neither",
		"{no: [x]}":                                "proxy has exceptions, and no proxy",
		"{http: \"http://proxy\", no: [\"a, b\"]}": "is neither an address, a network",
	} {
		_, err := parse("hosts.yaml", []byte(base+"proxy: "+value+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", value, err, want)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the message shows the password: %v", value, err)
		}
	}
}
