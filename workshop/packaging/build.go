package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
)

// build compiles the tool for the targets, and for hosts. It returns the files by target.
func (r *release) build(ctx context.Context, dir string) (map[target]string, error) {
	wanted := slices.Clone(r.targets)
	for _, arch := range hostArchitectures {
		if agent := (target{"linux", arch}); !slices.Contains(wanted, agent) {
			wanted = append(wanted, agent)
		}
	}
	programs := map[target]string{}
	for _, t := range wanted { // one after the other: the compiler uses every core
		r.log("build kbootstrap " + r.version + " for " + t.String())
		programs[t] = filepath.Join(dir, t.os, t.arch, t.program())
		if err := r.compile(ctx, t, programs[t]); err != nil {
			return nil, fmt.Errorf("build for %s: %w", t, err)
		}
	}
	return programs, nil
}

// compile makes the tool. Nothing of this machine or of its user's settings goes into it.
func (r *release) compile(ctx context.Context, t target, file string) error {
	env := []string{"GOOS=" + t.os, "GOARCH=" + t.arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOAMD64=v1",
		"GOARM64=v8.0", "GOEXPERIMENT="}
	if r.cache != "" {
		env = append(env, "GOCACHE="+r.cache)
	}
	_, err := runProgram(ctx, program{
		dir: r.root,
		env: env,
		argv: []string{"go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags",
			"-s -w -X main.version=" + r.version, "-o", file, "./cmd/kbootstrap"},
	})
	return err
}

// writeShared makes what is the same on all targets: manual pages, completions and texts, at their
// places below a prefix such as /usr.
func (r *release) writeShared(ctx context.Context, own, shared string) error {
	tool := filepath.Join(own, "kbootstrap")
	if err := r.compile(ctx, target{runtime.GOOS, runtime.GOARCH}, tool); err != nil {
		return err
	}
	man := filepath.Join(shared, "share/man/man1")
	_, err := runProgram(ctx, program{
		env:  []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.time.Unix(), 10)},
		argv: []string{tool, "gen-man", man},
	})
	if err != nil {
		return err
	}
	for shell, file := range map[string]string{
		"bash": "share/bash-completion/completions/kbootstrap",
		"zsh":  "share/zsh/site-functions/_kbootstrap",
		"fish": "share/fish/vendor_completions.d/kbootstrap.fish",
	} {
		text, err := runProgram(ctx, program{argv: []string{tool, "completion", shell}})
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(shared, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, name := range []string{"README.md", "CHANGELOG.md"} {
		to := filepath.Join(shared, "share/doc/kbootstrap", name)
		if err := copyFile(filepath.Join(r.root, name), to, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// lay puts together what a target gets, as it lies below a prefix.
func (r *release) lay(t target, programs map[target]string, shared, tree string) error {
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(tree, os.DirFS(shared)); err != nil {
		return err
	}
	if err := copyFile(programs[t], filepath.Join(tree, "bin", t.program()), 0o755); err != nil {
		return err
	}
	for _, arch := range t.agents() {
		agent := filepath.Join(tree, "lib/kbootstrap/kbootstrap-linux-"+arch)
		if err := copyFile(programs[target{"linux", arch}], agent, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string, mode os.FileMode) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, text, mode)
}

// writeFile writes a file and the directories above it, with their modes whatever the umask is.
func writeFile(path string, text []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
