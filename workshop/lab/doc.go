// Package lab boots hosts for trying the tool out where no hypervisor is to be had: systemd-nspawn
// machines with a real systemd as PID 1, a real sshd and a real firewalld, shaped like the ones
// that Vagrant makes with VirtualBox. Every host has 10.0.2.15 on eth0, where the default route and
// the forwarded SSH port are, and its cluster address on eth1.
//
// With Spec.VM the hosts are virtual machines instead (vm.go), of the same shape.
//
// It needs Linux and root. Nothing gets an address or a route in the namespace of the machine
// itself; what a lab owns is named after its directory, so labs live side by side and a dead one
// can be swept away. Start at Up.
package lab
