package release

import (
	"maps"
	"os"
)

// FileContent is a file of this machine that is sent like an artifact: a zstd stream of bytes with
// this size and sum.
func FileContent(name, path, sha256 string, size int64) (Content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Content{}, err
	}
	return Content{Name: name, SHA256: sha256, Size: size, Compressed: info.Size(), path: path}, nil
}

// With returns the set with one content more.
func (s *Set) With(c Content) *Set {
	more := *s
	more.contents = maps.Clone(s.contents)
	more.contents[c.Name] = c
	return &more
}
