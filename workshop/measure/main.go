// Command measure prints how the sources are built, as the table of docs/design.md. It counts in
// the sources themselves and builds nothing:
//
//	make measure
//	go run ./workshop/measure -v           # names what was counted
//	go run ./workshop/measure -requests 3  # with the requests that make bench has counted
//
// What a maintainer has to keep up lies in tables: the floors of the house in floors.go, what a
// newcomer reads first in rings.go, what is looked for in mentions.go. Start at measure.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	verbose := flag.Bool("v", false, "name the files that were counted")
	root := flag.String("C", ".", "the root of the checkout")
	requests := flag.Int("requests", 0, "the requests a host of a second up, as make bench counts them")
	flag.Parse()
	figures, err := measure(*root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
	fmt.Print(figures.table(*requests))
	if *verbose {
		fmt.Print("\n", strings.Join(figures.details(), "\n"), "\n")
	}
}
