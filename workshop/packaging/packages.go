package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// description is what package managers show of the tool.
const description = `Make a Kubernetes cluster out of bare Linux hosts over SSH
kbootstrap installs etcd, containerd, the control plane and the nodes of a
Kubernetes cluster as systemd units, out of one inventory. This package has the
tool for the machine from which clusters are managed, and the same program for
hosts of the other architecture.`

// settings are those of nfpm, which reads YAML and so JSON as well.
type settings struct {
	Name        string            `json:"name"`
	Arch        string            `json:"arch"`
	Platform    string            `json:"platform"`
	Version     string            `json:"version"`
	Release     string            `json:"release"`
	Section     string            `json:"section"`
	Priority    string            `json:"priority"`
	Maintainer  string            `json:"maintainer"`
	Description string            `json:"description"`
	Umask       int               `json:"umask"`
	MTime       string            `json:"mtime"`
	Contents    []content         `json:"contents"`
	RPM         map[string]string `json:"rpm"`
	Deb         map[string]string `json:"deb"`
}

// content is one file of a package.
type content struct {
	Src  string   `json:"src,omitempty"`
	Dst  string   `json:"dst"`
	Type string   `json:"type,omitempty"`
	Info fileInfo `json:"file_info"`
}

type fileInfo struct {
	Mode  fs.FileMode `json:"mode"`
	MTime string      `json:"mtime"`
}

// makePackages makes the deb and the rpm of a tree.
func (r *release) makePackages(ctx context.Context, t target, tree, work, files string) error {
	s, err := r.settings(t, tree)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	config := filepath.Join(work, "nfpm-"+t.arch+".yaml")
	if err := os.WriteFile(config, text, 0o644); err != nil {
		return err
	}
	for _, kind := range []string{"deb", "rpm"} {
		file := filepath.Join(files, r.archive(t)+"."+kind)
		_, err := runProgram(ctx, program{
			dir:  filepath.Join(r.root, "workshop/tools/packaging"),
			env:  []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.time.Unix(), 10)},
			argv: []string{"go", "tool", "nfpm", "package", "--config", config, "--packager", kind, "--target", file},
		})
		if err != nil {
			return fmt.Errorf("package %s: %w", filepath.Base(file), err)
		}
		r.log("packed " + filepath.Base(file))
	}
	return nil
}

// settings lists the files of the tree below /usr.
func (r *release) settings(t target, tree string) (settings, error) {
	when := r.time.Format("2006-01-02T15:04:05Z")
	s := settings{
		Name: "kbootstrap", Arch: t.arch, Platform: t.os, Version: r.version, Release: "1", Section: "admin",
		Priority: "optional", Maintainer: "The kbootstrap project <kbootstrap@localhost>", Description: description,
		Umask: 0o022, MTime: when,
		RPM: map[string]string{"group": "Applications/System", "summary": strings.SplitN(description, "\n", 2)[0],
			"buildhost": "localhost", "packager": "The kbootstrap project", "compression": "gzip"},
		Deb: map[string]string{"compression": "gzip"},
	}
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		s.Contents = append(s.Contents, content{Src: path, Dst: "/usr/" + below, Info: fileInfo{modeOf(info), when}})
		return nil
	})
	// rpm removes a directory only if a package owns it. Shells that are there own theirs as well,
	// and keep them.
	for _, dir := range []string{
		"/usr/lib/kbootstrap", "/usr/share/doc/kbootstrap", "/usr/share/fish", "/usr/share/fish/vendor_completions.d",
		"/usr/share/zsh", "/usr/share/zsh/site-functions",
	} {
		s.Contents = append(s.Contents, content{Dst: dir, Type: "dir", Info: fileInfo{0o755, when}})
	}
	return s, err
}
