package component

// What differs between minor versions of Kubernetes: the first one that has a feature.
const (
	// structuredAuthentication: AuthenticationConfiguration with anonymous.conditions is on by
	// default (AnonymousAuthConfigurableEndpoints). Before, anonymous requests stay allowed, and
	// RBAC lets them see health and version only.
	structuredAuthentication = 32
	// stableAuthentication: that configuration is v1, and v1beta1 before.
	stableAuthentication = 34
	// cgroupV1Field: the kubelet has the field failCgroupV1, and from 1.35 it is true by default.
	cgroupV1Field = 31
	// watchCacheHook: the API server has the gate WatchCacheInitializationPostStartHook, and it is
	// on by default from watchCacheHookDefault on.
	watchCacheHook        = 31
	watchCacheHookDefault = 36
	// admissionPolicies: ValidatingAdmissionPolicy is v1 and always on.
	admissionPolicies = 30
)
