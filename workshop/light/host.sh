# Makes a light host out of the namespaces that it is started in, and becomes its sshd:
# host.sh BASE NAME ADDRESS CONTROL MAC, in the host's directory.
base=$1
hostname "$2"
read -r _ # the interface is there
ip link set lo up
ip addr add "$3" dev eth0
ip link set eth0 up
ip neigh replace "$4" lladdr "$5" dev eth0 nud permanent
ip route add default via "$4"
mount -t overlay overlay -o "lowerdir=$base,upperdir=upper,workdir=work" root
cd root
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys
mkdir -p run/sshd
pivot_root . mnt
cd /
exec chroot . /bin/sh -euc 'umount -l /mnt; exec /usr/sbin/sshd -D -e' </dev/null
