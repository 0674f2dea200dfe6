#!/usr/bin/env bash
# The end of `make demo`: a page in a pod, fetched through the NodePort of another host.
set -euo pipefail
dir=$1
bin=$(cd "$(dirname "$0")/../.." && pwd)/bin
image=${XDG_CACHE_HOME:-$HOME/.cache}/kbootstrap/lab/mirror/docker.io/library/busybox/1.36.1.tar
on() { "$bin/kblab" exec --dir "$dir" "$@"; }

echo "== a page in a pod on w1"
on w1 -- ctr -n k8s.io images import - <"$image" >/dev/null 2> >(grep -v DEPRECATION >&2)
on cp1 -- kubectl apply -f - <<'MANIFEST'
apiVersion: v1
kind: Pod
metadata: {name: page, labels: {app: page}}
spec:
  nodeName: w1
  terminationGracePeriodSeconds: 0
  containers:
  - name: page
    image: docker.io/library/busybox:1.36.1
    command: [sh, -c, 'mkdir /www; echo "hello from $(hostname) on w1" >/www/index.html; exec httpd -f -p 8080 -h /www']
---
apiVersion: v1
kind: Service
metadata: {name: page}
spec:
  type: NodePort
  selector: {app: page}
  ports: [{port: 80, targetPort: 8080, nodePort: 30001}]
MANIFEST
on cp1 -- kubectl wait --for=condition=Ready pod/page --timeout=60s >/dev/null
on cp1 -- kubectl get nodes -o wide
echo
on cp1 -- kubectl get pods --all-namespaces -o wide
echo
w2=$(on w2 -- ip -4 -o addr show dev eth1 | awk '{sub("/.*", "", $4); print $4}')
echo "== the page, from cp1 through the NodePort of w2"
echo "curl http://$w2:30001/"
# The Service reaches the host's kube-proxy a moment after the pod is ready.
for attempt in {1..20}; do
  if page=$(on cp1 -- curl -sS --max-time 2 "http://$w2:30001/" 2>&1); then break; fi
  [ "$attempt" -lt 20 ] || { echo "$page" >&2; exit 1; }
  read -rt 0.5 <> <(:) || true
done
echo "$page"
cat <<NEXT

the cluster is running. look around:
  sudo $bin/kblab exec --dir $dir cp1 -- kubectl get nodes -o wide
  sudo $bin/kblab exec --dir $dir w1 -- systemctl list-units 'kube*' 'etcd*' docker.service containerd.service flanneld.service
  sudo $bin/kbootstrap status -i $dir/hosts.yaml
  sudo $bin/kbootstrap plan -i $dir/hosts.yaml
take it down:
  sudo $bin/kblab down --dir $dir
NEXT
