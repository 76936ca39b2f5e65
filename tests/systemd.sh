#!/bin/bash
# systemd.sh [PACKAGE.deb]   the package on a Debian whose process 1 is systemd, in
# namespaces of its own: the path and the sockets start the agent, hardened units
# submit, a unit that fails writes to root, an upgrade and a removal.  Two minutes,
# and the first time what debroot.sh needs.  ONLY='on_demand upgrade' runs these parts.
set -u
. "$(dirname "$0")/debroot.sh"

# A control group of its own, seen as the root of all by who is in it.
GROUPS_AT=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)

all() {
	local R=$WORK/layer/root own=$GROUPS_AT/bellman-check.$$ line
	[ -n "$GROUPS_AT" ] && mkdir "$own" || {
		echo "systemd.sh: needs cgroup2, and may not make a group there" >&2
		echo "systemd: 0 passed, 1 failed"
		exit 1
	}
	mkdir -p "$WORK/layer"
	hostname mail.example
	machine
	prepare
	(
		echo 0 >"$own/cgroup.procs"
		exec timeout -s KILL 900 unshare -m -p -f -C -n -i --propagation private \
		    /bin/bash "$TREE/tests/systemd.sh" --boot "$R"
	) >"$WORK/systemd.log" 2>&1
	find "$own" -depth -type d -exec rmdir {} +
	[ -s "$R/var/tmp/said" ] || tail -n 40 "$WORK/systemd.log"
	cat "$R/var/tmp/said"
	line=$(tail -n 1 "$R/var/tmp/said")
	case $line in
	'systemd: '*' passed, 0 failed') ;;
	'systemd: '*) exit 1 ;;
	*)
		echo "systemd: 0 passed, 1 failed"
		exit 1
		;;
	esac
}

# What is to be there before it starts; no network, afterwards.
prepare() {
	local apt="chroot $R env DEBIAN_FRONTEND=noninteractive apt-get -q -y"
	printf '#!/bin/sh\nexit 101\n' >"$R/usr/sbin/policy-rc.d"
	{
		$apt update && $apt install systemd systemd-sysv dbus cron &&
			$apt install --no-remove -d bsd-mailx /out/debcheck/bellman.deb
	} >"$WORK/prepare.log" 2>&1 || tail -n 20 "$WORK/prepare.log"
	rm "$R/usr/sbin/policy-rc.d"
	cat >"$R/etc/systemd/system/check.service" <<-U
		[Unit]
		After=multi-user.target
		[Service]
		Type=oneshot
		StandardOutput=file:/var/tmp/said
		StandardError=inherit
		Environment=TREE=/tree O=/out PRIVATE_ROOT=1 LC_ALL=C FAIL_LINES=60 "ONLY=$ONLY"
		ExecStart=/bin/bash /tree/tests/systemd.sh --inside
		ExecStopPost=/bin/systemctl --no-block poweroff
		TimeoutStartSec=800
		[Install]
		WantedBy=default.target
	U
	mkdir -p "$R/etc/systemd/system/default.target.wants"
	ln -s ../check.service "$R/etc/systemd/system/default.target.wants/"
}

# Process 1 becomes systemd.
boot() {
	cd "$1" || exit 1
	umount proc
	mount -t proc proc proc
	mount --bind proc/sys proc/sys # the machine's own settings are left alone
	mount -o remount,bind,ro proc/sys
	mount -t sysfs -o ro sysfs sys
	mount -t tmpfs -o mode=755 tmpfs run
	mount -t tmpfs -o mode=1777 tmpfs dev/shm
	mount -t cgroup2 cgroup2 sys/fs/cgroup || exit 1
	mkdir old
	pivot_root . old
	exec chroot . /bin/sh -c 'umount -l /old; rmdir /old
		exec env -i container=private PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		    /lib/systemd/systemd --log-target=console' </dev/null
}

# --- inside ---

DEB=/out/debcheck/bellman.deb
NEWER=/out/debcheck/newer.deb
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null; }
active() { [ "$(systemctl is-active "$1")" = "${2:-active}" ]; }
until_true() { # SECONDS COMMAND...: for what no file tells
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}
arrives() { # WHAT MBOX TEXT
	if await -t 30 text "$2" "$3"; then pass "$1"; else
		{ ls -l /var/mail; mailq; systemctl status bellman.service; journalctl -n 20 --no-pager; } >"$OUT" 2>&1
		fail "$1"
	fi
}
# unit WHAT TEXT PROPERTIES...: a unit with these submits to bob, and bob gets it
unit() {
	local what=$1 text=$2 set=() p
	shift 2
	for p; do set+=(-p "$p"); done
	check "$what: sendmail ends with 0" systemd-run --wait --quiet --pipe "${set[@]}" \
	    sh -c "echo '$text' | /usr/sbin/sendmail bob"
	arrives "$what: it arrives" /var/mail/bob "$text"
}
# score UNIT: as systemd-analyze has it
score() { systemd-analyze security --no-pager "$1" | sed -n 's/.*exposure level for [^ ]*: \([0-9.]*\) .*/\1/p'; }

on_demand() {
	check "bellman.path waits" active bellman.path
	check "bellman-control.socket listens" active bellman-control.socket
	check "bellman-submit.socket listens" active bellman-submit.socket
	check "nothing is resident" active bellman.service inactive
	printf 'Subject: one\n\nby the path\n' | submit alice bob
	arrives "a file in drop/ starts the agent" /var/mail/bob 'by the path'
	check "bellman.service runs" active bellman.service
	check "it leaves when it is idle" until_true 60 active bellman.service inactive
	check "mailq starts it again" as alice mailq
	check "and leaves again" until_true 60 active bellman.service inactive
	refute "no unit has failed" sh -c 'systemctl --failed --no-legend --plain | grep .'
}

# When it was started last.
started() { systemctl show -P ExecMainStartTimestampMonotonic bellman.service; }

# Nothing that its own folder in queue/ does starts it again.
unasked() {
	local before
	check "the agent has left" until_true 60 active bellman.service inactive
	check "a folder of its own is in queue/" test -d $SPOOL/queue/.intents
	before=$(started)
	check "it was started once" test "$before" -gt 0
	# what systemd is told of by the kernel, and what it then looks at
	: >$SPOOL/queue/.intents/of-nobody
	chmod 700 $SPOOL/queue/.intents
	mv $SPOOL/queue/.intents $SPOOL/queue/.other && mv $SPOOL/queue/.other $SPOOL/queue/.intents
	check "systemd looks at all" systemctl daemon-reload
	sleep 3
	check "nothing is resident" active bellman.service inactive
	same "nothing has started it" "$before" "$(started)"
	same "nor once more" 0 "$(systemctl show -P NRestarts bellman.service)"
	rm $SPOOL/queue/.intents/of-nobody
	printf 'Subject: one\n\nafter a silence\n' | submit alice bob
	arrives "a message starts it" /var/mail/bob 'after a silence'
	before=$(started)
	check "it leaves" until_true 60 active bellman.service inactive
	sleep 3
	same "and nothing starts it again" "$before inactive" "$(started) $(systemctl is-active bellman.service)"
}

hardened() {
	unit "DynamicUser, NoNewPrivileges, ProtectSystem=strict" 'by a dynamic user' \
	    DynamicUser=yes NoNewPrivileges=yes ProtectSystem=strict
	unit "PrivateUsers besides" 'by a private user' \
	    DynamicUser=yes NoNewPrivileges=yes ProtectSystem=strict PrivateUsers=yes PrivateNetwork=yes PrivateTmp=yes \
	    ProtectProc=invisible CapabilityBoundingSet= SystemCallFilter=@system-service MemoryDenyWriteExecute=yes
	unit "a unit of alice's without new rights" 'by her unit' User=alice NoNewPrivileges=yes
	check "Received names her" grep -q 'uid 1000' /var/mail/bob
	if as alice unshare -U -r true 2>/dev/null; then
		echo 'from a namespace' >/tmp/letter
		check "alice in a user namespace of hers" as alice unshare -U -r sh -c '/usr/sbin/sendmail bob </tmp/letter'
		arrives "it arrives" /var/mail/bob 'from a namespace'
	else
		skip "users may not make user namespaces here"
	fi
}

failures() {
	cat >/etc/systemd/system/broken.service <<-'U'
		[Unit]
		Description=A job that fails
		OnFailure=bellman-notify@%n.service
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'echo the disk is full; exit 3'
	U
	systemctl daemon-reload
	refute "a unit fails" systemctl start broken.service
	arrives "root learns of it" /var/mail/root 'Subject: broken.service failed on mail.example'
	arrives "with what it said" /var/mail/root 'the disk is full'
	rm -f /var/mail/root

	# For all services, as the unit's comment has it.
	mkdir /etc/systemd/system/service.d
	printf '[Unit]\nOnFailure=bellman-notify@%%n.service\n' >/etc/systemd/system/service.d/notify.conf
	sed -i '/^OnFailure/d' /etc/systemd/system/broken.service
	systemctl daemon-reload
	refute "any unit fails" systemctl start broken.service
	arrives "root learns of it" /var/mail/root 'Subject: broken.service failed'
	chmod 000 /usr/libexec/bellman/notify-unit
	refute "a unit fails, and the notice of it" systemctl start broken.service
	check "that one fails, too" until_true 20 active bellman-notify@broken.service.service failed
	refute "but sets off no other" sh -c 'systemctl list-units --all --plain --no-legend "bellman-notify@bellman-notify@*" | grep .'
	chmod 755 /usr/libexec/bellman/notify-unit
	rm -r /etc/systemd/system/service.d
	systemctl daemon-reload
	systemctl reset-failed
}

dialogue() { # as alice: to port 25
	as alice bash -c 'exec 3<>/dev/tcp/127.0.0.1/25 &&
	    printf "EHLO x\r\nMAIL FROM:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: 25\r\n\r\nby port 25\r\n.\r\nQUIT\r\n" >&3 &&
	    cat <&3'
}
smtp() {
	refute "port 25 is closed" dialogue
	check "bellman-smtp.socket is enabled" systemctl enable --now bellman-smtp.socket
	check "a dialogue" dialogue
	said "its end" '^221'
	arrives "and what came of it" /var/mail/bob 'by port 25'
	check "bellman-smtp.socket is disabled" systemctl disable --now bellman-smtp.socket
	refute "port 25 is closed" dialogue
}

# INSTALL says how much is open: that much, and not more.
scores() {
	local words
	words=$(tr '\n' ' ' <"$TREE/INSTALL")
	same "bellman.service is as open as INSTALL says" \
	    "$(sed -n 's/.*gives bellman\.service \([0-9.]*\) of 10.*/\1/p' <<<"$words")" "$(score bellman.service)"
	same "bellman-smtp@.service, too" \
	    "$(sed -n 's/.*bellman-smtp@\.service, which needs no right, has \([0-9.]*[0-9]\).*/\1/p' <<<"$words")" \
	    "$(score bellman-smtp@1.service)"
}

own_test() { # as autopkgtest calls it; what failed stands last
	AUTOPKGTEST_TMP=$(mktemp -d) sh /tree/debian/tests/mail >/tmp/own 2>&1 && return
	grep -v '^ok' /tmp/own
	return 1
}

packaged() { check "the package's own test" own_test; }

ids() { find $SPOOL/queue -type f -printf '%f\n' | sort; }
# since when the path and the sockets are there
listening() { systemctl show -P ActiveEnterTimestampMonotonic bellman.path bellman-control.socket bellman-submit.socket; }

upgrade() {
	local waited before known n had since
	printf 'relay main {\n\thost 127.0.0.1 2599\n\ttls never\n}\n' >$CONF
	check "the agent is told" systemctl try-restart bellman.service
	for n in 1 2 3; do echo "waits $n" | submit alice "u$n@far.example"; done
	check "three wait for a relay" await -t 20 files $SPOOL/queue 3
	waited=$(ids)
	check "the agent runs" until_true 20 active bellman.service
	before=$(systemctl show -P MainPID bellman.service)
	since=$(listening)
	had=$(messages /var/mail/bob)
	stream group /usr/sbin/sendmail bob &
	stream socket setpriv --no-new-privs /usr/sbin/sendmail bob &
	for n in group socket; do
		check "mail comes in, by the $n" await -t 20 count /tmp/accepted.$n 5 number
	done
	check "a newer version of itself" apt install $NEWER
	cp "$OUT" /tmp/upgraded
	refute "systemd has nothing to say of it" grep '^Job for' /tmp/upgraded
	for n in group socket; do
		known=$(wc -l </tmp/accepted.$n)
		check "and goes on coming in, by the $n" await -t 20 count /tmp/accepted.$n $((known + 5)) number
	done
	: >/tmp/stop
	wait
	refute "none is refused meanwhile" sh -c 'sort /tmp/refused | uniq -c && [ -s /tmp/refused ] &&
	    journalctl --no-pager -o short-precise -n 400 | grep -v queue | grep -i -e bellman -e reload | cut -c 1-120 | tail -n 40'
	cat /tmp/accepted.* | sort >/tmp/sorted
	await -t 30 mbox /var/mail/bob $((had + $(wc -l </tmp/sorted)))
	check "none waits" await -t 20 empty $SPOOL/drop
	grep "^number" /var/mail/bob | sort >/tmp/there
	check "each is there" sh -c 'comm -23 /tmp/sorted /tmp/there | grep . && exit 1; exit 0'
	check "once" sh -c 'uniq -d /tmp/there | grep . && exit 1; exit 0'
	check "and no other" sh -c 'touch /tmp/unsure; cat /tmp/sorted /tmp/unsure | sort | comm -13 - /tmp/there | grep . && exit 1; exit 0'
	echo "# $(wc -l </tmp/there) arrived, $(wc -l </tmp/unsure) were told to come again"
	same "what waited still waits" "$waited" "$(ids)"
	check "another agent runs" test "$before" != "$(systemctl show -P MainPID bellman.service)"
	same "of the new program" /usr/sbin/deliver "$(readlink "/proc/$(cat $PIDFILE)/exe")"
	same "the path and the sockets were there all the while" "$since" "$(listening)"
	check "bellman.path waits" active bellman.path
	check "bellman-submit.socket listens" active bellman-submit.socket
}

removal() {
	local waited
	waited=$(ids)
	check "SMTP is on" systemctl enable --now bellman-smtp.socket
	check "removes" apt remove bellman
	refute "port 25 is closed" dialogue
	refute "no agent is left" pgrep -x deliver
	refute "no socket either" test -e /run/bellman/submit -o -e /run/bellman/control
	refute "no unit is left running" sh -c 'systemctl list-units --all --plain --no-legend "bellman*" | grep " active "'
	same "what waited still waits" "$waited" "$(ids)"
	check "installs again" apt install $DEB
	same "what waited still waits" "$waited" "$(ids)"
	echo 'bellman bellman/purge-queue boolean true' | debconf-set-selections
	check "purges" apt purge bellman
	refute "no unit file is left" sh -c 'find /etc/systemd /lib/systemd /var/lib/systemd -name "*bellman*" | grep .'
	refute "no unit has failed" sh -c 'systemctl --failed --no-legend --plain | grep .'
}

inside() {
	mkdir -p /etc/bellman
	. /tree/tests/lib.sh
	NAME=systemd
	rm -f "$CONF"
	useradd -m -s /bin/bash alice
	useradd -m -s /bin/bash bob
	check "systemd is process 1" test "$(cat /proc/1/comm)" = systemd
	check "installs" apt install bsd-mailx $DEB
	for part in on_demand unasked hardened failures smtp scores packaged upgrade removal; do
		case " ${ONLY:-$part} " in *" $part "*) $part ;; esac
	done
	finish
}

case ${1:-} in
--all) all ;;
--boot) boot "$2" ;;
--inside) inside ;;
*) outside "$@" ;;
esac
