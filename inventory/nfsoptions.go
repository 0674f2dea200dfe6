package inventory

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// nfsOptions are the mount options of nfs(5), and of mount(8) for all file systems, with what their
// values are: "" for those that have none, "number", or the words that there are. Others are taken
// as they are, because a newer kernel may know them.
var nfsOptions = func() map[string]string {
	options := map[string]string{
		"nfsvers": "3 4 4.0 4.1 4.2", "vers": "3 4 4.0 4.1 4.2", "proto": "tcp udp rdma tcp6 udp6 rdma6",
		"mountproto": "tcp udp tcp6 udp6", "mountvers": "1 2 3", "lookupcache": "all none pos positive",
		"local_lock": "all flock posix none", "xprtsec": "none tls mtls", "write": "lazy eager wait",
		"sec": "any", "clientaddr": "any", "mounthost": "any", "mountaddr": "any", "trunkdiscovery": "",
		"softreval": "", "nosoftreval": "", "softerr": "", "context": "any", "comment": "any",
	}
	for name := range strings.FieldsSeq("timeo retrans rsize wsize acregmin acregmax acdirmin acdirmax actimeo retry " +
		"port mountport namlen minorversion nconnect max_connect") {
		options[name] = "number"
	}
	for name := range strings.FieldsSeq("hard soft intr nointr ac noac cto nocto acl noacl lock nolock rdirplus " +
		"nordirplus resvport noresvport sharecache nosharecache fsc nofsc migration nomigration bg fg tcp udp rdma " +
		"ro rw sync async atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime lazytime " +
		"nolazytime exec noexec suid nosuid dev nodev mand nomand defaults iversion noiversion posix noposix") {
		options[name] = ""
	}
	return options
}()

// What is between the two ends of a command line of a shell needs no quotes.
var optionPattern = regexp.MustCompile(`^[a-z][a-z0-9_]*(=[A-Za-z0-9._:/@-]+)?$`)

// checkNFSOption reports an option that mount(8) would refuse on every host.
func checkNFSOption(r *reader, at, option string) {
	if !optionPattern.MatchString(option) {
		r.problem(at, "write one a line, such as nfsvers=4.1", "%q is not a mount option", option)
		return
	}
	name, value, given := strings.Cut(option, "=")
	kind, known := nfsOptions[name]
	switch {
	case !known:
		if near := nearest(name, slices.Sorted(maps.Keys(nfsOptions))); near != "" {
			r.problem(at, didYouMean(near), "%q is not a mount option of nfs(5)", name)
		}
	case kind == "" && given:
		r.problem(at, "write "+name+" alone", "the mount option %s has no value", name)
	case kind != "" && !given:
		r.problem(at, "write "+name+"=VALUE", "the mount option %s needs a value", name)
	case kind == "number":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			r.problem(at, "", "the mount option %s is a whole number, not %q", name, value)
		}
	case kind != "" && kind != "any" && !slices.Contains(strings.Fields(kind), value):
		r.problem(at, "the values are "+strings.ReplaceAll(kind, " ", ", "), "%q is not a value of the mount option %s",
			value, name)
	}
}
