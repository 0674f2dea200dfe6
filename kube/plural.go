package kube

import "fmt"

// ApiPath is the path of an object in the API: https://kubernetes.io/docs/reference/using-api/api-concepts/
func (m Manifest) ApiPath() (string, error) {
	plural, namespaced, err := m.plural()
	if err != nil {
		return "", err
	}
	path := "/apis/" + m.apiVersion
	if m.apiVersion == "v1" {
		path = "/api/v1"
	}
	if namespaced {
		namespace := m.namespace
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + namespace
	}
	return path + "/" + plural + "/" + m.name, nil
}

// plural is the name of a kind's resources in a path. The kinds that we use are few and old, so asking the API for them
// would be a round trip for nothing.
func (m Manifest) plural() (name string, namespaced bool, err error) {
	switch m.Kind {
	case "Namespace":
		return "namespaces", false, nil
	case "Node":
		return "nodes", false, nil
	case "ClusterRole":
		return "clusterroles", false, nil
	case "ClusterRoleBinding":
		return "clusterrolebindings", false, nil
	case "PriorityClass":
		return "priorityclasses", false, nil
	case "ServiceAccount":
		return "serviceaccounts", true, nil
	case "ConfigMap":
		return "configmaps", true, nil
	case "Secret":
		return "secrets", true, nil
	case "Service":
		return "services", true, nil
	case "Pod":
		return "pods", true, nil
	case "Deployment":
		return "deployments", true, nil
	case "DaemonSet":
		return "daemonsets", true, nil
	case "Role":
		return "roles", true, nil
	case "RoleBinding":
		return "rolebindings", true, nil
	}
	return "", false, fmt.Errorf("kind %s %s: not one that we know", m.apiVersion, m.Kind)
}
