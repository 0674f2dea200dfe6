package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"kbootstrap/remote"
	"kbootstrap/screen"
)

// drawing is what is drawn on the terminal and has to make way for a question.
type drawing interface {
	suspend()
	resume()
}

// terminal asks the person at the terminal. It is the remote.Asker of the tool.
type terminal struct {
	in     *os.File
	out    io.Writer
	screen drawing // nil when nothing is drawn

	one   sync.Mutex     // only one question is shown at a time
	reads sync.WaitGroup // includes the reads that were left behind
}

// asker returns the person to ask, or nil if there is no terminal for the question or none for the
// answer.
func (a *app) asker(s drawing) remote.Asker {
	out, ok := a.stderr.(*os.File)
	if !ok || !a.interactive() || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	return &terminal{in: a.stdin.(*os.File), out: out, screen: s}
}

// Confirm asks until the answer is yes or no; the end of the input is no.
func (t *terminal) Confirm(ctx context.Context, question string) (bool, error) {
	answer := false
	err := t.ask(ctx, question+" [yes/no] ", func() error {
		for {
			line, err := readLine(t.in)
			switch strings.ToLower(strings.TrimSpace(line)) {
			case "yes", "y":
				answer = true
				return nil
			case "no", "n":
				return nil
			}
			if errors.Is(err, io.EOF) {
				fmt.Fprintln(t.out)
				return nil
			}
			if err != nil {
				return err
			}
			fmt.Fprint(t.out, `type "yes" or "no": `)
		}
	})
	return answer && err == nil, err
}

// Line asks for a line of text, which is shown while it is typed, and returns the line without the
// space around it. At the end of the input the error is io.EOF.
func (t *terminal) Line(ctx context.Context, question string) (string, error) {
	var line string
	err := t.ask(ctx, question, func() (err error) {
		line, err = readLine(t.in)
		return err
	})
	if err != nil {
		return "", err // also when the read was left behind, and may still write the line
	}
	return strings.TrimSpace(line), nil
}

// Secret asks for something that is not shown while it is typed.
func (t *terminal) Secret(ctx context.Context, question string) (string, error) {
	var secret []byte
	err := t.ask(ctx, question, func() (err error) {
		secret, err = term.ReadPassword(int(t.in.Fd()))
		fmt.Fprintln(t.out)
		return err
	})
	if err != nil {
		return "", err
	}
	return string(secret), nil
}

// ask shows the question once no other question is shown, and reads the answer. A read of a
// terminal cannot be interrupted: when the context ends, the terminal is put back as it was and the
// read is left behind, because the process is about to end.
func (t *terminal) ask(ctx context.Context, question string, read func() error) error {
	t.one.Lock()
	defer t.one.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if t.screen != nil {
		t.screen.suspend()
		defer t.screen.resume()
	}
	before, err := term.GetState(int(t.in.Fd()))
	if err != nil {
		return err
	}
	fmt.Fprint(t.out, screen.Clean(question)) // a host may be the one that asks: it must not control the terminal
	done := make(chan error, 1)
	t.reads.Go(func() { done <- read() })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		_ = term.Restore(int(t.in.Fd()), before)
		fmt.Fprintln(t.out)
		return context.Cause(ctx)
	}
}

// readLine reads up to the end of the line and not a byte further: what follows belongs to the next
// question.
func readLine(in io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := in.Read(b)
		if n > 0 && b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
}
