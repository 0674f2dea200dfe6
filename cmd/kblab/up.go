package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/workshop/lab"
	"kbootstrap/workshop/lab/components"
)

func upCommand(s cli.Streams, dir *string) *cobra.Command {
	var spec lab.Spec
	var images []string
	cmd := &cobra.Command{
		Use: "up", Short: "Boot a lab and write its hosts.yaml", Args: cli.Args(cobra.NoArgs),
		Example: "  kblab up --control-planes 1 --workers 2 && kbootstrap up -i lab/hosts.yaml\n" +
			"  kblab up --workers 2 --image el9-like,w1=debian-11,w2=debian-13",
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec.Dir = *dir
			spec.Image, spec.Images = parseImages(images)
			spec.Progress = func(step string) { fmt.Fprintf(s.Err, "kblab: %s\n", step) }
			if spec.Mirror == "" {
				mirror, err := lab.DefaultMirror()
				if err != nil {
					return err
				}
				spec.Mirror = mirror
			}
			l, err := lab.Up(cmd.Context(), spec)
			if err != nil {
				return err
			}
			hosts, err := l.Hosts()
			if err != nil {
				return err
			}
			return printHosts(s.Out, hosts)
		},
	}
	f := cmd.Flags()
	f.IntVar(&spec.ControlPlanes, "control-planes", 1, "number of control planes, cp1…")
	f.IntVar(&spec.Workers, "workers", 1, "number of workers, w1…")
	f.IntVar(&spec.Spare, "spare", 0, "number of hosts that run but are not in hosts.yaml, s1…")
	f.BoolVar(&spec.VM, "vm", false, "make the hosts virtual machines, each with a kernel and a disk of its own")
	f.StringVar(&spec.Kernel, "kernel", "", "kernel of virtual machines ("+strings.Join(lab.Kernels(), ", ")+
		"; default "+lab.Kernels()[0]+"); the own one is built once, and runs docker and kube-proxy too")
	f.StringVar(&spec.Kubernetes, "kubernetes", components.DefaultKubernetes,
		"version of Kubernetes written to hosts.yaml")
	f.StringSliceVar(&images, "image", nil, "system of the hosts ("+strings.Join(lab.Images(), ", ")+
		"; default "+lab.DefaultImage+"), or of one host: w1=debian-13")
	f.StringVar(&spec.Mirror, "mirror", "",
		"artifact directory written to hosts.yaml (default in the user's cache, where artifacts puts it)")
	f.BoolVar(&spec.DualStack, "dual-stack", false, "write an inventory with networks of IPv6 too to hosts.yaml")
	f.StringVar(&spec.Domain, "domain", "", "end of the hosts' names, such as example.lan for cp1.example.lan")
	f.StringVar(&spec.Name, "name", "", "name of the cluster (default the name of --dir)")
	return cmd
}

// parseImages splits what --image was given into the system of all hosts and those of single ones.
func parseImages(given []string) (all string, single map[string]string) {
	single = map[string]string{}
	for _, image := range given {
		if host, name, found := strings.Cut(image, "="); found {
			single[host] = name
		} else {
			all = image
		}
	}
	return all, single
}
