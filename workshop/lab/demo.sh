#!/usr/bin/env bash
# The end of `make demo`: the guestbook of the examples, written through the NodePort of one host and
# read through that of another.
set -euo pipefail
dir=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/bin
image=${XDG_CACHE_HOME:-$HOME/.cache}/kbootstrap/lab/mirror/registry.k8s.io/e2e-test-images/agnhost/2.63.0.tar
on() { "$bin/kblab" exec --dir "$dir" "$@"; }
address() { on "$1" -- ip -4 -o addr show dev eth1 | awk '{sub("/.*", "", $4); print $4}'; }
# ask asks a URL until the answer has a word: a Service reaches the kube-proxy of a host a moment after its pods are ready,
# and a copy of the store has the entries when it has registered with the store, some seconds after it has started.
ask() {
  echo "curl '$1'"
  on cp1 -- timeout 60 sh -c 'until curl --silent --fail --max-time 2 "$1" | grep "$2"; do sleep 0.5; done' ask "$1" "$2" ||
    { echo "no answer has \"$2\" within 60 s" >&2; return 1; }
}

echo "== the guestbook, from examples/guestbook"
for host in cp1 w1 w2; do
  on "$host" -- ctr -n k8s.io images import - <"$image" >/dev/null 2> >(grep -v DEPRECATION >&2)
done
for part in primary replica web; do
  on cp1 -- kubectl apply -f - <"$root/examples/guestbook/$part.yaml"
done
on cp1 -- kubectl wait --for=condition=Available deployment --selector app=guestbook --timeout=120s >/dev/null
on cp1 -- kubectl get nodes
echo
on cp1 -- kubectl get pods --all-namespaces -o wide
echo
echo "== written through w1, read through w2"
ask "http://$(address w1):30001/guestbook?cmd=set&key=messages&value=hello" Updated
ask "http://$(address w2):30001/guestbook?cmd=get&key=messages" hello
cat <<NEXT

the cluster is running. look around:
  sudo $bin/kblab exec --dir $dir cp1 -- kubectl get nodes -o wide
  sudo $bin/kblab exec --dir $dir w1 -- systemctl list-units 'kube*' 'etcd*' docker.service containerd.service flanneld.service
  sudo $bin/kbootstrap status -i $dir/hosts.yaml
  sudo $bin/kbootstrap addons -i $dir/hosts.yaml    # what there is, and how to reach it
  sudo $bin/kbootstrap verify -i $dir/hosts.yaml
take it down:
  sudo $bin/kblab down --dir $dir
NEXT
