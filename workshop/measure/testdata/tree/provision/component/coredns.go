package component

import "example.org/tool/resource"

var coreDNS = []resource.Resource{resource.File{Path: "/etc/coredns"}, resource.Swap{}}
