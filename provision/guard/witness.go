package guard

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// Evidence is what was found on a host that tells how the cluster was made. What was not found is
// empty.
type Evidence struct {
	Keys       []Key    // those that the cluster hangs on
	Services   string   // the network that the API server was started with
	Pods       string   // the network that the controller manager was started with
	Domain     string   // that the kubelet was started with
	Kubernetes string   // the version of the API server, without a leading v
	Kubelet    string   // the version of the kubelet
	Etcd       string   // the version of etcd
	Addresses  []Bound  // that the units of its roles were started with
	Members    []string // the addresses at which the API server looks for members of etcd on other hosts
	APIPort    string   // that the API server was started with
	Flannel    string   // how flannel carries packets between hosts: "vxlan, port 8472"
	Units      []string // ours, of roles that the inventory does not give to the host
}

// Key is the file of an authority's certificate, or of a public key.
type Key struct{ Path, Found, Wanted string }

// Bound is a unit that others reach at an address, and the address that it has.
type Bound struct{ Unit, Address string }

// witness is a resource of the plan whose found state tells how the cluster was made.
type witness struct {
	path  string // of a file or a link
	tells func(e *Evidence, path, found, wanted string)
}

// witnesses are files, whose contents tell, and links, whose targets do. A plan that is limited to
// some hosts or components does not see them, but must not contradict them either.
var witnesses = []witness{
	{component.PKIDir + "/ca.crt", (*Evidence).addKey},
	{component.EtcdPKI + "/ca.crt", (*Evidence).addKey},
	{component.PKIDir + "/sa.pub", (*Evidence).addKey},
	{"/etc/systemd/system/etcd.service", func(e *Evidence, _, found, _ string) {
		e.addAddress(component.Etcd, hostOf(templates.ReadFlags([]byte(found))["initial-advertise-peer-urls"]))
	}},
	{"/etc/systemd/system/kube-apiserver.service", func(e *Evidence, _, found, _ string) {
		flags := templates.ReadFlags([]byte(found))
		e.Services, e.APIPort = flags["service-cluster-ip-range"], flags["secure-port"]
		e.addAddress(component.APIServer, flags["advertise-address"])
		for server := range strings.SplitSeq(flags["etcd-servers"], ",") {
			if address := hostOf(server); address != "" && address != "127.0.0.1" { // its own
				e.Members = append(e.Members, address)
			}
		}
	}},
	{"/etc/systemd/system/kube-controller-manager.service", func(e *Evidence, _, found, _ string) {
		e.Pods = templates.ReadFlags([]byte(found))["cluster-cidr"]
	}},
	{"/var/lib/kubelet/config.yaml", func(e *Evidence, _, found, _ string) {
		var config struct {
			ClusterDomain string `yaml:"clusterDomain"`
		}
		if yaml.Unmarshal([]byte(found), &config) == nil { // an unreadable file says nothing
			e.Domain = config.ClusterDomain
		}
	}},
	{component.FlannelConfig, func(e *Evidence, _, found, _ string) { e.Flannel = carrierOf(found) }},
	{"/usr/local/bin/kube-apiserver", func(e *Evidence, _, found, _ string) {
		e.Kubernetes = component.VersionOf("kubernetes", found)
	}},
	{"/usr/local/bin/kubelet", func(e *Evidence, _, found, _ string) {
		e.Kubelet = component.VersionOf("kubernetes", found)
	}},
	{"/usr/local/bin/etcd", func(e *Evidence, _, found, _ string) { e.Etcd = component.VersionOf("etcd", found) }},
}

func (e *Evidence) addKey(path, found, wanted string) {
	if found != "" {
		e.Keys = append(e.Keys, Key{Path: path, Found: found, Wanted: wanted})
	}
}

func (e *Evidence) addAddress(unit, address string) {
	if address != "" {
		e.Addresses = append(e.Addresses, Bound{unit, address})
	}
}

// hostOf is the host of a URL; a text that is none has none.
func hostOf(text string) string {
	at, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return at.Hostname()
}

// carrierOf tells how flannel carries packets between hosts; the text of another program's file
// tells nothing.
func carrierOf(netConf string) string {
	var config struct {
		Backend struct {
			Type             string
			Port, ListenPort int
		}
	}
	if json.Unmarshal([]byte(netConf), &config) != nil {
		return ""
	}
	return carrier(config.Backend.Type, cmp.Or(config.Backend.Port, config.Backend.ListenPort))
}

// carrier names a backend of flannel, with its port where it has one.
func carrier(backend string, port int) string {
	if (inventory.Flannel{Backend: backend, Port: port}).UDP() == 0 {
		return backend
	}
	return fmt.Sprintf("%s, port %d", backend, port)
}

// Witnesses are what is to be looked at on a host, of a plan that is not limited.
func Witnesses(whole plan.Plan, h inventory.Host) []resource.Resource {
	paths := map[string]bool{}
	for _, w := range witnesses {
		paths[w.path] = true
	}
	var rs []resource.Resource
	for _, s := range whole.Steps {
		if s.At != h.Name {
			continue
		}
		for _, w := range s.Wanted {
			if path, _ := pathAndText(w); paths[path] {
				rs = append(rs, w)
			}
		}
	}
	for _, u := range component.UnitsOfRoles() {
		if !h.Has(u.Role) {
			rs = append(rs, component.OwnDropIn(u.Unit))
		}
	}
	return rs
}

// EvidenceOf reads what was found of the witnesses of a host.
func EvidenceOf(wanted, found []resource.Resource) Evidence {
	var e Evidence
	for _, w := range witnesses {
		for i := range wanted {
			path, text := pathAndText(wanted[i])
			if _, is := pathAndText(found[i]); path == w.path {
				w.tells(&e, path, is, text)
			}
		}
	}
	for _, u := range component.UnitsOfRoles() {
		own := component.OwnDropIn(u.Unit)
		for i, w := range wanted {
			if f, ok := w.(resource.File); ok && f.Path == own.Path && resource.Changed(found[i], w) {
				e.Units = append(e.Units, strings.TrimSuffix(u.Unit, ".service"))
			}
		}
	}
	return e
}

// pathAndText are the path of a file and its content, or the path of a link and its target. The
// text of what is absent is empty.
func pathAndText(r resource.Resource) (path, text string) {
	switch r := r.(type) {
	case resource.File:
		if r.Absent {
			return r.Path, ""
		}
		return r.Path, string(r.Content)
	case resource.Link:
		if r.Absent {
			return r.Path, ""
		}
		return r.Path, r.Target
	}
	return "", ""
}
