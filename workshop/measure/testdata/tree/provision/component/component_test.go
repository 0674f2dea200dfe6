package component

var coreDNSTest = "coredns"
