package inventory

import "strconv"

// check reports what is wrong with the values that could be read, alone and together. It passes over zero values: they
// were not given, or could not be read, and both have been reported.
func (r *reader) check(c *Cluster) {
	if v := r.places["hosts"]; v != nil && v.kind == list && len(v.items) == 0 || v != nil && v.kind == null {
		r.problem("hosts", "", "there are no hosts")
	}
	r.checkNames(c)
	r.checkNetworks(c)
	r.checkAddresses(c)
	r.checkPorts(c)
	r.checkSSH(c)
	r.checkRoles(c)
	r.checkArguments(c)
	if c.CRI == "dockerd" && c.Runtime == "containerd" {
		r.problem("cri", `set runtime to docker, or cri to containerd`, "cri dockerd needs dockerd, and runtime is containerd")
	}
}

// index returns the path of an item of a list.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
