package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// featurePackages declare the feature gates that a program of Kubernetes knows. The programs are
// linked with the same ones.
var featurePackages = []string{
	"k8s.io/kubernetes/pkg/features", "k8s.io/apiserver/pkg/features", "k8s.io/apiextensions-apiserver/pkg/features",
	"k8s.io/component-base/logs/api/v1", "k8s.io/component-base/metrics/features",
	"k8s.io/component-base/zpages/features",
	"k8s.io/component-base/featuregate", "k8s.io/controller-manager/pkg/features", "k8s.io/client-go/features",
	"k8s.io/cloud-provider/controllers/service/config", "k8s.io/cloud-provider/features",
}

// readGates returns the feature gates of a release of Kubernetes: "free", or the value that a gate
// is locked to.
func readGates(s *source) (map[string]string, error) {
	gates := map[string]string{"AllAlpha": "free", "AllBeta": "free"}
	for _, pkg := range featurePackages {
		u, err := s.unit(pkg)
		if err != nil {
			continue // older releases do not have them all
		}
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				m, ok := n.(*ast.CompositeLit)
				if !ok || !isGates(u.info.TypeOf(m)) {
					return true
				}
				for _, e := range m.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok {
						if name := u.info.Types[pair.Key].Value; name != nil {
							gates[constant.StringVal(name)] = lock(pair.Value)
						}
					}
				}
				return true
			})
		}
	}
	return gates, nil
}

// isGates reports whether a type is a map of feature gates.
func isGates(t types.Type) bool {
	m, ok := t.(*types.Map)
	if !ok {
		return false
	}
	key, ok := m.Key().(*types.Named)
	if !ok || key.Obj().Name() != "Feature" {
		return false
	}
	spec, ok := m.Elem().(*types.Named) // others map gates to the gates that they need
	return ok && strings.HasSuffix(spec.Obj().Name(), "Spec") || ok && strings.HasSuffix(spec.Obj().Name(), "Specs")
}

// lock reads the last specification of a gate, which is that of its newest version.
func lock(spec ast.Expr) string {
	list, ok := spec.(*ast.CompositeLit)
	if !ok {
		return "free"
	}
	if n := len(list.Elts); n > 0 {
		if last, isList := list.Elts[n-1].(*ast.CompositeLit); isList {
			list = last
		}
	}
	value, locked := "off", false
	for _, e := range list.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, _ := pair.Key.(*ast.Ident)
		is, _ := pair.Value.(*ast.Ident)
		if key == nil || is == nil {
			continue
		}
		switch {
		case key.Name == "Default" && is.Name == "true":
			value = "on"
		case key.Name == "LockToDefault":
			locked = is.Name == "true"
		}
	}
	if locked {
		return value
	}
	return "free"
}

// readPlugins returns the admission plugins of a release of kube-apiserver.
func readPlugins(s *source) (map[string]string, error) {
	u, err := s.unit("k8s.io/kubernetes/pkg/kubeapiserver/options")
	if err != nil {
		return nil, err
	}
	plugins := map[string]string{}
	for _, file := range u.files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "AllOrderedPlugins") {
					continue
				}
				list, ok := v.Values[0].(*ast.CompositeLit)
				if !ok {
					continue
				}
				for _, e := range list.Elts {
					if name := u.info.Types[e].Value; name != nil {
						plugins[constant.StringVal(name)] = "plugin"
					}
				}
			}
		}
	}
	return plugins, nil
}
