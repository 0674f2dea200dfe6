package component

import (
	"strings"

	"kbootstrap/resource"
)

// unmanagedFile tells NetworkManager what to leave alone. Its name sorts behind those of others,
// because a file that comes later may replace the list.
const unmanagedFile = "/etc/NetworkManager/conf.d/zzz-kbootstrap.conf"

// ipvsInterface has the addresses of Services where kube-proxy is in its mode ipvs.
const ipvsInterface = "kube-ipvs0"

// unmanaged has a NetworkManager leave the interfaces of pods and of docker alone: it takes those
// that others make as they are, until it is told to turn the network off and on. What the owner of
// the host has it leave alone stays in the list (`+=`, NetworkManager.conf(5)).
func (t Target) unmanaged() []resource.Resource {
	if t.Facts.Programs["NetworkManager"] == "" {
		return nil
	}
	names := strings.Join(t.othersInterfaces(), ";interface-name:")
	return one(text(unmanagedFile, 0o644, []byte("[keyfile]\nunmanaged-devices+=interface-name:"+names+"\n")))
}
