#!/bin/sh
# Makes a host fit for kubeadm, once all files are on it. What does not depend on each other runs at once.
set -eu
systemctl --quiet disable --now firewalld.service &
firewalld=$!
swapoff -a
sysctl --quiet --write net.ipv4.ip_forward=1
[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || modprobe br_netfilter
sysctl --quiet --write net.bridge.bridge-nf-call-iptables=1
systemctl daemon-reload
systemctl start containerd.service
systemctl --quiet enable containerd.service kubelet.service kube-proxy.service flanneld.service docker.service
imports=
for image in /opt/kubeadm/images/*.tar; do
	ctr --namespace k8s.io images import --digests=false "$image" >/dev/null &
	imports="$imports $!"
done
# docker finds its bridge closed by firewalld as long as that runs.
wait "$firewalld"
systemctl start --no-block docker.service
for pid in $imports; do
	wait "$pid"
done
