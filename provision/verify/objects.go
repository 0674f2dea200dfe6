package verify

import "cmp"

// object is an object of the API, or a part of one, as JSON has it.
type object = map[string]any

// podSpec is what the pods of a check differ in.
type podSpec struct {
	Args []string
	// First has the arguments of containers that end before the others start.
	First    [][]string
	Env      []object
	Node     string // the scheduler places the pod there; "" for anywhere
	Labels   object // of the node
	Tolerate []object
	// Everywhere has the pod tolerate every taint, also that of a node which is away.
	Everywhere bool
	Volumes    []object
	Mounts     []object
	Health     string // a page that answers when the pod is ready
	Grace      int    // seconds; 0 means one
	Once       bool   // the pod ends
	CPU        string // that it asks for; "" means next to none
	Image      string // of another program than that of the checks, pulled with the login in Secret
	Secret     string
}

// spec is the specification of a pod that runs without privileges.
func (s *Scene) spec(p podSpec) object {
	tolerations := p.Tolerate
	switch {
	case p.Everywhere:
		tolerations = []object{{"operator": "Exists"}}
	case tolerations == nil:
		// On control planes too: a cluster may have no other nodes. Not on those that are away.
		tolerations = []object{{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}}
	}
	spec := object{
		"automountServiceAccountToken":  false,
		"terminationGracePeriodSeconds": max(p.Grace, 1),
		"securityContext": object{
			"runAsNonRoot": true, "runAsUser": 65535, "runAsGroup": 65535,
			"seccompProfile": object{"type": "RuntimeDefault"},
		},
		"tolerations": tolerations,
		"containers":  []object{s.container("main", p.Args, p)},
		"volumes":     p.Volumes,
	}
	var first []object
	for i, args := range p.First {
		without := p
		without.Health = ""
		first = append(first, s.container("first-"+string(rune('a'+i)), args, without))
	}
	if first != nil {
		spec["initContainers"] = first
	}
	if p.Node != "" {
		spec["affinity"] = object{"nodeAffinity": object{"requiredDuringSchedulingIgnoredDuringExecution": object{
			"nodeSelectorTerms": []object{{"matchFields": []object{
				{"key": "metadata.name", "operator": "In", "values": []string{p.Node}},
			}}},
		}}}
	}
	if p.Labels != nil {
		spec["nodeSelector"] = p.Labels
	}
	if p.Secret != "" {
		spec["imagePullSecrets"] = []object{{"name": p.Secret}}
	}
	if p.Once {
		spec["restartPolicy"] = "Never"
	}
	return spec
}

// container is a container of a pod.
func (s *Scene) container(name string, args []string, p podSpec) object {
	c := object{
		"name": name, "image": s.Image, "imagePullPolicy": "IfNotPresent", "args": args, "env": p.Env,
		"volumeMounts": p.Mounts,
		"resources": object{
			"requests": object{"cpu": cmp.Or(p.CPU, "1m"), "memory": "16Mi"}, "limits": object{"memory": "128Mi"},
		},
		"securityContext": object{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
			"capabilities": object{"drop": []string{"ALL"}},
		},
	}
	if p.Image != "" {
		c["image"], c["imagePullPolicy"] = p.Image, "Always"
	}
	if p.Health != "" {
		c["readinessProbe"] = object{
			"httpGet": object{"path": p.Health, "port": podPort}, "periodSeconds": 1, "timeoutSeconds": 5,
		}
	}
	return c
}

// meta is the metadata of an object of an application.
func meta(name string) object { return object{"name": name, "labels": object{"app": name}} }

// pod is a pod by itself.
func (s *Scene) pod(name, app string, p podSpec) object {
	return object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": name, "labels": object{"app": app}}, "spec": s.spec(p),
	}
}

// template is what Deployments and DaemonSets have in common.
func (s *Scene) template(app string, p podSpec) object {
	return object{
		"selector": object{"matchLabels": object{"app": app}},
		"template": object{"metadata": object{"labels": object{"app": app}}, "spec": s.spec(p)},
	}
}

// deployment is a Deployment whose new pods are there before the old ones go.
func (s *Scene) deployment(app string, replicas int, p podSpec) object {
	spec := s.template(app, p)
	spec["replicas"] = replicas
	spec["strategy"] = object{"rollingUpdate": object{"maxUnavailable": 0, "maxSurge": 1}}
	return object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(app), "spec": spec}
}

func (s *Scene) daemonSet(app string, p podSpec) object {
	return object{
		"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta(app), "spec": s.template(app, p),
	}
}

// serviceOf is a Service of an application's pods.
func (s *Scene) serviceOf(app string, port, target int) object {
	return object{
		"apiVersion": "v1", "kind": "Service", "metadata": meta(app),
		"spec": object{
			"selector": object{"app": app},
			"ports":    []object{{"port": port, "targetPort": target}},
		},
	}
}

// nodePortService is a Service with a NodePort; with 0 the API chooses it.
func (s *Scene) nodePortService(app string, port, target, nodePort int) object {
	o := s.serviceOf(app, port, target)
	spec := o["spec"].(object)
	spec["type"] = "NodePort"
	if nodePort != 0 {
		spec["ports"] = []object{{"port": port, "targetPort": target, "nodePort": nodePort}}
	}
	return o
}
