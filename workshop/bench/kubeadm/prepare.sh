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
systemctl --quiet enable containerd.service kubelet.service flanneld.service
imports=
for image in /opt/kubeadm/images/*.tar; do
	ctr --namespace k8s.io images import --local "$image" >/dev/null 2>&1 &
	imports="$imports $!"
done
for pid in $firewalld $imports; do
	wait "$pid"
done
