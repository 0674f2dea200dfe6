package kube

import "strings"

// plural is the name of a kind's resources in a path.
type plural struct {
	name       string
	namespaced bool
}

// plurals are the kinds that we know. They are few and old, so asking the API for them would be a
// round trip for nothing.
var plurals = map[string]plural{
	"APIService":                     {"apiservices", false},
	"CSIDriver":                      {"csidrivers", false},
	"ClusterRole":                    {"clusterroles", false},
	"ClusterRoleBinding":             {"clusterrolebindings", false},
	"CustomResourceDefinition":       {"customresourcedefinitions", false},
	"IngressClass":                   {"ingressclasses", false},
	"MutatingWebhookConfiguration":   {"mutatingwebhookconfigurations", false},
	"Namespace":                      {"namespaces", false},
	"Node":                           {"nodes", false},
	"PersistentVolume":               {"persistentvolumes", false},
	"PriorityClass":                  {"priorityclasses", false},
	"RuntimeClass":                   {"runtimeclasses", false},
	"StorageClass":                   {"storageclasses", false},
	"ValidatingWebhookConfiguration": {"validatingwebhookconfigurations", false},

	"ConfigMap":                        {"configmaps", true},
	"CronJob":                          {"cronjobs", true},
	"DaemonSet":                        {"daemonsets", true},
	"Deployment":                       {"deployments", true},
	"EndpointSlice":                    {"endpointslices", true},
	"Endpoints":                        {"endpoints", true},
	"HorizontalPodAutoscaler":          {"horizontalpodautoscalers", true},
	"Ingress":                          {"ingresses", true},
	"Job":                              {"jobs", true},
	"Lease":                            {"leases", true},
	"LimitRange":                       {"limitranges", true},
	"NetworkPolicy":                    {"networkpolicies", true},
	"PersistentVolumeClaim":            {"persistentvolumeclaims", true},
	"Pod":                              {"pods", true},
	"PodDisruptionBudget":              {"poddisruptionbudgets", true},
	"ReplicaSet":                       {"replicasets", true},
	"ResourceQuota":                    {"resourcequotas", true},
	"Role":                             {"roles", true},
	"RoleBinding":                      {"rolebindings", true},
	"Secret":                           {"secrets", true},
	"Service":                          {"services", true},
	"ServiceAccount":                   {"serviceaccounts", true},
	"StatefulSet":                      {"statefulsets", true},
	"ValidatingAdmissionPolicy":        {"validatingadmissionpolicies", false},
	"ValidatingAdmissionPolicyBinding": {"validatingadmissionpolicybindings", false},
}

// Path is the path of an object in the API:
// https://kubernetes.io/docs/reference/using-api/api-concepts/
func Path(apiVersion, kind, namespace, name string) (string, error) {
	p, ok := plurals[kind]
	if !ok || !isBuiltIn(apiVersion) {
		return "", &UnknownKindError{APIVersion: apiVersion, Kind: kind}
	}
	return pathOf(p, apiVersion, namespace, name), nil
}

// pathOf is the path of an object of a kind that is known.
func pathOf(p plural, apiVersion, namespace, name string) string {
	path := "/apis/" + apiVersion
	if apiVersion == "v1" {
		path = "/api/v1"
	}
	if p.namespaced {
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + namespace
	}
	return path + "/" + p.name + "/" + name
}

// isBuiltIn reports whether a group may be one of Kubernetes' own: other groups have kinds of the
// same names.
func isBuiltIn(apiVersion string) bool {
	group, _, ok := strings.Cut(apiVersion, "/")
	return !ok || !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// Path is the path of the manifest's object in the API.
func (m Manifest) Path() (string, error) {
	return Path(m.apiVersion, m.Kind, m.namespace, m.name)
}
