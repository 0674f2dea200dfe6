package guard

// Foreign refuses hosts that say by a mark of the tool that they belong to another cluster.
func Foreign(s Situation) Refusals {
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		for _, name := range s.names(h.Name) {
			if name != s.Cluster.Name {
				rs = append(rs, s.otherCluster(h.Name, name))
				break
			}
		}
	}
	return rs
}
