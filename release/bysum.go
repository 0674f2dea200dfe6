package release

// BySum returns the content of that sha256 sum, in hex.
func (s *Set) BySum(sum string) (Content, bool) {
	for _, c := range s.contents {
		if c.SHA256 == sum {
			return c, true
		}
	}
	return Content{}, false
}
