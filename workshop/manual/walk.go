package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"os"
	"strings"
)

// walker follows the functions that build a command line.
type walker struct {
	source *source
	flags  map[string]string // the types of the flags, by name
	fills  []string          // what completes names that are formats
	seen   map[string]bool
	quiet  bool
}

// follow goes through a function: package path and name, "path.(Type).Method" for a method.
func (w *walker) follow(pkg, name string) error {
	id := pkg + "." + name
	if w.seen[id] {
		return nil
	}
	w.seen[id] = true
	u, err := w.source.unit(pkg)
	if err != nil {
		return err
	}
	found := false
	for _, file := range u.files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if declared(f) == name || f.Recv != nil && anyType+f.Name.Name == name {
				found = true
				w.body(u, f.Body)
			}
		}
	}
	if found {
		return nil
	}
	return fmt.Errorf("%s is not there", id)
}

// anyType stands for every type of a package that has the method: for a call through an interface.
const anyType = "(*)."

// isRegister reports whether a function takes over a flag that exists already.
func isRegister(name string) bool { return strings.HasPrefix(strings.ToLower(name), "register") }

// declared names a function as follow does.
func declared(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return "(" + name.Name + ")." + f.Name.Name
	}
	return f.Name.Name
}

// body looks at all calls of a function.
func (w *walker) body(u *unit, body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			w.call(u, call)
		}
		return true
	})
}

// call is a flag that is declared, or a function to follow.
func (w *walker) call(u *unit, call *ast.CallExpr) {
	var name *ast.Ident
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		name = f
	case *ast.SelectorExpr:
		name = f.Sel
	default:
		return
	}
	f, ok := u.info.Uses[name].(*types.Func)
	if !ok || f.Pkg() == nil {
		return
	}
	signature, ok := f.Type().(*types.Signature)
	if !ok {
		return
	}
	receiver := ""
	if recv := signature.Recv(); recv != nil {
		t := recv.Type()
		if p, isPointer := t.(*types.Pointer); isPointer {
			t = p.Elem()
		}
		named, isNamed := t.(*types.Named)
		if !isNamed {
			return
		}
		receiver = named.Obj().Name()
	}
	if isFlagSet(f.Pkg().Path(), receiver) {
		w.declare(u, f.Name(), call.Args)
		return
	}
	if f.Pkg().Path() == "flag" || f.Pkg().Path() == "github.com/spf13/pflag" {
		w.declare(u, f.Name(), call.Args)
		return
	}
	if !mentionsFlags(signature) {
		return
	}
	if isRegister(f.Name()) {
		// What a library declared for all programs is taken over by name.
		for _, arg := range call.Args {
			if w.named(u, arg, "value") {
				break
			}
		}
		return
	}
	target := f.Name()
	if receiver != "" {
		target = "(" + receiver + ")." + target
	}
	if receiver != "" && types.IsInterface(signature.Recv().Type()) {
		target = anyType + f.Name()
	}
	if err := w.follow(f.Pkg().Path(), target); err != nil && !w.quiet {
		fmt.Fprintln(os.Stderr, "not followed:", f.Pkg().Path(), target)
	}
}

// isFlagSet reports whether a type is a set of flags, of the library or of pflag.
func isFlagSet(pkg, name string) bool {
	return name == "FlagSet" && (pkg == "flag" || pkg == "github.com/spf13/pflag") ||
		name == "flagSet" && pkg == "k8s.io/component-base/logs/api/v1"
}

// mentionsFlags reports whether a function takes or returns something that flags are declared in.
func mentionsFlags(s *types.Signature) bool {
	if s.Recv() != nil && isNamedFlagSets(s.Recv().Type()) {
		return false
	}
	for _, t := range []*types.Tuple{s.Params(), s.Results()} {
		for v := range t.Variables() {
			if isOfFlags(v.Type()) {
				return true
			}
		}
	}
	return false
}

func isOfFlags(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := t.(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return false
	}
	return isFlagSet(named.Obj().Pkg().Path(), named.Obj().Name()) || isNamedFlagSets(t) ||
		named.Obj().Name() == "daemonOptions"
}

func isNamedFlagSets(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := t.(*types.Named)
	return ok && named.Obj().Name() == "NamedFlagSets"
}

// declare takes the name and the type of a flag from the call that declares it.
func (w *walker) declare(u *unit, method string, args []ast.Expr) {
	kind, at := method, 0
	switch {
	case method == "Var" || method == "VarP" || method == "VarPF":
		at = 1
		if len(args) > 0 {
			kind = valueType(u.info.TypeOf(args[0]))
		}
	case method == "AddFlag" && len(args) == 1:
		call, ok := args[0].(*ast.CallExpr)
		if !ok {
			return
		}
		kind, args = "value", call.Args
	case method == "AddGoFlag" || method == "AddFlagSet" || method == "AddGoFlagSet":
		return
	case strings.HasSuffix(method, "VarP") || strings.HasSuffix(method, "Var"):
		kind, at = strings.TrimSuffix(strings.TrimSuffix(method, "P"), "Var"), 1
	case kinds[strings.TrimSuffix(method, "P")] != "":
		kind = strings.TrimSuffix(method, "P")
	case method == "Func" || method == "BoolFunc":
		kind = "value"
	default:
		return
	}
	if at >= len(args) {
		return
	}
	if short, ok := kinds[kind]; ok {
		kind = short
	} else {
		kind = "value"
	}
	if !w.named(u, args[at], kind) && !w.quiet {
		fmt.Fprintln(os.Stderr, "no constant name:", w.source.files.Position(args[at].Pos()))
	}
}

// named writes a flag down whose name is an expression, and reports whether the expression could be
// read: it is a constant, or a format that each of the fills completes.
func (w *walker) named(u *unit, name ast.Expr, kind string) bool {
	if value := u.info.Types[name].Value; value != nil && value.Kind() == constant.String {
		w.flags[constant.StringVal(value)] = kind
		return true
	}
	call, ok := name.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return false
	}
	format := u.info.Types[call.Args[0]].Value
	if format == nil || format.Kind() != constant.String || strings.Count(constant.StringVal(format), "%s") != 1 {
		return false
	}
	for _, fill := range w.fills {
		w.flags[strings.Replace(constant.StringVal(format), "%s", fill, 1)] = kind
	}
	return true
}

// kinds are the types of flags as the manual writes them, by what pflag and others call them.
var kinds = map[string]string{
	"Bool": "bool", "Int": "int", "Int32": "int", "Int64": "int", "Uint": "uint", "Uint32": "uint", "Uint64": "uint",
	"Uint16": "uint", "Float32": "float", "Float64": "float", "Duration": "duration", "String": "text",
	"StringSlice": "list", "StringArray": "text", "IntSlice": "list", "IP": "ip", "IPNet": "value", "IPSlice": "list",
	"StringToString": "map", "MapStringBool": "switches", "MapStringString": "map", "ConfigurationMap": "map",
	"LangleSeparatedMapStringString": "value", "VerbosityLevel": "int", "IPVar": "ip", "IPPortVar": "endpoint",
	"PortRange": "value", "ListOpts": "list", "MapOpts": "map", "NamedListOpts": "list", "NamedMapOpts": "map",
	"Count": "int", "MemBytes": "value",
}

// valueType names the type of a flag.Value.
func valueType(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name()
	}
	return "value"
}
