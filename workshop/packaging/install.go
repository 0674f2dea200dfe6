package main

import (
	"bytes"
	"embed"
	"path/filepath"
	"strings"
	"text/template"
)

// files are the templates of what installs a release.
//
//go:embed install.sh.tmpl kbootstrap.rb.tmpl
var files embed.FS

// installData is the data of the templates.
type installData struct {
	Version string // "v1.2.3"
	Number  string // "1.2.3"
	URL     string // without a slash at its end
	Systems []systemData
}

// systemData is a system with a shell.
type systemData struct {
	Uname    string // "Linux"
	Homebrew string // "linux"
	Archives []archiveData
}

// archiveData is an archive of the release for a system.
type archiveData struct {
	Uname    string // of the processor: "x86_64"
	Homebrew string // "intel"
	Name     string
	SHA256   string
}

// data gathers what the templates need of the release.
func (r *release) data(sums map[string]string) installData {
	d := installData{Version: r.version, Number: strings.TrimPrefix(r.version, "v"), URL: strings.TrimRight(r.url, "/")}
	for _, s := range []struct {
		os, uname, homebrew string
		processors          map[string][2]string
	}{
		{"darwin", "Darwin", "macos", map[string][2]string{"amd64": {"x86_64", "intel"}, "arm64": {"arm64", "arm"}}},
		{"linux", "Linux", "linux", map[string][2]string{"amd64": {"x86_64", "intel"}, "arm64": {"aarch64", "arm"}}},
	} {
		system := systemData{Uname: s.uname, Homebrew: s.homebrew}
		for _, t := range r.targets {
			if t.os == s.os {
				name, words := r.file(t), s.processors[t.arch]
				system.Archives = append(system.Archives, archiveData{words[0], words[1], name, sums[name]})
			}
		}
		if len(system.Archives) > 0 {
			d.Systems = append(d.Systems, system)
		}
	}
	return d
}

// writeInstaller writes install.sh, which has the sums of the archives in it.
func (r *release) writeInstaller(sums map[string]string, dir string) error {
	text, err := render("install.sh.tmpl", r.data(sums))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "install.sh"), text, 0o755)
}

// writeFormula writes the formula for Homebrew, which has to say where the archives are.
func (r *release) writeFormula(sums map[string]string, dir string) error {
	if r.url == "" {
		r.log("no formula for Homebrew, which has to say where the files lie (make release URL=https://…)")
		return nil
	}
	text, err := render("kbootstrap.rb.tmpl", r.data(sums))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "kbootstrap.rb"), text, 0o644)
}

func render(name string, data installData) ([]byte, error) {
	t, err := template.ParseFS(files, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
