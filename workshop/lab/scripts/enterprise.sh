# Makes a root file system of Debian look like Enterprise Linux: enterprise.sh ROOT RELEASE PACKAGE=DEB...
root=$1
release=$2
shift 2

case $release in
7)
	cat >"$root/usr/lib/os-release" <<-END
	NAME="CentOS Linux"
	VERSION="7 (Core)"
	ID="centos"
	ID_LIKE="rhel fedora"
	VERSION_ID="7"
	PRETTY_NAME="CentOS Linux 7 (Core)"
	END
	echo 'CentOS Linux release 7.9.2009 (Core)' >"$root/etc/redhat-release"
	;;
9)
	cat >"$root/usr/lib/os-release" <<-END
	NAME="Rocky Linux"
	VERSION="9.6 (Blue Onyx)"
	ID="rocky"
	ID_LIKE="rhel centos fedora"
	VERSION_ID="9.6"
	PRETTY_NAME="Rocky Linux 9.6 (Blue Onyx)"
	END
	echo 'Rocky Linux release 9.6 (Blue Onyx)' >"$root/etc/redhat-release"
	;;
esac
ln -sf ../usr/lib/os-release "$root/etc/os-release"
rm -f "$root/etc/debian_version"

# rpm has its database where Enterprise Linux has it; Debian's is in the home of the user.
mkdir -p "$root/etc/rpm" "$root/var/lib/rpm"
printf '%%_dbpath /var/lib/rpm\n%%dist .el%s\n' "$release" >"$root/etc/rpm/macros.el"
chroot "$root" rpm --initdb

# One package: a spec, with the files of a tree as they are.
build() { # NAME VERSION TREE [PRE]
	name=$1 version=$2 tree=$3
	{
		printf 'Name: %s\nVersion: %s\nRelease: 1%%{dist}\nSummary: %s\nLicense: none\nAutoReqProv: no\n' "$name" "$version" "$name"
		[ "$name" != system-release ] || printf 'Provides: system-release = %s\nProvides: system-release(releasever) = %s\n' "$release" "$release"
		[ -z "${4-}" ] || printf '%%pre\n%s\n' "$4"
		printf '%%description\n%s\n%%install\nmkdir -p %%{buildroot} && cp -a /%s/. %%{buildroot}/\n%%files\n' "$name" "$tree"
		(cd "$root/$tree" && find . ! -type d | sed 's|^\.|"|; s|$|"|')
	} >"$root/srv/$name.spec"
	chroot "$root" rpmbuild --quiet -bb --define "_build_id_links none" --define "__os_install_post %{nil}" \
		--define "_rpmdir /srv/repo" --define "_topdir /srv/build" "/srv/$name.spec"
}

mkdir -p "$root/srv/repo"
for pair in "$@"; do
	name=${pair%%=*} deb=${pair#*=}
	set -- "$root"/srv/debs/"$deb"_*.deb
	version=$(chroot "$root" dpkg-deb --field "${1#"$root"}" Version)
	version=${version#*:}
	version=${version%%-*}
	tree=srv/tree/$name
	mkdir -p "$root/$tree"
	chroot "$root" dpkg-deb --extract "${1#"$root"}" "/$tree"
	rm -rf "$root/$tree/usr/share/doc" "$root/$tree/usr/share/man" "$root/$tree/usr/share/lintian" "$root/$tree/etc/init.d"
	# Where Debian still has files beside /usr.
	for dir in bin sbin lib; do
		[ -d "$root/$tree/$dir" ] || continue
		mkdir -p "$root/$tree/usr/$dir"
		cp -a "$root/$tree/$dir/." "$root/$tree/usr/$dir/"
		rm -rf "${root:?}/$tree/$dir"
	done
	pre=
	case $name in
	iptables) # Debian makes these by update-alternatives.
		for program in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
			ln -sf xtables-nft-multi "$root/$tree/usr/sbin/$program"
		done
		;;
	haproxy)
		pre='getent passwd haproxy >/dev/null || useradd --system --home-dir /var/lib/haproxy --shell /sbin/nologin haproxy'
		;;
	esac
	build "$name" "$version" "$tree" "$pre"
done
# dnf asks who the release is.
mkdir -p "$root/srv/tree/system-release/etc"
cp "$root/etc/redhat-release" "$root/srv/tree/system-release/etc/system-release"
build system-release "$release" srv/tree/system-release
chroot "$root" createrepo_c --quiet /srv/repo
chroot "$root" rpm --install --nodeps /srv/repo/*/system-release-*.rpm 2>/dev/null
chroot "$root" rpm --query system-release
mkdir -p "$root/etc/yum.repos.d"
cat >"$root/etc/yum.repos.d/local.repo" <<-END
	[local]
	name=local
	baseurl=file:///srv/repo
	enabled=1
	gpgcheck=0
END
[ -e "$root/usr/bin/dnf-3" ]
rm -f "$root/usr/bin/yum"
ln -s dnf-3 "$root/usr/bin/yum"
[ "$release" != 7 ] || rm -f "$root/usr/bin/dnf"

mkdir -p "$root/etc/selinux" "$root/etc/sysconfig"
printf 'SELINUX=enforcing\nSELINUXTYPE=targeted\n' >"$root/etc/selinux/config"
ln -sf ../selinux/config "$root/etc/sysconfig/selinux"

cat >"$root/etc/sudoers" <<-END
	Defaults requiretty
	Defaults !visiblepw
	Defaults always_set_home
	Defaults env_reset
	Defaults secure_path = /sbin:/bin:/usr/sbin:/usr/bin
	root ALL=(ALL) ALL
	%wheel ALL=(ALL) ALL
	#includedir /etc/sudoers.d
END
chmod 0440 "$root/etc/sudoers"

rm -rf "$root"/srv/debs "$root"/srv/tree "$root"/srv/build "$root"/srv/*.spec
rm -rf "$root"/usr/bin/apt* "$root"/usr/bin/dpkg* "$root"/usr/sbin/dpkg* "$root"/usr/bin/createrepo_c \
	"$root"/usr/lib/apt "$root"/var/lib/dpkg "$root"/var/lib/apt "$root"/var/cache/apt "$root"/etc/apt \
	"$root"/usr/lib/systemd/system/apt-* "$root"/usr/lib/systemd/system/dpkg-*
