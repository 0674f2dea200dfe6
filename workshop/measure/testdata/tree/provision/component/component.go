package component

var all = []any{coreDNS}
