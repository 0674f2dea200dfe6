package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newTerminal opens a pseudo terminal: the person's end, and the program's.
func newTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// seen reads what the person sees up to and including the text.
func seen(t *testing.T, person *os.File, text string) string {
	t.Helper()
	var all strings.Builder
	b := make([]byte, 1)
	for !strings.HasSuffix(all.String(), text) {
		if _, err := person.Read(b); err != nil {
			t.Fatalf("%v after %q, want %q", err, all.String(), text)
		}
		all.Write(b)
	}
	return all.String()
}

func typed(t *testing.T, person *os.File, text string) {
	t.Helper()
	if _, err := io.WriteString(person, text); err != nil {
		t.Fatal(err)
	}
}

// asked runs a question while the person acts.
func asked[T any](ask func() (T, error)) func() (T, error) {
	var (
		answer T
		err    error
		done   sync.WaitGroup
	)
	done.Go(func() { answer, err = ask() })
	return func() (T, error) { done.Wait(); return answer, err }
}

func TestYesOrNo(t *testing.T) {
	person, program := newTerminal(t)
	asker := (&app{stdin: program, stderr: program}).asker(nil)
	for answer, want := range map[string]bool{"yes\n": true, "Y\n": true, "no\n": false, "n\n": false, "\x04": false,
		"sure\nYES\n": true, "\nno\n": false} {
		got := asked(func() (bool, error) { return asker.Confirm(t.Context(), "go on?") })
		seen(t, person, "go on? [yes/no] ")
		typed(t, person, answer)
		if ok, err := got(); ok != want || err != nil {
			t.Errorf("%q: got %v, %v, want %v", answer, ok, err, want)
		}
	}
}

func TestSecretIsNotShown(t *testing.T) {
	person, program := newTerminal(t)
	asker := (&app{stdin: program, stderr: program}).asker(nil)
	got := asked(func() (string, error) { return asker.Secret(t.Context(), "passphrase: ") })
	seen(t, person, "passphrase: ")
	awaitNoEcho(t, program)
	typed(t, person, "open sesame\n")
	if secret, err := got(); secret != "open sesame" || err != nil {
		t.Errorf("got %q, %v", secret, err)
	}
	typed(t, person, "x\n") // the terminal shows what is typed again
	if text := seen(t, person, "x"); strings.Contains(text, "sesame") {
		t.Errorf("the terminal shows %q", text)
	}
}

// awaitNoEcho waits until what is typed is not shown: the question stands there a moment before
// that.
func awaitNoEcho(t *testing.T, program *os.File) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-tick.C {
		state, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
	}
	t.Fatal("the terminal still shows what is typed")
}

// Many hosts ask at once: one question stands at a time, and the screen makes way for each.
func TestOneQuestionAtATime(t *testing.T) {
	person, program := newTerminal(t)
	s := &countedScreen{}
	asker := (&app{stdin: program, stderr: program}).asker(s)
	const hosts = 5
	var all sync.WaitGroup
	for range hosts {
		all.Go(func() {
			if ok, err := asker.Confirm(t.Context(), "question"); !ok || err != nil {
				t.Errorf("got %v, %v", ok, err)
			}
		})
	}
	for range hosts {
		if text := seen(t, person, "question [yes/no] "); strings.Count(text, "question") != 1 {
			t.Errorf("the terminal shows %q", text)
		}
		typed(t, person, "yes\n")
	}
	all.Wait()
	if s.suspended != hosts || s.resumed != hosts {
		t.Errorf("suspended %d and resumed %d times, want %d", s.suspended, s.resumed, hosts)
	}
}

type countedScreen struct{ suspended, resumed int }

func (s *countedScreen) suspend() { s.suspended++ }
func (s *countedScreen) resume()  { s.resumed++ }

func TestCancelQuestion(t *testing.T) {
	person, program := newTerminal(t)
	asker := (&app{stdin: program, stderr: program}).asker(nil)
	ctx, cancel := context.WithCancel(t.Context())
	got := asked(func() (string, error) { return asker.Secret(ctx, "password: ") })
	seen(t, person, "password: ")
	awaitNoEcho(t, program)
	cancel()
	if _, err := got(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	state, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal was left without echo, %v", err)
	}
	typed(t, person, "\n")
	asker.(*terminal).reads.Wait() // the one that was left behind
}

// What is removed for good is confirmed by its name, and an interrupt there is one.
func TestConfirmAtTerminal(t *testing.T) {
	person, program := newTerminal(t)
	a := &app{stdin: program, stderr: program}
	asker, err := a.mayConfirm("demo", "", removes("demo", 3))
	if err != nil {
		t.Fatal(err)
	}
	const question = "type the cluster's name to go on: "
	for answer, want := range map[string]string{
		" demo \n": "<nil>", "Demo\n": "not confirmed: the cluster's name is demo, not Demo",
		"\n": "not confirmed", "\x04": "not confirmed",
	} {
		got := asked(func() (int, error) { return 0, asker.confirm(t.Context(), "demo", removes("demo", 3)) })
		seen(t, person, question)
		typed(t, person, answer)
		if _, err := got(); fmt.Sprint(err) != want || err != nil && exitCode(err) != exitUsage {
			t.Errorf("%q: got %v, want %s", answer, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := asked(func() (int, error) { return 0, asker.confirm(ctx, "demo", removes("demo", 3)) })
	seen(t, person, question)
	cancel()
	if _, err := got(); err == nil || exitCode(err) != exitInterrupted {
		t.Errorf("interrupted: got %v", err)
	}
	typed(t, person, "\n") // for the read that was left behind
	if _, err := (&app{stdin: program, stderr: io.Discard}).mayConfirm("demo", "", removes("demo", 3)); err == nil ||
		!strings.Contains(err.Error(), "give --confirm demo") {
		t.Errorf("a question that no person sees: got %v", err)
	}
}

// TestNoTerminal: no one is asked if no person is at the terminal.
func TestNoTerminal(t *testing.T) {
	_, program := newTerminal(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for name, a := range map[string]*app{
		"answers from a pipe":  {stdin: r, stderr: program},
		"questions to a pipe":  {stdin: program, stderr: w},
		"neither is a file":    {stdin: strings.NewReader("yes\n"), stderr: io.Discard},
		"questions to nowhere": {stdin: program, stderr: io.Discard},
	} {
		if asker := a.asker(nil); asker != nil {
			t.Errorf("%s: got an asker", name)
		}
	}
}
