# Mounts a host's root file system and boots it, in a mount namespace of its own, so that the mount ends with the host
# however it ends: boot.sh BASE COMMAND..., in the host's directory.
base=$1
shift
mount -t overlay overlay -o "lowerdir=$base,upperdir=upper,workdir=work" root
exec "$@"
