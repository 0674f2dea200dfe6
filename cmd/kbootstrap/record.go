package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"kbootstrap/release"
)

// bindRecord adds the flag of commands that may record the sums of artifacts.
func (f *clusterFlags) bindRecord(c *cobra.Command) {
	f.records = true
	f.bindBundle(c)
	c.Flags().BoolVar(&f.record, "record", false, "fetch artifacts without a published sum, over https or from "+
		"a directory, and record their sums in the artifact lock, without asking")
}

// mayRecord reports whether the sums of artifacts that are not known may be recorded: the flag says
// so, or the person at the terminal does.
func (f *clusterFlags) mayRecord(ctx context.Context, unknown *release.UnpinnedError) (bool, error) {
	person := f.app.asker(f.app.shown)
	if f.record || person == nil {
		return f.record, nil
	}
	from := unknown.Mirror
	if from != "" {
		from = "from " + from
	}
	what := fmt.Sprintf("%d artifacts have no published sum", len(unknown.URLs))
	if len(unknown.URLs) == 1 {
		what = "1 artifact has no published sum"
	}
	for _, url := range unknown.URLs {
		what += "\n  " + url
	}
	return person.Confirm(ctx, fmt.Sprintf("%s\nFetch %s and record in %s?",
		what, cmp.Or(from, "over https"), filepath.Base(unknown.Lock)))
}
