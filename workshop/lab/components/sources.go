package components

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// sources yields the programs of a component that come from several places.
type sources []source

func (s sources) tools() []string {
	var tools []string
	for _, one := range s {
		for _, tool := range one.tools() {
			if !slices.Contains(tools, tool) {
				tools = append(tools, tool)
			}
		}
	}
	return tools
}

func (s sources) collect(ctx context.Context, work, dir string) error {
	for n, one := range s {
		own := filepath.Join(work, strconv.Itoa(n))
		if err := os.Mkdir(own, 0o755); err != nil {
			return err
		}
		if err := one.collect(ctx, own, dir); err != nil {
			return err
		}
	}
	return nil
}
