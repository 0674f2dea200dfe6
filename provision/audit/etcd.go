package audit

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// etcdSetting is a setting of an etcd that runs. With a configuration file etcd ignores flags and
// variables; else a flag goes before its variable.
// https://etcd.io/docs/v3.6/op-guide/configuration/
func etcdSetting(h Host, p host.Daemon, name, byDefault string) (setting, *Verdict) {
	variable := func(name string) string { return "ETCD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }
	file, hasFile := flagOf(p, "config-file")
	if !hasFile {
		file, hasFile = p.Env[variable("config-file")]
	}
	if hasFile && file != "" {
		d, ok := h.Inspection.Document(filepath.Clean(file))
		if !ok || d.Err != "" {
			v := unknown(of(p) + " reads its configuration from " + file + ", which could not be looked at")
			return setting{}, &v
		}
		for _, path := range []string{name, nested[name]} {
			if value, set := field(d.Value, path); set {
				return setting{textOf(value), true, path + " in " + file}, nil
			}
		}
		return setting{byDefault, false, name + " in " + file}, nil
	}
	if value, set := flagOf(p, name); set {
		return setting{value, true, "--" + name + " of " + of(p)}, nil
	}
	if value, set := p.Env[variable(name)]; set {
		return setting{value, true, variable(name) + " of " + of(p)}, nil
	}
	return setting{byDefault, false, "--" + name + " of " + of(p)}, nil
}

// nested are where a configuration file has settings of TLS.
// https://github.com/etcd-io/etcd/blob/main/etcd.conf.yml.sample
var nested = map[string]string{
	"cert-file":             "client-transport-security.cert-file",
	"key-file":              "client-transport-security.key-file",
	"client-cert-auth":      "client-transport-security.client-cert-auth",
	"trusted-ca-file":       "client-transport-security.trusted-ca-file",
	"auto-tls":              "client-transport-security.auto-tls",
	"peer-cert-file":        "peer-transport-security.cert-file",
	"peer-key-file":         "peer-transport-security.key-file",
	"peer-client-cert-auth": "peer-transport-security.client-cert-auth",
	"peer-trusted-ca-file":  "peer-transport-security.trusted-ca-file",
	"peer-auto-tls":         "peer-transport-security.auto-tls",
	// server/embed/config.go of etcd
	"peer-cert-allowed-cn":       "peer-transport-security.allowed-cn",
	"peer-cert-allowed-hostname": "peer-transport-security.allowed-hostname",
}

// etcdAsks asks for the settings of the etcd that runs.
func etcdAsks(w want, byDefault string, names ...string) func(Scene, Host) Verdict {
	return running(etcdProgram, func(_ Scene, h Host, p host.Daemon) Verdict {
		var all []Verdict
		for _, name := range names {
			found, cannot := etcdSetting(h, p, name, byDefault)
			if cannot != nil {
				return *cannot
			}
			all = append(all, found.judge(w))
		}
		return worst(all...)
	})
}

// etcdData judges the directory that the etcd that runs keeps its data in.
func etcdData(most fs.FileMode, wanted string) func(Scene, Host) Verdict {
	return running(etcdProgram, func(s Scene, h Host, p host.Daemon) Verdict {
		found, cannot := etcdSetting(h, p, "data-dir", "")
		if cannot != nil {
			return *cannot
		}
		if wanted != "" {
			return owner(wanted, at(found.value))(s, h)
		}
		return mode(most, at(found.value))(s, h)
	})
}

// etcd is section 2.
func etcd() []Check {
	c := func(id, title string, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Automated: true, Promise: ByDefault, Role: inventory.Etcd, Remedy: arguments,
			host: judge}
	}
	unique := c("2.7", "etcd has a certificate authority of its own", etcdAuthority)
	unique.Automated = false
	return []Check{
		c("2.1", "etcd serves its clients with a certificate", etcdAsks(isSet(), "", "cert-file", "key-file")),
		c("2.2", "etcd asks its clients for a certificate", etcdAsks(is("true"), "false", "client-cert-auth")),
		c("2.3", "etcd does not make certificates for clients by itself", etcdAsks(is("false"), "false", "auto-tls")),
		c("2.4", "etcd serves its peers with a certificate",
			etcdAsks(isSet(), "", "peer-cert-file", "peer-key-file")),
		c("2.5", "etcd asks its peers for a certificate", etcdAsks(is("true"), "false", "peer-client-cert-auth")),
		c("2.6", "etcd does not make certificates for peers by itself",
			etcdAsks(is("false"), "false", "peer-auto-tls")),
		unique,
	}
}

// etcdAuthority compares the authority that etcd trusts with those that API servers do: they must
// not be the same file, nor have the same content.
func etcdAuthority(s Scene, h Host) Verdict {
	return running(etcdProgram, func(s Scene, h Host, p host.Daemon) Verdict {
		trusted, cannot := etcdSetting(h, p, "trusted-ca-file", "")
		if cannot != nil {
			return *cannot
		}
		if v := trusted.judge(isSet()); v.Result != Pass {
			return v
		}
		own, ok := h.Inspection.File(filepath.Clean(trusted.value))
		if !ok || own.Authority == "" {
			return unknown(trusted.text() + ", in which no certificate was found")
		}
		seen := false
		for _, other := range s.Hosts {
			for _, server := range other.Inspection.Daemons(apiServerProgram) {
				path, _ := flagOf(server, "client-ca-file")
				f, ok := other.Inspection.File(filepath.Clean(path))
				if ok && f.Authority == own.Authority {
					return fail(trusted.value + " is the authority of the API's clients too, " + path + " on " +
						other.Name)
				}
				seen = seen || ok && f.Authority != ""
			}
		}
		if !seen {
			return unknown("no API server told which authority it trusts")
		}
		return pass(trusted.value + " is not the authority of the API's clients")
	})(s, h)
}

// etcdMembers judges whether a client could pose as a member: by an authority of their own, or by
// names that no client's certificate has.
func etcdMembers(s Scene, h Host) Verdict {
	return running(etcdProgram, func(s Scene, h Host, p host.Daemon) Verdict {
		found := map[string]setting{}
		for _, name := range []string{
			"trusted-ca-file", "peer-trusted-ca-file", "peer-cert-allowed-cn", "peer-cert-allowed-hostname",
		} {
			value, cannot := etcdSetting(h, p, name, "")
			if cannot != nil {
				return *cannot
			}
			found[name] = value
		}
		clients, _ := h.Inspection.File(filepath.Clean(found["trusted-ca-file"].value))
		members, _ := h.Inspection.File(filepath.Clean(found["peer-trusted-ca-file"].value))
		if clients.Authority != "" && members.Authority != "" && clients.Authority != members.Authority {
			return pass(members.Path + " is an authority of members alone")
		}
		names := found["peer-cert-allowed-cn"]
		if names.value == "" {
			if hosts := found["peer-cert-allowed-hostname"]; hosts.value != "" {
				return Verdict{Manual, hosts.text() + ": see that no client's certificate has such a name"}
			}
			return fail(names.text() + ", and clients and members have one authority")
		}
		for _, name := range splitList(names.value) {
			if client := etcdClient(s, name); client != "" {
				return fail(names.text() + ", which is the name of the client " + client)
			}
		}
		return pass(names.text())
	})(s, h)
}

// etcdClient names the certificate by which an API server is a client of that name; "" if none is.
func etcdClient(s Scene, name string) string {
	for _, h := range s.Hosts {
		files, _ := named(apiServerProgram, "etcd-certfile")(s, h)
		for _, f := range files {
			for _, c := range f.Certificates {
				if slices.Contains(strings.Split(c.Subject, ","), "CN="+name) {
					return f.Path + " on " + h.Name
				}
			}
		}
	}
	return ""
}
