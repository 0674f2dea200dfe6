# Builds a kernel out of Debian's source: kernel-build.sh SOURCE DIR OPTIONS, where SOURCE is the archive, DIR gets root and
# modules, and OPTIONS is the text of kernel-options. The working directory is empty, and of no use afterwards.
export ARCH=um KBUILD_BUILD_USER=kblab KBUILD_BUILD_HOST=kblab KBUILD_BUILD_TIMESTAMP=@0 LC_ALL=C
tar --extract --strip-components=1 --file "$1"
printf '%s\n' "$3" | sed 's/#.*//' | tr -s ' ' '\n' | sed -n 's/^-\(.*\)/# CONFIG_\1 is not set/p; t
	s/^[^=]*=.*/CONFIG_&/p; t
	s/^..*/CONFIG_&=y/p' >wanted
make --silent KCONFIG_ALLCONFIG=wanted alldefconfig
# What is left out may be unknown to this source, and everything else must be there.
lost=$(grep -v '^#' wanted | grep -vxF -f .config || true)
[ -z "$lost" ] || { echo "this source does not take" $lost >&2; exit 1; }
make --silent --jobs="$(nproc)" linux
mkdir -p "$2/root/usr/bin" "$2/root/host" "$2/root/proc" "$2/root/dev" "$2/root/tmp"
strip -o "$2/root/usr/bin/linux.uml" linux
# It runs in a root of its own, with the libraries that it was linked against and the one that threads end with.
ldd linux | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory="$2/root"
cp --dereference "$(gcc -print-file-name=libgcc_s.so.1)" "$2/root$(dirname "$(ldd linux | grep -o '/[^ ]*/libc\.so\.6')")"
# A kernel without modules has their lists all the same, which say what is built in.
release=$(cat include/config/kernel.release)
mkdir -p "$2/modules/usr/lib/modules/$release"
cp modules.builtin modules.builtin.modinfo "$2/modules/usr/lib/modules/$release"
: >"$2/modules/usr/lib/modules/$release/modules.order"
