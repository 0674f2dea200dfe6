package inventory

import (
	"strconv"

	"kbootstrap/fault"
)

// check reports what is wrong with the values that could be read, alone and together. It skips zero
// values: they were not given or could not be read, and both have been reported.
func check(r *reader, c *Cluster) {
	for _, rule := range []struct {
		code  fault.Code
		check func(r *reader, c *Cluster)
	}{
		{fault.InventoryRoles, checkHosts},
		{fault.InventoryName, checkNames},
		{fault.InventoryNetwork, checkNetworks},
		{fault.InventoryAddress, checkAddresses},
		{fault.InventoryNetwork, checkIPv6},
		{fault.InventoryValue, checkRegistry},
		{fault.InventoryValue, checkIngress},
		{fault.InventoryValue, checkUI},
		{fault.InventoryPort, checkPorts},
		{fault.InventoryLogin, checkSSH},
		{fault.InventoryRoles, checkRoles},
		{fault.InventoryArgument, checkArguments},
		{fault.InventoryArgument, checkListeners},
		{fault.InventoryValue, checkRuntime},
		{fault.InventorySecurity, checkSecurity},
		{fault.InventoryValue, checkArtifacts},
		{fault.InventoryValue, checkAddOns},
		{fault.InventoryValue, checkBackup},
		{fault.InventoryValue, checkNFS},
		{fault.InventoryValue, checkMirrors},
		{fault.InventoryValue, checkProxy},
		{fault.InventoryValue, checkStores},
	} {
		r.class = rule.code
		rule.check(r, c)
	}
}

func checkHosts(r *reader, _ *Cluster) {
	if v := r.places["hosts"]; v != nil && v.kind == list && len(v.items) == 0 || v != nil && v.kind == null {
		r.problem("hosts", `each begins with "- name: NAME"`, "there are no hosts")
	}
}

func checkRuntime(r *reader, c *Cluster) {
	if c.CRI == "dockerd" && c.Runtime == "containerd" {
		r.problem("cri", `set runtime to docker, or cri to containerd`,
			"cri dockerd needs dockerd, but runtime is containerd")
	}
}

func checkArtifacts(r *reader, c *Cluster) {
	if own := c.Artifacts.OwnBuilds; own != nil && *own && c.Artifacts.Mirror == "" && !r.given("artifacts.mirror") {
		r.problem("artifacts.ownBuilds", "name the mirror, or leave the line out",
			"ownBuilds says whose builds a mirror has, and there is none")
	}
	if c.Artifacts.Mirror != "" && len(c.Artifacts.Upstreams) > 0 {
		r.problem("artifacts.upstreams", "leave one of the two out",
			"a mirror has everything, so no host of upstream is asked that others could stand in for")
	}
}

// index returns the path of an item of a list.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
