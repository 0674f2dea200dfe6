package lab

var name = "coredns"
