package inventory

import (
	"strconv"

	"kbootstrap/fault"
)

// check reports what is wrong with the values that could be read, alone and together. It skips zero
// values: they were not given or could not be read, and both have been reported.
func (r *reader) check(c *Cluster) {
	for _, rule := range []struct {
		code  fault.Code
		check func(c *Cluster)
	}{
		{fault.InventoryRoles, r.checkHosts},
		{fault.InventoryName, r.checkNames},
		{fault.InventoryNetwork, r.checkNetworks},
		{fault.InventoryAddress, r.checkAddresses},
		{fault.InventoryPort, r.checkPorts},
		{fault.InventoryLogin, r.checkSSH},
		{fault.InventoryRoles, r.checkRoles},
		{fault.InventoryArgument, r.checkArguments},
		{fault.InventoryValue, r.checkRuntime},
	} {
		r.class = rule.code
		rule.check(c)
	}
}

func (r *reader) checkHosts(*Cluster) {
	if v := r.places["hosts"]; v != nil && v.kind == list && len(v.items) == 0 || v != nil && v.kind == null {
		r.problem("hosts", "", "there are no hosts")
	}
}

func (r *reader) checkRuntime(c *Cluster) {
	if c.CRI == "dockerd" && c.Runtime == "containerd" {
		r.problem("cri", `set runtime to docker, or cri to containerd`,
			"cri dockerd needs dockerd, but runtime is containerd")
	}
}

// index returns the path of an item of a list.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
