package resource_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryChangeIsAStep reads the sources: a call that changes the host, outside of a Step, would
// be a change at which no test breaks a run. Those that are meant are within a function given to
// Step, or in the list.
func TestEveryChangeIsAStep(t *testing.T) {
	changing := map[string][]string{
		"os": {"Chmod", "Chown", "Chtimes", "Create", "CreateTemp", "Lchown", "Link", "Mkdir", "MkdirAll", "MkdirTemp",
			"OpenFile", "Remove", "RemoveAll", "Rename", "Symlink", "Truncate", "WriteFile"},
		"syscall": {"Kill", "Mount", "Unmount", "Sync"},
		"unix":    {"Flock", "Kill", "Mount", "Unmount", "Rename", "Renameat2"},
		"posix":   {"Kill", "Sync"}, // what stands for them on every system
		"s":       {"Run", "run"}, "sys": {"Run"}, "g": {"run"},
	}
	allowed := map[string]string{
		"../node/failpoint.go":            "is built for the crash tests only",
		"../node/light.go":                "is built for light hosts only",
		"../host/read.go":                 "opens files for reading",
		"../host/temporary.go":            "opens what a Step has made, within the Step that writes it",
		"../host/group.go":                "ends programs that this process started itself",
		"../host/kernel_linux.go":         "opens a parameter to see whether it may be written, and writes nothing",
		"../host/journal.go":              "reads the journal",
		"../host/unitlines.go":            "reads the journal",
		"imagestore.go":                   "lists images, and reads what they consist of",
		"chains.go":                       "lists chains",
		"etcdsnapshot.go":                 "asks etcdutl what is in a snapshot",
		"probe.go":                        "lists a chain",
		"firewalldbus.go":                 "asks firewalld",
		"nftable.go":                      "lists tables",
		"../host/firewall.go":             "asks firewalld for its version",
		"../host/network.go":              "lists the rules of the packet filter",
		"../host/ufw.go":                  "lists a chain",
		"ipsets.go":                       "lists sets",
		"../host/onelook.go":              "shows units",
		"../host/surroundings/manager.go": "shows the environment of systemd",
		"../host/surroundings/chains.go":  "lists chains",
		"../host/clock.go":                "asks for the date",
		"../host/machine.go":              "asks programs for their versions",
	}
	used := map[string]bool{}
	for _, dir := range []string{".", "api", "kinds", "converge", "../host", "../host/netns", "../host/surroundings",
		"../kube", "../node"} {
		for name, file := range sources(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if function, ok := call.Fun.(*ast.Ident); ok && function.Name == "run" {
					if used[name] = true; allowed[name] == "" {
						t.Errorf("%s: a program is run outside of a Step", name)
					}
				}
				called, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if called.Sel.Name == "Step" {
					return false // whatever is in the function given to it
				}
				from, ok := called.X.(*ast.Ident)
				if !ok || !slices.Contains(changing[from.Name], called.Sel.Name) {
					return true
				}
				if used[name] = true; allowed[name] == "" {
					t.Errorf("%s: %s.%s changes the host outside of a Step", name, from.Name, called.Sel.Name)
				}
				return true
			})
		}
	}
	for name := range allowed {
		if !used[name] {
			t.Errorf("%s needs no permission any more", name)
		}
	}
}

// sources are the files of a package as they are built for a host, by name.
func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
