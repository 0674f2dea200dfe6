// Command versions prints which versions of components the project installs by default, and which
// of these are older than they have to be: older than what the tool has sums of, open to a known
// hole, other than what the lab runs, or older than what the projects have published as modules.
//
//	make versions
//	go run ./workshop/versions -offline    # without the last of these, which needs a network
//
// An update is then: the sums of the new versions into the data that `go generate ./release` reads,
// the defaults and the lab's versions where the last column says, new rows in release/holes.go, the
// goldens, and a run of the lab. docs/contributing.md has the steps. Start at pins.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	offline := flag.Bool("offline", false, "do not ask the module proxy what is newest")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	all, err := pins()
	if err == nil && !*offline {
		ask(ctx, all)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "versions:", err)
		os.Exit(1)
	}
	fmt.Print(table(all))
}
