#!/bin/bash
# callers-fresh.sh [PACKAGE.deb]   the programs of Debian that send mail, in roots
# with systemd at work, where this package has just taken the place of exim4,
# postfix or dma: what each sends is looked at in a mailbox and at a relay.  What
# is installed first stays in $O/debcheck.  Needs root and, the first time, Debian's
# mirror.  ONLY='dma' for one of the roots, ROWS='cron at' for some of the callers.
set -u
TREE=$(cd "$(dirname "$0")/.." && pwd -P)
. "$TREE/tests/debroot.sh"

# Those that a Debian has, or is often given; they bring exim4 along.
PACKAGES="systemd systemd-sysv dbus rsyslog exim4-daemon-light
	cron anacron at bsd-mailx s-nail mailutils mutt git git-email php-cli sudo
	smartmontools mdadm unattended-upgrades apt-listchanges cron-apt needrestart
	logwatch logcheck logcheck-database fail2ban chkrootkit debsums
	monitoring-plugins-basic monit aide aide-common etckeeper whois
	libmailtools-perl libmime-lite-perl python3 python3-aiosmtpd"

outside() {
	O=$(cd "$TREE" && cd "${O:-build}" && pwd -P)
	WORK=$O/debcheck
	DEB=${1:-$(ls -t "$O"/bellman_*.deb 2>/dev/null | head -n 1)}
	[ "$(id -u)" = 0 ] && [ -e "$DEB" ] || {
		echo "callers-fresh.sh: needs root, and a package (make deb)" >&2
		exit 1
	}
	base_root || exit 1
	cp "$DEB" "$WORK/bellman.deb"
	local failed=0 passed=0 name line
	export O WORK TREE ROWS=${ROWS:-}
	mkdir -p "$WORK/layer"
	if [ "$(cat "$WORK/callers.list" 2>/dev/null)" != "$PACKAGES" ]; then
		echo "== the callers are installed: some minutes"
		rm -rf "$WORK/callers" "$WORK/callers.work"
		UP=$WORK/callers clean unshare -m -u -p -f --propagation private \
		    /bin/bash "$TREE/tests/callers-fresh.sh" --prepare >"$WORK/callers.log" 2>&1 || {
			tail -n 20 "$WORK/callers.log" >&2
			exit 1
		}
		echo "$PACKAGES" >"$WORK/callers.list"
	fi
	for name in ${ONLY:-exim4 postfix dma}; do
		echo "== where $name was"
		: >"$WORK/callers.out"
		CG=/sys/fs/cgroup/bellman-callers.$$
		clean unshare -m --propagation private \
		    /bin/bash "$TREE/tests/callers-fresh.sh" --boot "$name" >"$WORK/boot.log" 2>&1 &
		tail -q -f -n +1 --pid=$! "$WORK/callers.out"
		line=$(sed -n 's/^[^ ]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/callers.out")
		[ -n "$line" ] || { line='0 1'; tail "$WORK/boot.log"; }
		passed=$((passed + ${line% *}))
		failed=$((failed + ${line#* }))
	done
	echo "callers: $passed passed, $failed failed"
	[ $failed = 0 ]
}

clean() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root TERM=dumb \
	    TREE="$TREE" O="$O" WORK="$WORK" R="$WORK/layer/root" ROWS="$ROWS" ${UP:+UP="$UP"} "$@"
}

# Nothing of it starts; what the roots will be given later is fetched, too.
prepare() {
	hostname mail.example
	machine
	printf '#!/bin/sh\nexit 101\n' >"$R/usr/sbin/policy-rc.d"
	chroot "$R" /bin/bash -ec "
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update
	apt-get -q -y install $(echo $PACKAGES)
	apt-get -q -y --download-only install postfix
	apt-get -q -y --download-only install dma
	apt-get -q -y --download-only install /out/debcheck/bellman.deb
	systemctl mask getty.target systemd-logind.service e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer
	"
}

# systemd as process 1 of a root without a network: nothing of the machine outside
# can be reached by it but the clock.
boot() {
	local cg=$WORK/cgroup
	mkdir -p "$cg"
	mount -t cgroup2 cgroup2 "$cg" || exit 1
	mkdir -p "$cg/bellman-callers.$$"
	sh -c 'echo $PPID' >"$cg/bellman-callers.$$/cgroup.procs"
	unshare -m -u -i -n -p -C -f --propagation private \
	    /bin/bash "$TREE/tests/callers-fresh.sh" --init "$1"
	echo 0 >"$cg/cgroup.procs"
	find "$cg/bellman-callers.$$" -depth -type d -exec rmdir {} +
}

init() {
	hostname mail.example
	ip link set lo up
	machine "$WORK/callers:$WORK/base"
	mount -t sysfs -o ro sysfs "$R/sys"
	mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
	mount -t tmpfs tmpfs "$R/run"
	mount --bind "$R/proc/sys" "$R/proc/sys"
	mount -o remount,bind,ro "$R/proc/sys"
	: >"$R/etc/machine-id"
	: >"$R/etc/resolv.conf"
	cat >"$R/etc/systemd/system/callers.service" <<-U
		[Unit]
		After=multi-user.target
		SuccessAction=exit-force
		FailureAction=exit-force
		[Service]
		Type=oneshot
		Environment=WHERE=$1 ROWS="$ROWS" TREE=/tree O=/out PRIVATE_ROOT=1 HOME=/root
		ExecStart=/bin/bash /tree/tests/callers-fresh.sh --inside
		StandardOutput=append:/out/debcheck/callers.out
		StandardError=inherit
	U
	ln -s ../callers.service "$R/etc/systemd/system/multi-user.target.wants/"
	cd "$R" || exit 1
	mount --move . /
	exec env -i container=other chroot . /usr/bin/setpriv \
	    --bounding-set=-sys_time,-sys_module,-syslog /sbin/init
}

inside() {
	. /tree/tests/lib.sh 2>/dev/null
	systemctl list-units --failed --no-legend
	systemctl is-system-running
	ps ax
	echo "x: 1 passed, 0 failed"
}

case ${1:-} in
--prepare) prepare ;;
--boot) boot "$2" ;;
--init) init "$2" ;;
--inside) inside ;;
*) outside "$@" ;;
esac
