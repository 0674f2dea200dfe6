#!/usr/bin/env bash
# Makes a cluster of one control plane and one worker with kubeadm, as fast as a plain script can: one OpenSSH connection a
# host for all commands (ControlMaster), one tar stream a host with all programs, images and files, both hosts at the same
# time, nothing fetched by the hosts, no sleep but where something is looked at again. The pod network and kube-proxy of the
# first node start while `kubeadm init` goes on, and the worker joins as soon as that is done. The cluster is what `up` makes:
# with kube-proxy, two replicas of CoreDNS and docker, and done when a name of the cluster resolves from each host.
#
# It is given what kubeadm.go has laid out, and prints "mark: NAME" on standard error on the way:
#   kubeadm.sh STAGE LAB VERSION COREDNS CONTROL-PLANE WORKER     each host as NAME/ADDRESS/PORT
set -euo pipefail
stage=$1 lab=$2 version=$3 coredns=$4
IFS=/ read -r cp cp_address cp_port <<<"$5"
IFS=/ read -r w w_address w_port <<<"$6"
token=bench0.0123456789abcdef
temp=$(mktemp -d)
masters=()

finish() {
	for socket in "$temp"/*.socket; do
		ssh -F none -S "$socket" -O exit host 2>/dev/null || :
	done
	# They are waited for, so that what they cost is counted.
	[ ${#masters[@]} = 0 ] || wait "${masters[@]}" || :
	rm -rf "$temp"
}
trap finish EXIT
trap 'exit 1' INT TERM

mark() { echo "mark: $1" >&2; }

# on HOST COMMAND: a shell command as root on a host.
on() { ssh -F none -S "$temp/$1.socket" host "sudo sh -euc '$2'"; }

# open HOST PORT: the connection that all commands on the host share.
open() {
	ssh -F none -M -N -S "$temp/$1.socket" -p "$2" -i "$lab/id_ed25519" -o IdentitiesOnly=yes -o BatchMode=yes \
		-o UserKnownHostsFile="$lab/known_hosts" -o StrictHostKeyChecking=yes vagrant@127.0.0.1 </dev/null >/dev/null &
	masters+=($!)
}

# connected HOST: it makes its socket when it has logged in.
connected() {
	until [ -S "$temp/$1.socket" ]; do
		kill -0 "${masters[@]}"
		sleep 0.01
	done
}

# both A B: waits for two background jobs.
both() {
	local status=0
	wait "$1" || status=$?
	wait "$2" || status=$?
	return "$status"
}

# push HOST DIRECTORY...: everything in one stream, then make the host ready.
push() {
	local host=$1 from=()
	shift
	# Not ".", which would give the host's root the mode of the directory.
	for directory; do from+=(-C "$directory" $(ls "$directory")); done
	tar -c --owner=0 --group=0 -f - "${from[@]}" |
		on "$host" "tar -x -C / -f - && sh /opt/kubeadm/prepare.sh"
}

# node ADDRESS: the part of kubeadm's configuration that is about a node.
node() {
	cat <<YAML
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  taints: []
  kubeletExtraArgs:
  - {name: node-ip, value: $1}
YAML
}

mkdir -p "$temp/$cp/opt/kubeadm" "$temp/$w/opt/kubeadm"
cat >"$temp/$cp/opt/kubeadm/init.yaml" <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens:
- token: $token
localAPIEndpoint: {advertiseAddress: $cp_address}
$(node "$cp_address")
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: $version
networking: {podSubnet: 10.244.0.0/16}
dns: {imageTag: $coredns}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
resolvConf: /opt/kubeadm/resolv.conf
failCgroupV1: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 500Mi}
YAML
# Not with the token alone, as most do: what it discovers is signed some moments after `init`, and kubeadm looks again only
# after 10 s.
cat >"$temp/$w/opt/kubeadm/join.yaml" <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  file: {kubeConfigPath: /etc/kube-flannel/kubeconfig}
  tlsBootstrapToken: $token
$(node "$w_address")
YAML

open "$cp" "$cp_port"
open "$w" "$w_port"
connected "$cp"
connected "$w"
mark connected

push "$cp" "$stage/common" "$stage/control-plane" "$temp/$cp" & a=$!
push "$w" "$stage/common" "$temp/$w" & b=$!
both $a $b
mark pushed

on "$cp" "bash /opt/kubeadm/network.sh $cp_address" & network=$!
on "$cp" "kubeadm init --config /opt/kubeadm/init.yaml --skip-phases=addon/kube-proxy --ignore-preflight-errors=all \
	--skip-token-print" >&2
mark api
wait "$network"

on "$cp" "cat /etc/kubernetes/super-admin.conf" |
	on "$w" "umask 077; mkdir -p /etc/kubernetes; tee /etc/kubernetes/kube-proxy.conf >/etc/kube-flannel/kubeconfig
		kubeadm join --config /opt/kubeadm/join.yaml --ignore-preflight-errors=all
		systemctl start --no-block kube-proxy.service flanneld.service" >&2
mark joined

on "$cp" "export KUBECONFIG=/etc/kubernetes/admin.conf
	kubectl wait --for=create --timeout=120s node/$w
	kubectl wait --for=condition=Ready --timeout=120s node/$cp node/$w" >&2 & ready=$!
on "$cp" "timeout 120 bash /opt/kubeadm/resolves.sh; systemctl start docker.service" & a=$!
on "$w" "timeout 120 bash /opt/kubeadm/resolves.sh; systemctl start docker.service" & b=$!
wait "$ready"
both $a $b
mark healthy
