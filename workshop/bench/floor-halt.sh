# Stops those of the given units that run, and all pods, and notes the units in /run/bench-units.
systemctl is-active "$@" | paste -d' ' - <(printf '%s\n' "$@") | sed -n 's/^active //p' >/run/bench-units || :
[ -s /run/bench-units ]
# Leases of what is stopped run out after 15 s, and there is no such wait in an `up`.
electing=$(sed -n '/^kube-controller-manager.service$/p; /^kube-scheduler.service$/p' /run/bench-units)
if [ -n "$electing" ]; then
	systemctl stop $electing
	kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system delete lease --ignore-not-found \
		kube-controller-manager kube-scheduler
fi
systemctl stop $(cat /run/bench-units)
pods=$(find /sys/fs/cgroup -path '*kubepods*' -name cgroup.procs -exec cat {} + | sort -u)
[ -z "$pods" ] || kill -KILL $pods 2>/dev/null || :
pkill -KILL -x containerd-shim || :
