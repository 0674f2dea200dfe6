package main

import "strings"

// history is what went away before the oldest release that is read, by program and by the first
// release without it. It is from the release notes.
func history() map[string]map[string]string {
	const logging = "logtostderr alsologtostderr log-dir log-file log-file-max-size stderrthreshold one-output " +
		"skip-headers skip-log-headers add-dir-header log-backtrace-at"
	return map[string]map[string]string{
		"kube-apiserver": {
			"1.22": "ssh-user ssh-keyfile",
			"1.24": "address insecure-bind-address port insecure-port experimental-encryption-provider-config " +
				"target-ram-mb deserialization-cache-size",
			"1.25": "service-account-api-audiences",
			"1.26": logging,
		},
		"kube-controller-manager": {
			"1.22": "horizontal-pod-autoscaler-use-rest-clients",
			"1.24": "address port deployment-controller-sync-period",
			"1.25": "deleting-pods-qps deleting-pods-burst register-retry-count experimental-cluster-signing-duration",
			"1.26": logging,
			"1.27": "enable-taint-manager pod-eviction-timeout",
		},
		"kube-scheduler": {
			"1.22": "algorithm-provider hard-pod-affinity-symmetric-weight scheduler-name",
			"1.23": "policy-config-file policy-configmap policy-configmap-namespace use-legacy-policy-config",
			"1.24": "address port",
			"1.26": logging,
			"1.28": "lock-object-namespace lock-object-name",
		},
		"kube-proxy": {"1.21": "cleanup-ipvs", "1.26": logging},
		"kubelet": {
			"1.22": "chaos-chance",
			"1.23": "experimental-bootstrap-kubeconfig",
			"1.24": "network-plugin network-plugin-mtu cni-conf-dir cni-bin-dir cni-cache-dir docker-endpoint " +
				"image-pull-progress-deadline experimental-dockershim-root-directory non-masquerade-cidr " +
				"experimental-check-node-capabilities-before-mount dynamic-config-dir",
			"1.25": "experimental-kernel-memcg-notification",
			"1.26": logging,
			"1.27": "container-runtime master-service-namespace",
		},
		"admission-plugins": {"1.25": "PodSecurityPolicy"},
		"feature-gates": {"1.29": "CSIMigrationvSphere CronJobTimeZone DownwardAPIHugePages GRPCContainerProbe " +
			"JobMutableNodeSchedulingDirectives JobTrackingWithFinalizers LegacyServiceAccountTokenNoAutoGeneration " +
			"MultiCIDRRangeAllocator OpenAPIV3 ProbeTerminationGracePeriod RetroactiveDefaultStorageClass " +
			"SeccompDefault TopologyManager"},
	}
}

// gone returns the first release without a name that went away before the oldest release.
func gone(program, name string) string {
	for release, names := range history()[program] {
		for n := range strings.FieldsSeq(names) {
			if n == name {
				return release
			}
		}
	}
	return ""
}

// past returns the names of a program that went away before the oldest release.
func past(program string) []string {
	var all []string
	for _, names := range history()[program] {
		all = append(all, strings.Fields(names)...)
	}
	return all
}
