#!/bin/bash
# deps.sh say|install SET...   what is missing here of the sets build, mime
# (GMime and libidn2: without them all else is built), check, demo, bench, valgrind, clock, deb,
# debcheck, portable, lint.  say: names it in a sentence, exit 1 if there is any.  install:
# through apt when it is there and we are root.  Silent when nothing is missing.
set -u
mode=$1; shift

have() { command -v "$1" >/dev/null 2>&1; }
lib() { have pkg-config && pkg-config --exists "$1"; }
file() { compgen -G "$1" >/dev/null; }

# set, package, how its presence is seen (not by dpkg: other systems have none)
table() {
	cat <<-'X'
	build gcc have gcc
	build libc6-dev file /usr/include/stdio.h
	build make have make
	build pkg-config have pkg-config
	build libbsd-dev lib libbsd-overlay
	build libc-ares-dev lib libcares
	build libtdb-dev lib tdb
	build libssl-dev lib openssl
	build libgsasl-dev lib libgsasl
	mime libidn2-dev lib libidn2
	mime libgmime-3.0-dev lib gmime-3.0
	check libcmocka-dev lib cmocka
	check python3 file /usr/bin/python3
	check openssl have openssl
	check python3-aiosmtpd file /usr/lib/python3/dist-packages/aiosmtpd
	check login have login
	check bsdutils have script
	check util-linux have setpriv
	check procps have pgrep
	check iproute2 have ip
	check perl file /usr/share/perl/*/FindBin.pm
	check mandoc have mandoc
	check groff-base have nroff
	check strace have strace
	check dpkg-dev have dpkg-buildflags
	check libdw-dev lib libdw
	check spin have spin
	check e2fsprogs have mke2fs
	check btrfs-progs have mkfs.btrfs
	check xfsprogs have mkfs.xfs
	check libnsl2 file /usr/lib/*/libnsl.so.2
	check libicu72 file /usr/lib/*/libicuuc.so.*
	check libdb5.3 file /usr/lib/*/libdb-5.3.so
	check libssl3 file /usr/lib/*/libssl.so.3
	check libsasl2-2 file /usr/lib/*/libsasl2.so.2
	valgrind valgrind have valgrind
	clock qemu-system-x86 have qemu-system-x86_64
	clock qemu-system-common file /usr/lib*/qemu/virtiofsd
	clock cpio have cpio
	demo python3 file /usr/bin/python3
	demo python3-aiosmtpd file /usr/lib/python3/dist-packages/aiosmtpd
	demo procps have pgrep
	demo login have login
	bench procps have pgrep
	bench util-linux have setpriv
	bench adduser have adduser
	deb dpkg-dev have dpkg-buildpackage
	deb build-essential file /usr/share/build-essential/list
	deb debhelper have dh
	deb po-debconf have po2debconf
	debcheck debootstrap have debootstrap
	debcheck lintian have lintian
	portable clang have clang
	portable musl-tools have musl-gcc
	portable qemu-user have qemu-i386
	portable gcc-multilib file /usr/lib/gcc/*/*/32/libgcc.a
	debcheck piuparts have piuparts
	debcheck autopkgtest have autopkgtest
	lint clang have clang
	lint libclang-rt-14-dev file /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer*.a
	lint clang-tidy have clang-tidy
	lint clang-format have clang-format
	lint cppcheck have cppcheck
	lint shellcheck have shellcheck
	X
}

missing() {
	local set package test arg
	table | while read -r set package test arg; do
		case " $* " in
		*" $set "*) $test "$arg" || echo "$package" ;;
		esac
	done | sort -u | tr '\n' ' '
}

packages=$(missing "$@")
packages=${packages% }
[ -n "$packages" ] || exit 0
if [ "$mode" = install ] && [ "$(id -u)" = 0 ] && have apt-get; then
	echo "installing: $packages"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp) || exit 1
	# The lists may be older than the archive, or not there at all.
	# shellcheck disable=SC2086 # words, one a package
	{ apt-get -q update &&
		apt-get -q install -y --no-install-recommends $packages
	} >"$log" 2>&1 && { rm -f "$log"; exit 0; }
	tail -20 "$log" >&2
	rm -f "$log"
	echo "These packages could not be installed: $packages" >&2
	exit 1
fi
if have apt-get; then
	echo "Packages are missing here: $packages" >&2
	echo "'make deps' as root installs them." >&2
else
	echo "Missing here (Debian's names): $packages" >&2
fi
exit 1
