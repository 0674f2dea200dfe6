package components

import (
	"strings"
	"time"
)

// cni has the plugins that flannel's network uses, out of the two dozen that upstream's archive
// has.
func cni(arch string) recipe {
	const module = "github.com/containernetworking/plugins"
	source := goModule{
		Path: module, Version: cniVersion, GoMod: goMod("cni"),
		Set: map[string]string{module + "/pkg/utils/buildversion.BuildVersion": cniVersion},
	}
	r := recipe{Name: "cni-plugins", Version: cniVersion, Takes: 10 * time.Second}
	var members []member
	for _, plugin := range []string{"main/bridge", "ipam/host-local", "main/loopback", "meta/portmap"} {
		name := plugin[strings.Index(plugin, "/")+1:]
		source.Packages = append(source.Packages, module+"/plugins/"+plugin)
		r.Checks = append(r.Checks, check{[]string{name, "--version"}, cniVersion})
		members = append(members, member{"./" + name, name})
	}
	r.Source = source
	r.Artifacts = []artifact{{
		"https://" + module + "/releases/download/" + cniVersion + "/cni-plugins-linux-" + arch + "-" + cniVersion + ".tgz",
		archive{members},
	}}
	return r
}
