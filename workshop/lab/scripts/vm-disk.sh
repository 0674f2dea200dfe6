# Makes the disk of a virtual machine out of layers, the topmost first: vm-disk.sh LAYERS SIZE, in the host's directory.
mount -t overlay overlay -o "lowerdir=$1,upperdir=upper,workdir=work" root
mke2fs -q -t ext4 -L root -d root disk.img "$2"
