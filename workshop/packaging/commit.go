package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// versionPattern are the names of releases: no leading zeros, as dpkg, rpm and Go compare them.
var versionPattern = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$`)

// readCommit takes the version from the tag of the commit, unless it is given, and the time of all
// files from $SOURCE_DATE_EPOCH or the commit. Changes that are in no commit are refused: no other
// user could make the same release.
func (r *release) readCommit(ctx context.Context) error {
	var problems []error
	if changed, err := r.git(ctx, "status", "--porcelain"); err != nil {
		problems = append(problems, err)
	} else if changed != "" {
		problems = append(problems, fmt.Errorf("the checkout differs from its commit, so no one could make this "+
			"release again; commit or remove:\n%s", changed))
	}
	if r.version == "" {
		tag, err := r.git(ctx, "describe", "--tags", "--exact-match")
		if err != nil {
			problems = append(problems, errors.New("the commit has no tag: make one (git tag v1.2.3), or say which "+
				"version it is (make release VERSION=v1.2.3)"))
		}
		r.version = tag
	}
	if r.version != "" && !versionPattern.MatchString(r.version) {
		problems = append(problems, fmt.Errorf("%q is no version of a release; v1.2.3 and v1.2.3-rc.1 are", r.version))
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		var err error
		if epoch, err = r.git(ctx, "log", "-1", "--format=%ct"); err != nil {
			problems = append(problems, err)
		}
	}
	if seconds, err := strconv.ParseInt(epoch, 10, 64); err == nil {
		r.time = time.Unix(seconds, 0).UTC()
	} else if epoch != "" {
		problems = append(problems, fmt.Errorf("SOURCE_DATE_EPOCH: %q is no number of seconds", epoch))
	}
	return errors.Join(problems...)
}

// git returns what git says of the checkout.
func (r *release) git(ctx context.Context, args ...string) (string, error) {
	out, err := runProgram(ctx, program{dir: r.root, argv: append([]string{"git"}, args...)})
	return strings.TrimSpace(out), err
}

// checkURL refuses what formula and installer could not fetch from.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.ContainsAny(text, "'\"\\$` ") {
		return fmt.Errorf("-url %q is not the https address of a directory", text)
	}
	return nil
}

// checkKey refuses a key that is not there, before minutes of compiling.
func checkKey(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err != nil {
		return fmt.Errorf("key to sign with: %w", err)
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("key to sign with: %s is not a file", path)
	}
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		return fmt.Errorf("ssh-keygen signs: %w (apt-get install openssh-client)", err)
	}
	return nil
}

// program is one to run.
type program struct {
	dir  string
	env  []string // added to this process's
	argv []string
}

// runProgram returns what the program printed on its standard output. The error has the end of the
// other.
func runProgram(ctx context.Context, p program) (string, error) {
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), p.env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		said := strings.TrimSpace(stderr.String())
		return "", fmt.Errorf("%s: %w: %s", strings.Join(p.argv[:min(3, len(p.argv))], " "), err,
			said[max(0, len(said)-2000):])
	}
	return stdout.String(), nil
}
