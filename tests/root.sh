#!/bin/bash
# root.sh COMMAND...   runs COMMAND as root in a private copy of this machine,
# in which Bellman is installed: mail.example, with users alice (1001) and bob
# (1002), a syslog in /var/log/mail.log, and no network but lo.  Nothing on
# the machine itself changes; whatever COMMAND started ends with it.
# Exit: COMMAND's; 77 when such a copy cannot be made here.
# Environment: O, the build folder; DISK, a folder of the machine that is to be
# seen, and written to, as /disk.
set -eu
skip() { echo "root.sh: $*" >&2; exit 77; }

# Layers that are mount points of their own do not show through a layer of /.
LAYERS='/usr /var /etc /home /opt /root /srv'

outside() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	TREE=$(cd "$(dirname "$0")/.." && pwd -P)
	O=$(cd "$TREE" && cd "${O:-build}" && pwd -P)
	[ -x "$O/tests/private" ] || skip "no $O/tests/private: make first"
	local command=$1
	shift
	case $command in /*) ;; */*) command=$PWD/$command ;; esac
	set -- "$command" "$@"
	[ -z "${DISK:-}" ] || DISK=$(cd "$DISK" && pwd -P)
	# What a caller may set, for the stories; empty where he has not.
	local name given=()
	for name in FAIL_LINES SANITIZED WATCHED CRASH_SUBMITTERS KILL_MOST \
		ERROR_{HOWS,EVERY,FIRST,MOST,ONLY,ROLES,FAULT,TIME} POWERCUT_{IMAGES,SEED} SNAPSHOTS SOAK_{MINUTES,SEED,JUMPS}; do
		given+=("$name=${!name:-}")
	done
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root TERM="${TERM:-dumb}" \
	    "${given[@]}" DISK="${DISK:-}" TREE="$TREE" O="$O" \
	    "$O/tests/private" /bin/bash "$TREE/tests/root.sh" --mount "$@"
}

layer() { # LOWER: seen at the same place of the copy, writes go to memory
	n=$((n + 1))
	mkdir -p "$T/up$n" "$T/work$n" "$R$1"
	mount -t overlay overlay "$R$1" \
	    -o "lowerdir=$1,upperdir=$T/up$n,workdir=$T/work$n" ||
		skip "no overlay of $1 here"
}

open_way() { # PATH: alice reaches it, wherever the checkout lies; in the copy only
	local path=$1
	while [ "$path" != / ]; do
		chmod o+rx "$R$path"
		path=$(dirname "$path")
	done
}

mount_dev() {
	mount -t tmpfs -o mode=755 dev "$R/dev"
	local name
	while read -r name major minor; do
		mknod -m 666 "$R/dev/$name" c "$major" "$minor" 2>/dev/null || {
			: >"$R/dev/$name"
			mount --bind "/dev/$name" "$R/dev/$name"
		}
	done <<-X
		null 1 3
		zero 1 5
		full 1 7
		random 1 8
		urandom 1 9
		tty 5 0
	X
	chgrp tty "$R/dev/tty"
	mkdir "$R/dev/pts" "$R/dev/shm"
	mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$R/dev/pts"
	mount -t tmpfs -o mode=1777 shm "$R/dev/shm"
	ln -s pts/ptmx "$R/dev/ptmx"
	ln -s /proc/self/fd "$R/dev/fd"
	ln -s fd/0 "$R/dev/stdin"
	ln -s fd/1 "$R/dev/stdout"
	ln -s fd/2 "$R/dev/stderr"
}

copy() { # in namespaces of our own: the mounts
	n=0
	umask 022
	mount -t proc proc /proc
	for T in /mnt /media /srv; do # a folder that hides nothing we need
		[ -d "$T" ] && case "$TREE/ $O/" in *"$T/"*) ;; *) break ;; esac
	done
	mount -t tmpfs -o mode=755 copy "$T" || skip "no tmpfs here"
	R=$T/root
	mkdir "$R"
	layer /
	for dir in $LAYERS; do
		if mountpoint -q "$dir"; then layer "$dir"; fi
	done
	mount -t proc proc "$R/proc"
	mount -t tmpfs -o mode=755 run "$R/run"
	mount -t tmpfs -o mode=1777 tmp "$R/tmp"
	mount_dev
	layer "$TREE"
	case $O/ in "$TREE"/*) ;; *) layer "$O" ;; esac
	open_way "$TREE"
	open_way "$O"
	if [ -n "$DISK" ]; then
		mkdir "$R/disk"
		mount --bind "$DISK" "$R/disk"
	fi
	# In a chroot the kernel makes no user namespaces; where we are in one
	# already there is no other way.
	mkdir "$R/.outside"
	cd "$R"
	if pivot_root . .outside 2>/dev/null; then
		umount -l /.outside
		rmdir /.outside
		exec /bin/bash "$TREE/tests/root.sh" --inside "$@"
	fi
	rmdir .outside
	exec chroot . /bin/bash "$TREE/tests/root.sh" --inside "$@"
}

people() {
	local f
	for f in passwd shadow; do
		[ -e /etc/$f ] && cp -p /etc/$f /tmp/$f.old
	done
	awk -F: '($3 < 1000 || $3 == 65534) && $1 !~ /^bellman/' /tmp/passwd.old >/etc/passwd
	awk -F: 'NR == FNR { known[$1]; next } $1 in known' /etc/passwd /tmp/shadow.old >/etc/shadow
	awk -F: '($3 < 1000 || $3 == 65534) && $1 !~ /^bellman/' /etc/group >/tmp/group
	cat /tmp/group >/etc/group
	rm -f /etc/gshadow /etc/subuid /etc/subgid /tmp/*.old /tmp/group
	mount -t tmpfs -o mode=755 home /home
	useradd -K MAIL_DIR=/nonexistent -m -u 1001 -U -s /bin/bash -c 'Alice Liddell' alice
	useradd -K MAIL_DIR=/nonexistent -m -u 1002 -U -s /bin/bash -c 'Bob' bob
	usermod -p '*' alice
	usermod -p '*' bob
} 2>/dev/null

machine() { # the copy as a machine of its own
	local deb
	hostname mail.example
	echo mail.example >/etc/hostname
	echo mail.example >/etc/mailname
	printf '127.0.0.1 localhost\n127.0.0.1 mail.example mail\n127.0.0.1 relay.example\n' >/etc/hosts
	rm -f /etc/resolv.conf
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf
	rm -rf /etc/bellman /var/spool/bellman /var/lib/bellman /var/mail/* \
	    /usr/sbin/sendmail /usr/lib/sendmail /usr/bin/mailq \
	    /usr/bin/newaliases /usr/bin/tell /var/log/mail.log
	mkdir -p /run/lock /var/mail
	chmod 1777 /run/lock
	chown root:mail /var/mail
	chmod 2775 /var/mail
	install -o root -g utmp -m 664 /dev/null /run/utmp
	people
	for deb in "$O"/pkgs/*.deb; do # unpacked only: they want an MTA
		[ -e "$deb" ] || continue # /lib may be a link: tar keeps it
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C /
	done
	[ ! -e /usr/bin/bsd-mailx ] || ln -sf bsd-mailx /usr/bin/mail
	ldconfig
}

watch() { # each of our programs under valgrind (watched.c)
	local name
	mkdir -p /usr/libexec/watched
	install -d -m 1777 /tmp/watched
	for name in sendmail deliver; do
		mv /usr/sbin/$name /usr/libexec/watched/
		install -m 755 "$O/tests/watched" /usr/sbin/$name
	done
	chmod g-s /usr/libexec/watched/sendmail
	chgrp bellman /usr/sbin/sendmail
	chmod g+s /usr/sbin/sendmail
	for name in mailq newaliases tell; do
		ln /usr/libexec/watched/sendmail /usr/libexec/watched/$name
	done
	[ ! -e /usr/libexec/bellman/deliver-mime ] || {
		mv /usr/libexec/bellman/deliver-mime /usr/libexec/watched/
		install -m 755 "$O/tests/watched" /usr/libexec/bellman/deliver-mime
	}
}

inside() {
	cd "$TREE"
	machine
	"$O/tests/logsink" /dev/log /var/log/mail.log &
	"$O/tests/await" exists /dev/log
	make -s O="$O" install >/tmp/install.log 2>&1 || {
		cat /tmp/install.log >&2
		echo "root.sh: make install failed" >&2
		exit 1
	}
	[ -z "$WATCHED" ] || watch
	: >/var/log/mail.log
	cd /root
	export PRIVATE_ROOT=1
	set +e
	"$@"
	exit $? # not exec: bash as process 1 reaps what daemons leave
}

case ${1:-} in
--mount) shift; copy "$@" ;;
--inside) shift; inside "$@" ;;
'') echo "usage: root.sh COMMAND..." >&2; exit 64 ;;
*) outside "$@" ;;
esac
