package components

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/template"
)

// goModule compiles programs of a published Go module inside a module of the lab's own, since "go
// install" refuses modules with replace directives, and Kubernetes and flannel need some. All
// programs are compiled in one run, so that what they share is compiled once.
type goModule struct {
	Path     string            // "k8s.io/kubernetes"; empty when all source is in Files
	Version  string            // "v1.36.3"
	GoMod    string            // template of the lab's go.mod, executed with goModData
	Files    map[string]string // further files of the lab's module, by their paths within it
	Packages []string          // the programs' import paths
	Rename   map[string]string // the compiler's name of a program to its real one, where they differ
	Tags     []string
	Set      map[string]string // variables that the linker sets: versions
	Cgo      bool              // link statically with the C library
	// ModFile is the name under which a module keeps its go.mod, when it has none by that name:
	// "vendor.mod". The module is then compiled in a copy of its own, and GoMod is empty.
	ModFile string `json:",omitempty"`
	// Libraries are the C libraries that cgo finds by pkg-config: "libseccomp".
	Libraries []string `json:",omitempty"`
	// Copies are modules of others that are compiled as the lab changes them.
	Copies []moduleCopy `json:",omitempty"`
}

// goModData is what a go.mod template may use. The published module's own Go version and debug
// settings are repeated, because the main module's decide how the standard library behaves at run
// time.
type goModData struct {
	Version        string
	Go             string   // "1.26.0"
	Godebug        []string // "default=go1.26"
	Staging        []string // modules that upstream replaces by a directory of its own repository
	StagingVersion string   // "v0.36.3" for v1.36.3
}

func (g goModule) tools() []string {
	tools := []string{"go"}
	if g.Cgo {
		tools = append(tools, "gcc")
	}
	if len(g.Libraries) > 0 {
		tools = append(tools, "pkg-config")
	}
	return tools
}

func (g goModule) collect(ctx context.Context, work, dir string) error {
	if len(g.Libraries) > 0 {
		argv := append([]string{"pkg-config", "--exists", "--print-errors"}, g.Libraries...)
		if _, err := run(ctx, command{argv: argv}); err != nil {
			return MissingTool{strings.Join(g.Libraries, ", ")}
		}
	}
	if g.ModFile != "" {
		if err := g.unpack(ctx, work); err != nil {
			return err
		}
	} else if err := g.frame(ctx, work); err != nil {
		return err
	}
	if _, err := run(ctx, command{dir: work, env: g.env(), argv: g.argv(dir)}); err != nil {
		return err
	}
	for from, to := range g.Rename {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			return err
		}
	}
	return nil
}

// frame writes the lab's own module, which requires the published one.
func (g goModule) frame(ctx context.Context, work string) error {
	data, err := g.published(ctx, work)
	if err != nil {
		return err
	}
	var mod bytes.Buffer
	t, err := template.New("go.mod").Option("missingkey=error").Parse(g.GoMod)
	if err != nil {
		return err
	}
	if err := t.Execute(&mod, data); err != nil {
		return err
	}
	files := maps.Clone(g.Files)
	if files == nil {
		files = make(map[string]string)
	}
	files["go.mod"] = mod.String()
	if err := g.writeCopies(ctx, work); err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// unpack copies the published module's files, and gives its ModFile the name that the compiler
// reads. Without one, the compiler takes the source for that of Go 1.16.
func (g goModule) unpack(ctx context.Context, work string) error {
	published, err := g.download(ctx, work)
	if err != nil {
		return err
	}
	if err := os.CopyFS(work, os.DirFS(published.Dir)); err != nil {
		return err
	}
	return os.Rename(filepath.Join(work, g.ModFile), filepath.Join(work, "go.mod"))
}

// argv is the compiler's command line. Nothing of this machine goes into the programs: no paths, no
// commit.
func (g goModule) argv(dir string) []string {
	ldflags := []string{"-s", "-w"}
	for _, name := range slices.Sorted(maps.Keys(g.Set)) {
		ldflags = append(ldflags, "-X", name+"="+g.Set[name])
	}
	if g.Cgo {
		ldflags = append(ldflags, "-extldflags", "-static")
	}
	argv := []string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", strings.Join(ldflags, " ")}
	if len(g.Tags) > 0 {
		argv = append(argv, "-tags", strings.Join(g.Tags, ","))
	}
	argv = append(argv, "-o", dir+string(filepath.Separator))
	return append(argv, g.Packages...)
}

// env makes the build independent of the user's Go settings. -mod=mod lets the compiler complete
// the lab's go.mod and go.sum; the sums themselves come from the checksum database.
func (g goModule) env() []string {
	cgo := "0"
	if g.Cgo {
		cgo = "1"
	}
	return []string{"CGO_ENABLED=" + cgo, "GOFLAGS=-mod=mod", "GOWORK=off", "GOOS=linux", "GOARCH=" + runtime.GOARCH}
}

// published reads what the lab's go.mod must take over from the module's own.
func (g goModule) published(ctx context.Context, work string) (goModData, error) {
	data := goModData{Version: g.Version, StagingVersion: "v0." + strings.TrimPrefix(g.Version, "v1.")}
	if g.Path == "" {
		return data, nil
	}
	published, err := g.download(ctx, work)
	if err != nil {
		return data, err
	}
	var mod struct {
		Go      string
		GoDebug []struct{ Key, Value string }
		Replace []struct{ Old, New struct{ Path string } }
	}
	argv := []string{"go", "mod", "edit", "-json", published.GoMod}
	if err := runJSON(ctx, command{dir: work, env: g.env(), argv: argv}, &mod); err != nil {
		return data, err
	}
	data.Go = mod.Go
	for _, d := range mod.GoDebug {
		data.Godebug = append(data.Godebug, d.Key+"="+d.Value)
	}
	for _, r := range mod.Replace {
		if strings.HasPrefix(r.New.Path, "./staging/") {
			data.Staging = append(data.Staging, r.Old.Path)
		}
	}
	return data, nil
}

// download is where the compiler keeps the published module.
func (g goModule) download(ctx context.Context, work string) (struct{ GoMod, Dir string }, error) {
	var published struct{ GoMod, Dir string }
	argv := []string{"go", "mod", "download", "-json", g.Path + "@" + g.Version}
	err := runJSON(ctx, command{dir: work, env: g.env(), argv: argv}, &published)
	return published, err
}

// runJSON decodes the object that the program prints as JSON. Notes that it prints before and after
// are dropped.
func runJSON(ctx context.Context, c command, into any) error {
	out, err := run(ctx, c)
	if err != nil {
		return err
	}
	object := out[max(0, strings.Index(out, "{")):]
	if err := json.NewDecoder(strings.NewReader(object)).Decode(into); err != nil {
		return fmt.Errorf("read the output of %s: %w", strings.Join(c.argv[:3], " "), err)
	}
	return nil
}
