# debroot.sh - for deb.sh, systemd.sh and callers-fresh.sh: a Debian of their own,
# made once by debootstrap, and a copy of it for each story that is thrown away.
# The root without packages stays in $O/debcheck for the next time, and so do the archives.
# Needs root and Debian's mirror.
# shellcheck shell=bash
TREE=$(cd "$(dirname "$0")/.." && pwd -P)
SUITE=${SUITE:-bookworm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
ME=${0##*/}

# newer FROM TO: the same package, of a later version
newer() {
	local folder=$WORK/newer
	rm -rf "$folder"
	dpkg-deb -R "$1" "$folder" &&
		sed -i 's/^Version: .*/&+newer/' "$folder/DEBIAN/control" &&
		dpkg-deb -b --root-owner-group -Znone "$folder" "$2" >/dev/null
	rm -rf "$folder"
}

begin() { # [PACKAGE.deb]: O, WORK, DEB, the root without packages
	O=$(cd "$TREE" && cd "${O:-build}" && pwd -P)
	WORK=$O/debcheck
	DEB=${1:-$(ls -t "$O"/bellman_*.deb 2>/dev/null | head -n 1)}
	[ "$(id -u)" = 0 ] && [ -e "$DEB" ] || {
		echo "$ME: needs root, and a package (make deb)" >&2
		exit 1
	}
	base_root || exit 1
	cp "$DEB" "$WORK/bellman.deb"
}

outside() { # [PACKAGE.deb]: runs this script's --all, away from the machine
	begin "$@"
	newer "$DEB" "$WORK/newer.deb" || exit 1
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root TERM=dumb \
	    TREE="$TREE" O="$O" WORK="$WORK" SUITE="$SUITE" MIRROR="$MIRROR" ONLY="${ONLY:-}" \
	    unshare -m -u -p -f --mount-proc --propagation private \
	    /bin/bash "$0" --all
}

# The root without packages, $WORK/base; by root, with Debian's mirror.
base_root() {
	mkdir -p "$WORK/archives/partial"
	[ ! -e "$WORK/base/ready" ] || return 0
	rm -rf "$WORK/base"
	debootstrap --variant=minbase --include=ca-certificates,libbsd0,procps \
	    "$SUITE" "$WORK/base" "$MIRROR" >"$WORK/debootstrap.log" 2>&1 || {
		tail -n 20 "$WORK/debootstrap.log" >&2
		return 1
	}
	: >"$WORK/base/ready"
}

# machine [LOWER]: the root R, over LOWER (folders, the base is the default), in a
# mount namespace of its own.  What changes is in the memory of $WORK/layer, or in
# the folder UP.
machine() {
	local name up=${UP:-$WORK/layer/up}
	mount -t tmpfs tmpfs "$WORK/layer"
	mkdir -p "$up" "$up.work" "$R"
	mount -t overlay overlay "$R" \
	    -o "lowerdir=${1:-$WORK/base},upperdir=$up,workdir=$up.work"
	mount -t proc proc "$R/proc"
	mount -t tmpfs -o mode=755 dev "$R/dev"
	for name in null zero full random urandom tty; do
		: >"$R/dev/$name"
		mount --bind "/dev/$name" "$R/dev/$name"
	done
	mkdir -p "$R/dev/pts" "$R/dev/shm" "$R/tree" "$R/out"
	mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$R/dev/pts"
	ln -s pts/ptmx "$R/dev/ptmx"
	ln -s /proc/self/fd "$R/dev/fd"
	mount --bind "$TREE" "$R/tree"
	mount --bind "$O" "$R/out"
	mount --bind "$WORK/archives" "$R/var/cache/apt/archives"
	cp /etc/resolv.conf "$R/etc/resolv.conf"
	echo mail.example >"$R/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.0.1 mail.example mail relay.example\n' >"$R/etc/hosts"
	# Debian's own answer where there is no init would be to start nothing.
	printf '#!/bin/sh\nexit 0\n' >"$R/usr/sbin/policy-rc.d"
	chmod 755 "$R/usr/sbin/policy-rc.d"
	printf 'APT::Keep-Downloaded-Packages "true";\nAPT::Sandbox::User "root";\nAPT::Install-Recommends "false";\n' \
		>"$R/etc/apt/apt.conf.d/99check"
	rm -f "$R/etc/apt/apt.conf.d/docker-clean"
}

# stream NAME COMMAND...: inside, as alice: one message after the other until /tmp/stop
# is there.  What ended with 0 is in /tmp/accepted.NAME, what is to come again in
# /tmp/unsure (75), and anything else with its words in /tmp/refused.  ROUND tells
# the messages of one test from those of the next.
stream() {
	local name=$1 n=0 rc text
	shift
	while [ ! -e /tmp/stop ]; do
		n=$((n + 1))
		text="number ${ROUND:-1}.$name.$n."
		printf 'Subject: %s\n\n%s\n' $n "$text" | as alice "$@" 2>/tmp/words.$name
		rc=$?
		case $rc in
		0) echo "$text" >>/tmp/accepted.$name ;;
		75) echo "$text" >>/tmp/unsure ;;
		*) { echo "exit $rc"; cat /tmp/words.$name; } >>/tmp/refused ;;
		esac
	done
}
