package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// rings is what one reads before one adds a component: the idea as it is on a host (1), and as it
// is here (2). A row with several paths is the first of them that is there, so that a file may
// move.
var rings = []struct {
	ring  int
	paths string
}{
	{1, "resource/resource.go provision/resource/resource.go"},
	{1, "resource/diff.go provision/resource/diff.go"},
	{1, "resource/kinds/kinds.go provision/resource/gone.go"},
	{1, "resource/kinds/apply.go provision/resource/text.go"},
	{1, "resource/converge/observe.go provision/resource/observe.go"},
	{1, "resource/converge/converge.go provision/resource/converge.go"},
	{1, "resource/kinds/codec.go provision/resource/codec.go"},
	{1, "resource/text.go provision/resource/text.go"},
	{2, "provision/component/component.go provision/component.go"},
	{2, "provision/component/target.go provision/component.go"},
	{2, "provision/component/build.go provision/component.go"},
	{2, "provision/component/addon.go provision/component.go"},
	{2, "provision/plan/plan.go provision/plan.go"},
	{2, "provision/plan/walk.go provision/walk.go"},
	{2, "provision/fleet/look.go provision/observe.go"},
	{2, "provision/apply.go"},
}

// A Reading is a file of a ring, and its length.
type Reading struct {
	Ring, Lines int
	Path        string
}

// readRings returns the files of the rings. A file that is missing is an error: the table has to
// follow the sources.
func readRings(root string) ([]Reading, error) {
	var list []Reading
	for _, row := range rings {
		found, err := firstOf(root, strings.Fields(row.paths))
		if err != nil {
			return nil, err
		}
		found.Ring = row.ring
		list = append(list, found)
	}
	return list, nil
}

func firstOf(root string, paths []string) (Reading, error) {
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return Reading{Path: path, Lines: bytes.Count(text, []byte("\n"))}, err
	}
	return Reading{}, fmt.Errorf("there is no %s: mend the table in workshop/measure/rings.go",
		strings.Join(paths, ", nor "))
}
