# Starts a kernel as a process, in a mount namespace of its own: vm.sh ROOT NETNS ARGUMENT..., in the directory of the
# host's disk. The memory of the machine is a file in /tmp, which goes with the namespace.
root=$1 netns=$2
shift 2
mount --bind . "$root/host"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=100% tmpfs "$root/tmp"
exec nsenter --net="$netns" -- chroot "$root" /usr/bin/linux.uml "$@"
