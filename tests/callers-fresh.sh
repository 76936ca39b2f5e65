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
	aide etckeeper whois
	libmailtools-perl libmime-lite-perl python3 python3-aiosmtpd"

outside() {
	begin "$@"
	local failed=0 passed=0 name line
	export O WORK TREE ROWS=${ROWS:-}
	mkdir -p "$WORK/layer"
	if [ "$(cat "$WORK/callers.list" 2>/dev/null)" != "$PACKAGES" ]; then
		echo "== the callers are installed: some minutes"
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
		clean unshare -m --propagation private \
		    /bin/bash "$TREE/tests/callers-fresh.sh" --boot "$name" >"$WORK/boot.log" 2>&1 &
		tail -q -f -n +1 --pid=$! "$WORK/callers.out"
		line=$(sed -n 's/^[^ ]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/callers.out" | tail -n 1)
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
	umount "$R/var/cache/apt/archives" # cron-apt would clear it
	mkdir "$WORK/layer/archives" "$WORK/layer/archives.work"
	mount -t overlay overlay "$R/var/cache/apt/archives" \
	    -o "lowerdir=$WORK/archives,upperdir=$WORK/layer/archives,workdir=$WORK/layer/archives.work"
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
	exec env -i PATH="$PATH" container=other chroot . /usr/bin/setpriv \
	    --bounding-set=-sys_time,-sys_module,-syslog /sbin/init
}

# --- inside ---

SINK=/tmp/sink
G=/tmp/got

# wrong WHAT: one more reason why the row fails
wrong() { WRONG="$WRONG; $*"; }

# came WHERE FILES...: one message is there as the row wants it
came() {
	local where=$1 faults
	shift
	rm -rf $G
	/usr/bin/python3 /tree/tests/callers/read.py $G "$@" 2>/tmp/read.err || {
		wrong "$where: it cannot be read: $(tail -n 1 /tmp/read.err)"
		return
	}
	[ "$(cat $G/count)" = "${MANY:-1}" ] || wrong "$where: $(cat $G/count) messages"
	faults=$(cat $G/faults)
	[ -z "$faults" ] || wrong "$where: $faults"
	grep -q -E -e "$SUBJECT" $G/subject || wrong "$where: subject $(cat $G/subject)"
	grep -q -E -e "$FROM" $G/from || wrong "$where: from $(cat $G/from)"
	grep -q -a -E -e "$TEXT" $G/text || wrong "$where: text $(head -c 300 $G/text)"
}

bounded() { # COMMAND...: ended after ten minutes, with all that it started
	local pid end rc
	set -m
	("$@") &
	pid=$!
	(sleep 600; kill -- -$pid) &
	end=$!
	set +m
	wait $pid
	rc=$?
	kill -- -$end
	wait $end
	return $rc
} 2>/dev/null

# row NAME SUBJECT FROM TEXT COMMAND...: what the command leads to arrives in bob's
# mailbox and at the relay, one whole message each, with these patterns in it; it
# (or MANY, of which the last has them); it exits 0 (or with RC), and no program of ours has anything to say.
row() {
	local name=$1 rc
	SUBJECT=$2 FROM=$3 TEXT=$4 WRONG=
	shift 4
	case " ${ROWS:-${name%% *}} " in *" ${name%% *} "*) ;; *) return ;; esac
	rm -rf /var/mail/* $SINK/*.msg $G
	: >$SINK/log
	bounded "$@" >/tmp/said 2>&1 </dev/null
	rc=$?
	[ $rc = "${RC:-0}" ] || wrong "exit $rc"
	if grep -q -E '^(sendmail|deliver|mailq|newaliases):' /tmp/said; then wrong "ours speaks up"; fi
	await -t 20 mbox /var/mail/bob "${MANY:-1}" >/dev/null || wrong "nothing in the mailbox"
	await -t 20 count $SINK/log "${MANY:-1}" 'DATA 250' >/dev/null || wrong "nothing at the relay"
	# shellcheck disable=SC2046 # in the order of their coming
	came relay $(ls -tr $SINK/*.msg)
	came mailbox /var/mail/bob
	if [ -z "$WRONG" ]; then
		PASSED=$((PASSED + 1))
		echo "ok - $name: exit $rc, From $(cat $G/from), To $(cat $G/to), Subject $(cat $G/subject)"
	else
		FAILED=$((FAILED + 1))
		echo "not ok - $name: ${WRONG#; }"
		{ mailq; tail -n 8 $LOG; grep -h -E '^(Subject|X-|To|From):' /var/mail/bob; } 2>&1 | sed 's/^/#     /' 
	fi
	sed 's/^/#   said: /' /tmp/said | tail -n "$([ -z "$WRONG" ] && echo 2 || echo 8)"
	systemctl reset-failed >/dev/null 2>&1
}

text() { printf 'Grüße, привет\n.two\nFrom here\n'; }
WORDS='^Grüße, привет$'
ROOT='root@mail\.example'
ALICE='alice@mail\.example'
BOTH='bob carol@remote.example'
user() { # USER COMMAND...: in a login of that user
	local user=$1
	shift
	as "$user" env -i -C "/home/$user" HOME="/home/$user" USER="$user" LOGNAME="$user" \
	    SHELL=/bin/bash PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TERM=dumb "$@"
}
alice() { text | user alice "$@"; }

as_cron() {
	printf 'MAILTO=root\n@reboot echo "Grüße, привет"\n' | crontab -u alice -
	rm -f /run/crond.reboot
	systemctl restart cron
}
as_at() { echo 'echo Grüße, привет' | LC_ALL=C.UTF-8 at now; }
as_anacron() {
	mkdir -p /tmp/ana
	printf 'MAILTO=root\n1 0 toll echo Grüße, привет\n' >/tmp/ana/tab
	LC_ALL=C.UTF-8 anacron -d -f -n -s -t /tmp/ana/tab -S /tmp/ana
}
as_git() {
	user alice sh -ec '
	rm -rf r; git init -q r; cd r
	git config user.name "Alice Liddell"; git config user.email alice@mail.example
	echo x >x; git add x; git commit -q -m "Grüße" -m "Grüße, привет"
	git send-email --quiet --confirm=never --to=bob --cc=carol@remote.example -1'
}
php() { # FLAGS OF php
	user alice php "$@" -r 'exit(mail("bob, carol@remote.example", "Hello", "Grüße, привет\n",
	    ["MIME-Version" => "1.0", "Content-Type" => "text/plain; charset=UTF-8"]) ? 0 : 1);'
}
# What smartd -M test runs, with the words that it gives; there is no disk here
# that it would look at.
as_smartd() {
	env SMARTD_MAILER="$1" SMARTD_ADDRESS=root SMARTD_SUBJECT='SMART error (EmailTest) detected on host: mail' \
	    SMARTD_DEVICE=/dev/sda SMARTD_DEVICETYPE=sat SMARTD_DEVICESTRING='/dev/sda [SAT]' SMARTD_DEVICEINFO=disk \
	    SMARTD_FAILTYPE=EmailTest SMARTD_MESSAGE='TEST EMAIL from smartd for device: /dev/sda' \
	    SMARTD_FULLMESSAGE='TEST EMAIL from smartd' SMARTD_TFIRST='Fri' SMARTD_TFIRSTEPOCH=1 SMARTD_PREVCNT=0 SMARTD_NEXTDAYS= \
	    /usr/share/smartmontools/smartd_warning.sh
}
as_mdadm() {
	: >/dev/md0
	printf 'Personalities : [raid1]\nmd0 : active raid1 sdb1[1] sda1[0]\n      1024 blocks [2/2] [UU]\n\nunused devices: <none>\n' >/tmp/mdstat
	timeout 300 mdadm --monitor --test --oneshot --mail root /dev/md0
}
as_upgrades() {
	printf 'Unattended-Upgrade::Mail "root";\nUnattended-Upgrade::MailReport "always";\nUnattended-Upgrade::Origins-Pattern { "origin=toll"; };\n' \
		>/etc/apt/apt.conf.d/60mail
	repository 1
	dpkg -i /srv/apt/toll_1_all.deb
	repository 2
	env LC_ALL=C.UTF-8 unattended-upgrade
}
# repository VERSION: of one package, whose news tell that version
repository() {
	local d=/tmp/made
	rm -rf $d
	mkdir -p $d/DEBIAN $d/usr/share/doc/toll /srv/apt
	printf 'Package: toll\nVersion: %s\nArchitecture: all\nMaintainer: x <x@mail.example>\nDescription: x\n' "$1" >$d/DEBIAN/control
	printf 'toll (%s) stable; urgency=medium\n\n  * Grüße, привет in %s\n\n -- X <x@mail.example>  Mon, 02 Feb 2026 10:00:00 +0000\n' "$1" "$1" |
		tee $d/usr/share/doc/toll/changelog.Debian | gzip -n >$d/usr/share/doc/toll/changelog.Debian.gz
	gzip -n <$d/usr/share/doc/toll/changelog.Debian >$d/usr/share/doc/toll/NEWS.Debian.gz
	rm $d/usr/share/doc/toll/changelog.Debian
	dpkg-deb --root-owner-group -b $d "/srv/apt/toll_$1_all.deb" >/dev/null
	{
		printf 'Package: toll\nVersion: %s\nArchitecture: all\nMaintainer: x <x@mail.example>\nDescription: x\nFilename: ./toll_%s_all.deb\n' "$1" "$1"
		printf 'Size: %s\nSHA256: %s\n\n' "$(stat -c %s /srv/apt/toll_"$1"_all.deb)" "$(sha256sum /srv/apt/toll_"$1"_all.deb | cut -d' ' -f1)"
	} >/srv/apt/Packages
	printf 'Origin: toll\nSuite: stable\nSHA256:\n %s %s Packages\n' "$(sha256sum /srv/apt/Packages | cut -d' ' -f1)" \
	    "$(stat -c %s /srv/apt/Packages)" >/srv/apt/Release
	echo 'deb [trusted=yes] file:/srv/apt ./' >/etc/apt/sources.list
	apt-get -q update
}
as_listchanges() {
	repository 3
	sed -i -e 's/^frontend=.*/frontend=mail/' -e 's/^email_address=.*/email_address=root/' -e 's/^confirm=.*/confirm=0/' \
	    -e 's/^which=.*/which=news/' /etc/apt/listchanges.conf
	env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=mail \
	    apt-get -q -y -o Dir::Etc::SourceList=/etc/apt/sources.list install /srv/apt/toll_3_all.deb
}
as_cron_apt() {
	repository 4
	printf 'MAILTO="root"\nMAILON="always"\nRUNSLEEP=0\n' >>/etc/cron-apt/config
	cron-apt -s
}
as_sudo() { # SETTINGS COMMAND...
	printf '%s\n' "Defaults mailto=\"root\", $1" 'root ALL=(ALL) ALL' "$2" >/etc/sudoers
	shift 2
	user alice sudo "$@"
}
as_logwatch() { env LC_ALL=C.UTF-8 logwatch --range all --output mail --mailto root --format text; }
as_logcheck() {
	logger -t toll 'Grüße, привет: something odd'
	await -t 10 text /var/log/syslog 'something odd' >/dev/null
	sed -i 's/^SENDMAILTO=.*/SENDMAILTO="root"/' /etc/logcheck/logcheck.conf
	echo /var/log/syslog >/etc/logcheck/logcheck.logfiles
	rm -rf /etc/logcheck/logcheck.logfiles.d/*
	chgrp adm /var/log/syslog
	setpriv --reuid logcheck --regid logcheck --init-groups --reset-env /usr/sbin/logcheck
}
as_fail2ban() {
	printf '[Definition]\nfailregex = ^.*odd from <HOST>$\n' >/etc/fail2ban/filter.d/toll.conf
	printf '[DEFAULT]\n[sshd]\nenabled = false\n[toll]\nenabled = true\nbackend = polling\nlogpath = /var/log/toll\nmaxretry = 1\n' >/etc/fail2ban/jail.local
	printf 'destemail = root\nsender = root@mail.example\naction = sendmail[name=toll, dest=root, sender=root@mail.example, sendername=Fail2Ban]\n' >>/etc/fail2ban/jail.local
	printf '[Definition]\nactionstart =\nactionstop =\n' >/etc/fail2ban/action.d/sendmail.local
	: >/var/log/toll
	systemctl restart fail2ban || return 1
	await -t 20 exists /run/fail2ban/fail2ban.sock >/dev/null
	fail2ban-client ping >/dev/null
	echo "$(date '+%F %T') odd from 192.0.2.9" >>/var/log/toll
}
as_failed() {
	printf '[Unit]\nOnFailure=bellman-notify@%%n.service\n[Service]\nExecStart=/bin/sh -c "echo Grüße, привет; exit 3"\n' >/etc/systemd/system/toll.service
	systemctl daemon-reload
	systemctl start toll.service
}
as_mailing_units() { # a unit with all that keeps the set-gid bit from working
	systemd-run -q --wait --pipe -p DynamicUser=yes -p NoNewPrivileges=yes -p ProtectSystem=strict -p PrivateUsers=yes \
	    -p PrivateNetwork=yes -p User=toll sh -c "printf 'Subject: hard\n\nGrüße, привет\n' | sendmail $BOTH"
}
# A library is upgraded under the agent, which has mail for a relay that is away:
# needrestart, as apt calls it, sees that and starts another.
agent() { systemctl show -P MainPID bellman.service; }
stale() { grep -q 'libtdb.*(deleted)' "/proc/$(agent)/maps"; }
as_needrestart() {
	local rc
	systemctl stop sink
	renewed
	rc=$?
	sink_starts # and what waits goes, so that no row after it is wrong for its sake
	sendmail -q
	return $rc
}
renewed() {
	local lib before
	: >$LOG
	text | sed '1i Subject: stale\n' | sendmail bob carol@remote.example
	await -t 20 text $LOG ': deferred to=<carol@remote.example> ' >/dev/null
	lib=$(readlink -f /usr/lib/*/libtdb.so.1)
	cp -p "$lib" "$lib.new" && mv "$lib.new" "$lib"
	before=$(agent)
	stale || { echo "the agent is not resident, or does not use $lib"; return 1; }
	needrestart -b -l -r l >/tmp/needs 2>&1
	grep -x 'NEEDRESTART-SVC: bellman.service' /tmp/needs || { cat /tmp/needs; return 1; }
	DEBIAN_FRONTEND=noninteractive needrestart -l -r a || return 1
	[ "$before" != "$(agent)" ] || { echo "the same agent"; return 1; }
	if stale; then echo "it uses the old library"; return 1; fi
	needrestart -b -l -r l >/tmp/needs 2>&1
	! grep bellman /tmp/needs
}
sink_starts() {
	rm -f $SINK/ready
	systemd-run -q --unit=sink /usr/bin/python3 /tree/tests/smtpd.py 2525 $SINK
	await -t 20 exists $SINK/ready
}
as_rootless() {
	user alice unshare -U -r sh -c "printf 'Subject: hard\n\nGrüße, привет\n' | /usr/sbin/sendmail $BOTH"
}
perl_send() {
	user alice perl -MMail::Send -e 'my $m = Mail::Send->new(To => "bob, carol\@remote.example", Subject => "Hello");
	    my $f = $m->open("sendmail"); print $f "Grüße, привет\n"; $f->close or die'
}
perl_lite() {
	user alice perl -MMIME::Lite -e 'MIME::Lite->new(From => "alice\@mail.example", To => "bob, carol\@remote.example",
	    Subject => "Hello", Type => "text/plain; charset=UTF-8", Encoding => "8bit", Data => "Grüße, привет\n")->send or die'
}
python_send() { # HOW: over SMTP to localhost, or by sendmail -bs
	cat >/tmp/send.py <<-'P'
	import smtplib, socket, subprocess, sys
	from email.message import EmailMessage
	m = EmailMessage()
	m["From"], m["To"], m["Subject"] = "alice@mail.example", "bob@mail.example, carol@remote.example", "Grüße"
	m.set_content("Grüße, привет\n")
	class Pipe(smtplib.SMTP):
	    def _get_socket(self, host, port, timeout):
	        ours, its = socket.socketpair()
	        self.child = subprocess.Popen(["/usr/sbin/sendmail", "-bs"], stdin=its, stdout=its)
	        its.close()
	        return ours
	with (smtplib.SMTP("localhost") if sys.argv[1] == "smtp" else Pipe("x")) as s:
	    s.send_message(m)
	P
	user alice python3 /tmp/send.py "$1"
}
as_aide() {
	printf 'database_in=file:/tmp/aide.db\ndatabase_out=file:/tmp/aide.new\n/srv/apt p+sha256\n' >/tmp/aide.conf
	aide -c /tmp/aide.conf --init >/dev/null && mv /tmp/aide.new /tmp/aide.db
	echo >>/srv/apt/Packages
	aide -c /tmp/aide.conf --check | mail -s 'AIDE: Grüße, привет' root
}

rows() {
	row cron '^Cron <alice@mail> echo' '(root|alice)@mail\.example' "$WORDS" as_cron
	row at '^Output from your job' "$ROOT" "$WORDS" as_at
	row anacron "^Anacron job 'toll' on mail" "$ROOT" "$WORDS" as_anacron
	row bsd-mailx '^Grüße$' "$ALICE" "$WORDS" alice bsd-mailx -s Grüße $BOTH
	row s-nail '^Grüße$' "$ALICE" "$WORDS" alice s-nail -S ttycharset=utf-8 -s Grüße $BOTH
	row mailutils '^Grüße$' "$ALICE" "$WORDS" alice mail.mailutils -s Grüße $BOTH
	row mutt '^Grüße$' "$ALICE" "$WORDS" alice mutt -s Grüße $BOTH
	row git 'Grüße$' "$ALICE" "$WORDS" as_git
	row php '^Hello$' "$ALICE" "$WORDS" php
	row 'php with sendmail_path' '^Hello$' 'www@other\.example' "$WORDS" php -d 'sendmail_path=/usr/sbin/sendmail -t -i -f www@other.example'
	row smartd '^SMART error \(EmailTest\)' "$ROOT" 'TEST EMAIL from smartd' as_smartd /usr/share/smartmontools/smartd-runner
	row 'smartd without a script' '^SMART error \(EmailTest\)' "$ROOT" 'TEST EMAIL from smartd' as_smartd ''
	row mdadm '^TestMessage event on /dev/md' "$ROOT" 'TestMessage' as_mdadm
	# apt-listchanges has its word in it, too
	MANY=2 row unattended-upgrades 'unattended-upgrades result for' "$ROOT" 'toll' as_upgrades
	row apt-listchanges '^apt-listchanges: ' "$ROOT" 'Grüße, привет in 3' as_listchanges
	row cron-apt '^CRON-APT ' "$ROOT" 'toll' as_cron_apt
	RC=1 row sudo '^\*\*\* SECURITY information for mail' "$ALICE" 'NOT in sudoers' as_sudo '!authenticate' '' -n true
	MANY=2 row 'sudo mail_always' '^\*\*\* SECURITY information for mail' "$ALICE" 'COMMAND=/bin/true|/bin/true' as_sudo mail_always 'alice ALL=(ALL) NOPASSWD: ALL' -n /bin/true
	RC=1 row 'sudo mail_badpass' '^\*\*\* SECURITY information for mail' "$ALICE" 'password' as_sudo mail_badpass 'alice ALL=(ALL) ALL' -S true
	row logwatch '^Logwatch for mail' "$ROOT" 'Logwatch End' as_logwatch
	row logcheck '^mail(\.example)? .*(System Events|Reboot|Security)' 'logcheck' 'Grüße, привет: something odd|#303' as_logcheck
	row fail2ban '^\[Fail2Ban\] toll: banned 192.0.2.9' 'Fail2Ban <root@mail\.example>' '192\.0\.2\.9' as_fail2ban
	row OnFailure '^toll\.service failed on mail' 'systemd <root@mail\.example>' 'toll' as_failed
	row hardened '^hard$' '@mail\.example' "$WORDS" as_mailing_units
	row needrestart '^stale$' "$ROOT" "$WORDS" as_needrestart
	row rootless '^hard$' "$ALICE" "$WORDS" as_rootless
	row Mail::Send '^Hello$' "$ALICE" "$WORDS" perl_send
	row MIME::Lite '^Hello$' "$ALICE" "$WORDS" perl_lite
	row smtplib '^Grüße$' "$ALICE" "$WORDS" python_send pipe
	echo 'relay-clients 127.0.0.1' >>$CONF
	systemctl -q enable --now bellman-smtp.socket
	row 'smtplib to localhost' '^Grüße$' "$ALICE" "$WORDS" python_send smtp
	row aide '^AIDE: Grüße' "$ROOT" 'changed|Packages' as_aide
}

inside() {
	. /tree/tests/lib.sh 2>/dev/null
	NAME=$WHERE
	cd / || exit 1
	export AWAIT_TIMES=${AWAIT_TIMES:-10} # each is for an event; the machine may be slow
	export DEBIAN_FRONTEND=noninteractive
	useradd -m -s /bin/bash -c 'Alice Liddell' alice
	useradd -m -s /bin/bash bob
	echo mail.example >/etc/mailname
	printf '%s\n' 'postmaster: root' 'root: bob, ops@remote.example' >/etc/aliases
	rm -f /etc/cron.d/* # they write at moments of their own
	systemctl -q stop anacron.service anacron.timer logcheck.timer 2>/dev/null
	apt() { apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null; }
	[ "$WHERE" = exim4 ] || check "$WHERE is installed, and exim4 leaves" apt install "$WHERE"
	check "bellman takes its place" apt install /out/debcheck/bellman.deb
	grep -E '^(W:|E:|bellman:|dpkg: (warning|error)|sendmail:)' "$OUT" | sed 's/^/#   said: /'
	same "$WHERE has gone" rc "$(dpkg-query -W -f '${db:Status-Abbrev}' "$(case $WHERE in exim4) echo exim4-daemon-light ;; *) echo "$WHERE" ;; esac)" | cut -c1-2)"
	same "nothing listens at port 25" '' "$(ss -Hltn 'sport = :25' 2>/dev/null)"
	check "the settings are right" deliver --check-settings
	printf 'relay main { host 127.0.0.1 2525 ; tls never }\n' >$CONF
	check "and read" systemctl try-reload-or-restart bellman
	mkdir -p $SINK
	: >$SINK/log
	sink_starts
	rows
	same "no unit has failed" '' "$(systemctl list-units --failed --no-legend --plain 'bellman*')"
	same "nothing waits" 0 "$(find $SPOOL/drop $SPOOL/queue $SPOOL/quarantine -type f | wc -l)"
	finish
}

case ${1:-} in
--prepare) prepare ;;
--boot) boot "$2" ;;
--init) init "$2" ;;
--inside) inside ;;
*) outside "$@" ;;
esac
