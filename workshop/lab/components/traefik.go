package components

import "time"

// legoVersion is the library of ACME that Traefik asks for.
const legoVersion = "v5.4.1"

// The parts of Traefik that the lab writes itself: a module that upstream keeps next to the
// published one, and the table of DNS services that ACME may prove a name with. Those need hundreds
// of packages that no cluster of the lab has a use for.
const (
	traefikExt = `// Package ext has the settings that only other editions of Traefik have.
package ext

type (
	HTTP   struct{}
	Router struct{}
)
`
	traefikDNS = `// Package dns knows no DNS service.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("unrecognized DNS provider: %s", name)
}
`
)

// traefik is compiled without the pages of its dashboard, which the module does not have and the
// product turns off.
func traefik() recipe {
	const module = "github.com/traefik/traefik/v3"
	return recipe{
		Name: "traefik", Version: traefikVersion, OnRequest: true, Takes: 5 * time.Minute,
		Source: goModule{
			Path: module, Version: traefikVersion, GoMod: goMod("traefik"),
			Copies: []moduleCopy{{
				To: "lego", Path: "github.com/go-acme/lego/v5", Version: legoVersion, Without: "providers/dns",
			}},
			Files: map[string]string{
				"ext/go.mod":                "module github.com/traefik/traefik/dynamic/ext\n\ngo 1.26\n",
				"ext/ext.go":                traefikExt,
				"lego/providers/dns/dns.go": traefikDNS,
			},
			Packages: []string{module + "/cmd/traefik"},
			Set:      map[string]string{module + "/pkg/version.Version": number(traefikVersion)},
		},
		Checks: []check{{[]string{"traefik", "version"}, number(traefikVersion)}},
		Artifacts: []artifact{{
			"https://docker.io/library/traefik/" + traefikVersion + ".tar",
			image{
				Tag:        "docker.io/library/traefik:" + traefikVersion,
				Members:    []member{{"/usr/local/bin/traefik", "traefik"}},
				Dirs:       []string{"/tmp"},
				Entrypoint: []string{"/usr/local/bin/traefik"},
			},
		}},
	}
}
