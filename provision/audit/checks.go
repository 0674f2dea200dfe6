package audit

import "slices"

// Checks is the table: every check, in the order in which it is shown. Identifiers and what is
// automated are those of the benchmark, as kube-bench has them
// (https://github.com/aquasecurity/kube-bench, cfg/cis-1.12).
func Checks() []Check {
	return slices.Concat(controlPlaneFiles(), apiServer(), controllers(), etcd(), controlPlane(), workerFiles(),
		kubelets(), rights(), podSecurity(), policies(), own())
}

const (
	again     = "run `kbootstrap up`, which puts back what is the tool's"
	arguments = "take the setting out of `arguments` of the inventory and out of drop-ins of systemd, and run " +
		"`kbootstrap up`"
	profileCIS = "set security.profile to cis in the inventory, and run `kbootstrap up`"
	review     = "look at who is named, and take the right away where it is not needed"
)
