// Command recording runs a program on a terminal of its own and writes what a person would have
// seen as an SVG that moves. The README's picture of `kbootstrap up` is made with it: make
// recording.
//
//	go run ./workshop/recording -o docs/up.svg -C demo -- kbootstrap up
//
// The terminal is that of script(1). What comes out is kept with its time in record.go, played on
// the screen of screen.go, and drawn by svg.go. Nothing is edited but the wait at the end.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// limit bounds a recording: whatever takes longer is no demonstration.
const limit = 10 * time.Minute

func main() {
	output := flag.String("o", "up.svg", "the SVG to write")
	dir := flag.String("C", ".", "the directory to run in")
	columns := flag.Int("columns", 80, "width of the terminal")
	rows := flag.Int("rows", 24, "height of the terminal")
	flag.Parse()
	if err := run(*output, *dir, *columns, *rows, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(output, dir string, columns, rows int, command []string) error {
	if len(command) == 0 {
		return fmt.Errorf("no command: say recording -o up.svg -- kbootstrap up")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	chunks, err := record(ctx, dir, columns, rows, command)
	if err != nil {
		return err
	}
	frames, err := play(chunks, columns, rows, "$ "+strings.Join(command, " ")+"\r\n")
	if err != nil {
		return err
	}
	picture := draw(frames, columns, rows, strings.Join(command, " "))
	if err := os.WriteFile(output, []byte(picture), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d frames, %s, %d kB\n", output, len(frames), frames[len(frames)-1].at.Round(time.Millisecond),
		len(picture)/1000)
	return nil
}
