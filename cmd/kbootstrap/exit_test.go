package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/diagnosis"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/remote"
)

func failure(host string, err error) plan.Failure {
	return plan.Failure{Host: host, Component: "etcd", Err: err}
}

// TestExitCode: the code of each kind of error, however deep it is wrapped and whatever stands
// next to it.
func TestExitCode(t *testing.T) {
	unreachable := &remote.Error{Host: "m1", Op: "dial", Kind: remote.Unreachable, Err: errors.New("refused")}
	locked := fmt.Errorf("lock: %w", &node.LockedError{})
	problems := inventory.Problems{{File: "hosts.yaml", Message: "is empty"}}
	for _, test := range []struct {
		what string
		err  error
		want int
	}{
		{"none", nil, exitOK},
		{"any", errors.New("any"), exitFailure},
		{"coded", exitError{exitChanges, nil}, exitChanges},
		{"coded, wrapped", fmt.Errorf("x: %w", exitError{exitRefused, errors.New("y")}), exitRefused},
		{"coded, with a cause of another code",
			exitError{exitPartial, plan.Failures{failure("m1", unreachable)}}, exitPartial},
		{"problems", fmt.Errorf("x: %w", problems), exitUsage},
		{"locked", plan.Failures{failure("m1", locked)}, exitLocked},
		{"locked here, unreachable there", plan.Failures{failure("m1", unreachable),
			failure("m2", locked)}, exitLocked},
		{"unreachable", plan.Failures{failure("m1", unreachable)}, exitUnreachable},
		{"refused", guard.Refusals{{Text: "no"}, {Text: "never"}}, exitRefused},
		{"refused because no host can be reached", guard.Refusals{{Text: "no", Cause: unreachable}}, exitUnreachable},
		{"interrupted", fmt.Errorf("stopped: %w", context.Canceled), exitInterrupted},
		{"interrupted while it dialled", plan.Failures{failure("m1", &remote.Error{Err: context.Canceled})},
			exitInterrupted},
		{"lost", plan.Failures{failure("m1", &node.LostError{Err: errors.New("EOF")})}, exitFailure},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
	}
}

// TestExitCodeOfSignal: the cause that a signal gives to a context counts as an interruption.
func TestExitCodeOfSignal(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGUSR1)
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if code := exitCode(fmt.Errorf("stopped: %w", context.Cause(ctx))); code != exitInterrupted {
		t.Errorf("%d for %v", code, context.Cause(ctx))
	}
}

func TestRunError(t *testing.T) {
	lost := errors.New("lost")
	two := plan.Failures{failure("m1", lost), failure("m1", lost), failure("m2", lost)}
	failed := []string{"m1", "m2"}
	for _, test := range []struct {
		what    string
		err     error
		outcome plan.Outcome
		want    int
	}{
		{"one of three is finished", two, plan.Outcome{Failed: failed, Finished: []string{"m3"}}, exitPartial},
		{"the third was not begun", two, plan.Outcome{Failed: failed, Skipped: []string{"m3"}}, exitUnhealthy},
		{"two of two", two, plan.Outcome{Failed: failed}, exitUnhealthy},
		{"wrapped", fmt.Errorf("x: %w", two), plan.Outcome{Failed: failed, Finished: []string{"m3"}}, exitPartial},
		{"interrupted", fmt.Errorf("stopped: %w", context.Canceled),
			plan.Outcome{Finished: []string{"m3"}}, exitInterrupted},
		{"interrupted, with failures", plan.Failures{failure("m1", context.Canceled)}, plan.Outcome{}, exitInterrupted},
		{"something else", lost, plan.Outcome{Finished: []string{"m3"}}, exitFailure},
	} {
		err := runError(test.err, test.outcome)
		if got := exitCode(err); got != test.want || !errors.Is(err, test.err) && !errors.As(err, new(plan.Failures)) {
			t.Errorf("%s: %d, want %d: %v", test.what, got, test.want, err)
		}
	}
}

// TestFail: what goes to standard error for each kind of error.
func TestFail(t *testing.T) {
	refused := &remote.Error{Host: "m1", Op: "dial 192.0.2.1:22", Kind: remote.Unreachable,
		Err: errors.New("connection refused")}
	for _, test := range []struct {
		err  error
		code int
		want string
	}{
		{exitError{exitChanges, nil}, exitChanges, ""},
		{errors.New("first line\nsecond line"), exitFailure,
			"error[KB9003]: first line\n  second line\n" +
				"  hint: Read the message from the end: the cause comes last. " +
				"Please report it, so that it gets an entry\n" +
				"  explain: kbootstrap explain KB9003\n"},
		{cli.UsageError{Err: existing("hosts.yaml")}, exitUsage,
			"error[KB1101]: hosts.yaml exists already\n  hint: --force overwrites it; -o writes another file\n" +
				"  explain: kbootstrap explain KB1101\n"},
		{
			exitError{exitPartial, plan.Failures{failure("m1", refused), failure("m2", &node.LockedError{})}},
			exitPartial,
			"error[KB2203]: m1: dial 192.0.2.1:22: connection refused\n  hint: " + fault.HintOf(refused) +
				"\n  explain: kbootstrap explain KB2203\n" +
				"error[KB6101]: m2: etcd: locked by another run\n  hint: " + (&node.LockedError{}).Hint() +
				"\n  explain: kbootstrap explain KB6101\n",
		},
		{
			inventory.Problems{{Code: fault.InventorySyntax, File: "hosts.yaml", Message: "is empty",
				Hint: "write one"}}, exitUsage,
			inventory.Problems{{Code: fault.InventorySyntax, File: "hosts.yaml", Message: "is empty",
				Hint: "write one"}}.Error() +
				"\n  explain: kbootstrap explain KB1002\n",
		},
		{
			plan.Failures{failure("m1", refused), failure("m1", refused)}, exitUnreachable,
			"error[KB2203]: m1: dial 192.0.2.1:22: connection refused\n" +
				"error[KB2203]: m1: dial 192.0.2.1:22: connection refused\n" +
				"  hint: " + fault.HintOf(refused) + "\n  explain: kbootstrap explain KB2203\n",
		},
		{
			plan.Failures{failure("m1", &diagnosis.UnitFailure{
				Unit: "etcd.service", Err: fault.RolledBack.Errorf("rolled back"),
				Diagnosis: diagnosis.Diagnosis{Code: fault.PortInUse, Cause: "port 1 is in use", Hint: "free it",
					Evidence: []string{"in use"}},
			})}, exitFailure,
			"error[KB5020]: m1: etcd: port 1 is in use (KB5104)\n  rolled back\n  journal of etcd.service:\n" +
				"    > in use\n" +
				"  hint: free it\n  explain: kbootstrap explain KB5020 KB5104\n",
		},
		{
			plan.Failures{failure("m1", context.Canceled), failure("m2", context.Canceled)}, exitInterrupted,
			"kbootstrap: interrupted; run the same command again to finish\n",
		},
	} {
		var stderr strings.Builder
		a := &app{stderr: &stderr}
		if code := a.fail(test.err); code != test.code || stderr.String() != test.want {
			t.Errorf("code %d, want %d\ngot\n%s\nwant\n%s", code, test.code, stderr.String(), test.want)
		}
	}
}

// TestReaderGone: `kbootstrap schema | head -1` ends without a word, as other programs do.
func TestReaderGone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: writer, stderr: &said}
	if code := a.run(t.Context(), []string{"schema"}); code != cli.ExitReaderGone || said.Len() > 0 {
		t.Errorf("exit %d\n%s", code, said.String())
	}
}
