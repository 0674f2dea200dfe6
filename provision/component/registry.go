package component

import (
	"fmt"
	"time"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// RegistryUnit is the service of the registry.
const RegistryUnit = "kbootstrap-registry.service"

// registry is the add-on of a private registry of images, on the disk of one host. It is a service
// of the host and no pod: hosts pull from it before there is a network of pods, and what it keeps
// is where its owner finds it. What all hosts have of it is in registries.
var registry = Component{
	Name:   "registry",
	OfNode: true,
	On:     Target.servesRegistry,
	After:  []string{"base"},
	Units:  []string{RegistryUnit},
	Sources: []release.Source{{
		Component: "registry", Version: "3.1.1", Archive: true, Programs: []string{"registry"}, Needed: hasRegistry,
		URL: "https://github.com/distribution/distribution/releases/download/v{version}/" +
			"registry_{version}_linux_{arch}.tar.gz",
		// The digest of the image is what is known of the release; the program in it is the one in
		// the archive (Dockerfile of distribution-library-image).
		Image: "docker.io/library/registry:{version}", ImageDirectory: "bin/",
	}},
	Ports: []Port{{
		Network: "tcp", By: "registry", For: "images", From: []inventory.Role{AnyHost}, World: true,
		Of: func(c *inventory.Cluster) int {
			if !hasRegistry(c) {
				return 0
			}
			return c.AddOns.Registry.Port
		},
		Shows: certs.RegistryConfig + "/registry.crt",
	}},
	Residue: Residue{
		Data:   []string{inventory.RegistryPath, certs.RegistryConfig},
		People: []string{inventory.RegistryPath + "/*"}, // no program can make them again
	},
	AddOn: &AddOn{
		Field: "registry", What: "a private registry of images; they stay on the disk when it goes", HasData: true,
		IsOn: hasRegistry, OnHosts: true,
		Reach: func(c *inventory.Cluster) string { return "docker login " + c.AddOns.Registry.Endpoint() },
	},
	Sandbox:   registrySandbox,
	Variables: []string{"REGISTRY_", "OTEL_"},
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		const user = certs.RegistryUser
		r := t.Cluster.AddOns.Registry
		return list(
			one(
				resource.User{Name: user, Home: inventory.RegistryPath},
				resource.Dir{Path: r.Path, Mode: 0o700, Owner: user + ":" + user},
				resource.Dir{Path: certs.RegistryConfig, Mode: 0o750, Owner: "root:" + user},
			),
			t.service(RegistryUnit, nil,
				t.programs("registry", "/usr/local/bin", "registry"),
				t.keys("registry"),
				one(
					resource.File{Path: certs.RegistryConfig + "/htpasswd", Mode: 0o640, Owner: "root:" + user,
						Content: []byte(t.PKI.Registry().Hash), Secret: true},
					resource.File{Path: registryConfig, Mode: 0o640, Owner: "root:" + user,
						Content: registryYAML.Render(registryData{
							Directory: r.Path, Files: certs.RegistryConfig, Port: r.Port, Realm: r.Endpoint(),
						})},
					unit(RegistryUnit, registryService.Render(registryCommand{
						User: user, Config: registryConfig, Directory: r.Path, Sandbox: registrySandbox(t),
					})),
				),
			),
			one(resource.Ready{
				// It answers this path to everybody, when it can write to its disk.
				Name: "the registry answers", URL: fmt.Sprintf("https://%s:%d/", t.Host.Address, r.Port),
				CACert: PKIDir + "/ca.crt", Unit: RegistryUnit, Timeout: 60 * time.Second,
			}),
		)
	},
}

// registryConfig is the registry's configuration, which also its command for garbage reads.
const registryConfig = certs.RegistryConfig + "/config.yml"

// hasRegistry reports whether a cluster has a registry of its own.
func hasRegistry(c *inventory.Cluster) bool { return c.AddOns.Registry.Enabled }

// servesRegistry reports whether the host serves it.
func (t Target) servesRegistry() bool {
	return hasRegistry(t.Cluster) && t.Cluster.AddOns.Registry.Host == t.Host.Name
}

// withoutRegistry is a host that does not serve it, and has its images if it ever did.
func withoutRegistry() []resource.Resource {
	return one(
		resource.Service{Name: RegistryUnit},
		resource.File{Path: "/etc/systemd/system/" + RegistryUnit, Absent: true},
		resource.Tree{Path: certs.RegistryConfig, Absent: true},
	)
}

// registrySandbox is what the registry may do: it writes its images.
func registrySandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Writable: []string{t.Cluster.AddOns.Registry.Path}})
}

// registryData is the data of the registry's configuration.
type registryData struct {
	Directory string // of the images
	Files     string // of its own: the certificate and the users
	Port      int
	Realm     string // what a client is told that it logs in to
}

// registryCommand is the data of kbootstrap-registry.service.
type registryCommand struct {
	User, Config, Directory string
	Sandbox                 templates.Sandbox
}

var (
	registryYAML    = templates.New[registryData]("registry.yaml.tmpl")
	registryService = templates.New[registryCommand]("kbootstrap-registry.service.tmpl")
)
