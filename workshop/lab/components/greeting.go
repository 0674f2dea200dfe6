package components

import "time"

import _ "embed"

// greetingMain is the program of the example with ZooKeeper: what a user would have in Java.
//
//go:embed recipes/greeting.go.tmpl
var greetingMain string

// greeting is the image that examples/dubbo names, as if a user had built and pushed it.
func greeting() recipe {
	return recipe{
		Name: "greeting", Version: "1", OnRequest: true, Takes: 5 * time.Second,
		Source: goModule{
			GoMod:    goMod("greeting"),
			Files:    map[string]string{"main.go": greetingMain},
			Packages: []string{"."},
		},
		Checks: []check{{[]string{"greeting", "--version"}, "1"}},
		Artifacts: []artifact{{
			"https://lab.invalid/greeting/1.tar",
			image{
				Tag:        "registry.cluster.local:5000/dubbo/greeting:1",
				Members:    []member{{"/greeting", "greeting"}},
				Entrypoint: []string{"/greeting"},
			},
		}},
	}
}
