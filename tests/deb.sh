#!/bin/bash
# deb.sh [PACKAGE.deb]   the Debian package, in roots that debootstrap makes and
# that are thrown away: installed by preseeded answers, over postfix, exim4 and
# dma and replaced by them, upgraded, removed, purged; then piuparts and
# autopkgtest.  ONLY='NAME...' runs these stories.  About ten minutes.
set -u
. "$(dirname "$0")/debroot.sh"

all() {
	local failed=0 passed=0 name line begun R=$WORK/layer/root
	mkdir -p "$WORK/layer"
	hostname mail.example
	for name in $(sed -n 's/^\(story\|host\)_\([a-z0-9_]*\)() .*/\2/p' "$TREE/tests/deb.sh"); do
		case " ${ONLY:-$name} " in *" $name "*) ;; *) continue ;; esac
		echo "== $name"
		# A pid namespace for each: its daemons end with it.
		begun=$SECONDS
		line=$(R=$R unshare -m -p -f --propagation private --mount-proc /bin/bash "$TREE/tests/deb.sh" --one "$name" |
			tee >(cat >&2) | sed -n 's/^[^ ]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
		[ -n "$line" ] || line='0 1'
		passed=$((passed + ${line% *}))
		failed=$((failed + ${line#* }))
		echo "# $name took $((SECONDS - begun)) s"
	done
	echo "deb: $passed passed, $failed failed"
	[ $failed = 0 ]
}

one() {
	if [ "$(type -t "host_$1")" = function ]; then
		"host_$1"
		return
	fi
	machine
	chroot "$R" /usr/bin/env TREE=/tree O=/out PRIVATE_ROOT=1 STORY="$1" \
	    /bin/bash /tree/tests/deb.sh --inside
}

# --- by tools of Debian that stand outside the root ---

# verdict NAME STATUS LOG: what a tool said, as a story
verdict() {
	if [ "$2" = 0 ]; then echo "ok - $1"; echo "$1: 1 passed, 0 failed"; else
		tail -n 40 "$3" | sed 's/^/# /'
		echo "not ok - $1"
		echo "$1: 0 passed, 1 failed"
	fi
}

# Installed, removed and purged in a root of its own: what is then there that was
# not before, and what has changed.
host_piuparts() {
	local log=$WORK/piuparts.log
	mkdir -p "$WORK/tmp"
	piuparts -e "$WORK/base" -d "$SUITE" -m "$MIRROR main" --no-eatmydata \
	    --tmpdir "$WORK/tmp" "$WORK/bellman.deb" >"$log" 2>&1
	verdict piuparts $? "$log"
}

# The test that the source package brings, on an installed package.  The root has
# no init: what it says of systemd is left to systemd.sh.
host_autopkgtest() {
	local log=$WORK/autopkgtest.log status
	machine
	rm -rf "$WORK/source" "$WORK/autopkgtest"
	mkdir "$WORK/source"
	cp -a "$TREE/debian" "$WORK/source/debian"
	autopkgtest --no-built-binaries --apt-upgrade --output-dir "$WORK/autopkgtest" \
	    "$WORK/bellman.deb" "$WORK/source" -- chroot "$R" >"$log" 2>&1
	status=$?
	sed -n 's/^.*\(\(not \)\?ok - .*\)$/\1/p' "$log"
	# 2 would be: a test was skipped.
	verdict autopkgtest $status "$log"
}

# doc/containers, line by line, in the place of docker: the image is built, and each
# of its containers is a namespace of processes without an agent, which ends with its
# program.  The network of these is one relay.
copy() ( # FOLDER PATTERN TO
	# shellcheck disable=SC2086 # a pattern of names
	cd "$1" && cp $2 "$R$3"
)
host_container() {
	local line word context=$WORK/layer/context
	machine
	printf '#!/bin/sh\nexit 101\n' >"$R/usr/sbin/policy-rc.d" # as Debian's images have it
	mkdir -p "$context"
	cp "$WORK/bellman.deb" "$context/bellman_0_all.deb"
	printf 'relay main { host 127.0.0.1 2525 ; tls never }\nretry 1h\n' >"$context/bellman.conf"
	while read -r word line; do
		# shellcheck disable=SC2086 # words
		case $word in
		FROM) ;; # R is that
		COPY) copy "$context" $line ;;
		RUN) chroot "$R" /usr/bin/env DEBIAN_FRONTEND=noninteractive sh -c "$line" >"$WORK/image.log" 2>&1 ;;
		VOLUME) # docker fills a new volume from the image
			cp -a "$R$line" "$WORK/layer/volume" && mount --bind "$WORK/layer/volume" "$R$line" ;;
		esac || {
			verdict "container: $word $line" 1 "$WORK/image.log"
			return
		}
	done < <(sed -n '/^    FROM /,/^$/s/^    //p' "$TREE/doc/containers")
	env PRIVATE_ROOT=1 R="$R" unshare -n /bin/bash "$TREE/tests/deb.sh" --containers
}

containers() {
	local sink=/tmp/containers.$$
	. "$TREE/tests/lib.sh" 2>/dev/null
	NAME=container OUT=$WORK/container.out
	export AWAIT_TIMES=${AWAIT_TIMES:-10}
	cd / || exit 1
	ip link set lo up
	box() { # COMMAND...: a container from its begin to its end
		timeout 600 unshare -p -f --kill-child --mount-proc="$R/proc" chroot "$@"
	}
	gone() { [ -z "$(find "$R$SPOOL/drop" "$R$SPOOL/queue" -type f)" ]; }
	message='printf "Subject: %s\n\nx\n" $0 | sendmail ops@far.example'
	smtpd 2525 "$sink"
	check "the image has the program and the settings" grep -q 2525 "$R/etc/bellman/bellman.conf"
	refute "and no agent" pgrep -x deliver
	exits "root sends, and his program goes on" 0 box "$R" sh -c "$message"'
		while find /var/spool/bellman/drop /var/spool/bellman/queue -type f | grep -q .; do sleep 0.1; done' goes-on
	same "it says nothing" '' "$(head -n 1 "$OUT")"
	check "one pass has taken it to the relay" grep -q goes-on "$sink"/1.msg
	stop_smtpd
	exits "no relay: root's program ends" 0 box "$R" sh -c "$message" ends
	exits "another user" 0 box --userspec=33:33 "$R" sh -c "$message" by-www
	said "he reads that it waits" 'sendmail: queued, but no agent runs; it waits'
	refute "both wait" gone
	rm -rf "$sink"
	smtpd 2525 "$sink"
	command=$(sed -n 's/^    docker run .* IMAGE //p' "$TREE/doc/containers")
	same "the page's last word on that" 'deliver -q' "$command"
	# shellcheck disable=SC2086 # words
	exits "another container of the same volume" 0 box "$R" $command
	same "has them go, each once" "by-www ends" "$(grep -h -o -E 'Subject: (ends|by-www)' "$sink"/*.msg | cut -d' ' -f2 | sort | xargs)"
	check "nothing is left" gone
	exits "no new privileges: nobody but root" 77 box --userspec=33:33 "$R" setpriv --no-new-privs sh -c "$message" no
	said "is told why" 'sendmail: '
	check "and nothing is left" gone
	exits "root may, and his last command sees to it" 0 box "$R" setpriv --no-new-privs sh -c "$message; $command" yes
	check "it has arrived" grep -q -h 'Subject: yes' "$sink"/*.msg
	stop_smtpd
	rm -rf "$sink"
	finish
}

# --- inside ---

DEB=/out/debcheck/bellman.deb
export DEBIAN_FRONTEND=noninteractive
perm() { stat -c '%U:%G %a' "$@"; }
apt() { apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null; }
preseed() { sed 's/^/bellman bellman\//' | debconf-set-selections; }
NEWER=/out/debcheck/newer.deb
state() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c1-2; }
waiting() { find $SPOOL/drop $SPOOL/queue -type f | wc -l; }
arrives() { # WHAT MBOX TEXT
	if await -t 30 text "$2" "$3"; then pass "$1"; else
		{ ls -l /var/mail; mailq; pgrep -a deliver; } >"$OUT" 2>&1
		fail "$1"
	fi
}
people() {
	useradd -m -s /bin/bash alice
	useradd -m -s /bin/bash bob
}

installed() { # what holds whenever ours is installed
	same "sendmail is set-gid bellman" "root:bellman 2755" "$(perm /usr/sbin/sendmail)"
	same "/usr/lib/sendmail leads to it" /usr/sbin/sendmail "$(readlink -f /usr/lib/sendmail)"
	same "drop" "bellman:bellman 1770" "$(perm $SPOOL/drop)"
	check "an agent runs" await -t 10 exists /run/bellman/control
	printf 'Subject: s\n\nfrom alice\n' | submit alice bob
	arrives "mail between users" /var/mail/bob 'from alice'
}

# cron and mail(1), as Debian has them.
callers() {
	echo '@reboot echo spoken by cron' | crontab -u alice -
	service cron stop >/dev/null # its package started it: no @reboot twice
	rm -f /run/crond.reboot
	check "cron starts" service cron start
	arrives "what a cron job says reaches its owner" /var/mail/alice 'spoken by cron'
	service cron stop >/dev/null
	echo 'by mailx' | as alice mail -s hello bob
	arrives "mail(1) reaches bob" /var/mail/bob 'by mailx'
}

story_preseed() {
	apt update >/dev/null
	preseed <<-'X'
		kind select relay
		relay string relay.example 2525
		user string alerts
		password password se"cret
		sender string alerts@example.org
		root string alice
		mailname string example.net
	X
	check "installs" apt install $DEB
	installed
	check "the settings are right" deliver --check-settings
	said "the relay is in force" 'relay\.example'
	check "the sender, too" grep -x 'sender  \*@\*  <alerts@example.org>' $CONF
	same "the secret" 'relay.example "alerts" "se\"cret"' "$(cat /etc/bellman/secrets)"
	same "is for the role alone" root:bellman-net\ 640 "$(perm /etc/bellman/secrets)"
	refute "and in no database of answers" grep -r 'se"cret' /var/cache/debconf
	same "mail domain" example.net "$(cat /etc/mailname)"
	check "root's mail goes to alice" grep -x 'root: alice' /etc/aliases
	echo 'warn 2h # mine' >>$CONF
	check "installed again" apt install --reinstall $DEB
	check "a change by hand stays" grep -x 'warn 2h # mine' $CONF
	installed
	check "service bellman restart" service bellman restart
	check "service bellman status" service bellman status
	installed
}

story_wrong_answers() {
	apt update >/dev/null
	preseed <<-'X'
		kind select relay
		relay string a; hold yes
		sender string <x> } hold yes
		root string |/bin/sh
	X
	check "installs all the same" apt install $DEB
	said "says what it did not take for a relay" '^bellman: no host and port of a relay were named; '
	said "nor for an address" '^bellman: the address that mail leaves with is none such as '
	check "the settings can be read" deliver --check-settings
	refute "nothing is smuggled in" grep -E '^hold|^[^#].*hold' $CONF
	refute "nor into aliases" grep sh /etc/aliases
}

# Who names an account is asked for its address too: few relays take another.
story_account() {
	apt update >/dev/null
	preseed <<-'X'
		kind select relay
		relay string relay.example 2525
		user string alerts@example.org
		password password secret
	X
	cat >/tmp/editor <<-'X'
		#!/bin/sh
		cat "$1" >>/tmp/asked
		sed -i 's/^bellman.sender=.*/bellman\/sender="alerts@example.org"/' "$1"
	X
	chmod 755 /tmp/editor
	export DEBIAN_FRONTEND=editor EDITOR=/tmp/editor
	check "installs" apt install $DEB
	check "what mail leaves with is asked" grep '^bellman/sender=' /tmp/asked
	refute "and nothing that was told before" grep -E '^bellman/(kind|relay|user|password)=' /tmp/asked
	check "the answer is in force" grep -x 'sender  \*@\*  <alerts@example.org>' $CONF
	: >/tmp/asked
	check "a newer version of itself" apt install $NEWER
	refute "asks nothing again" grep '^bellman/' /tmp/asked
	same "the secret stays" 'relay.example "alerts@example.org" "secret"' "$(cat /etc/bellman/secrets)"
}

# A machine on which nobody was asked anything, and who then changes his mind.
story_no_answers() {
	apt update >/dev/null
	check "installs" apt install $DEB
	said "it says where root's mail goes" '^bellman: mail for root goes into his own mailbox on this machine$'
	said "and all other" '^bellman: mail for other machines is returned$'
	said "and how to change that" '^bellman: to change this: dpkg-reconfigure bellman, '
	installed
	echo 'to himself' | sendmail root
	arrives "root's mail is in his mailbox" /var/mail/root 'to himself'
	same "which is his" root:mail\ 660 "$(perm /var/mail/root)"
	echo 'to a stranger' | sendmail stranger@far.example
	arrives "what cannot leave comes back" /var/mail/root 'stranger@far.example'
	preseed <<-'X'
		kind select relay
		relay string 127.0.0.1 2599
		user string alerts
	X
	check "dpkg-reconfigure" dpkg-reconfigure -f noninteractive bellman
	said "says what is other now" '^bellman: mail for other machines goes to the relay'
	said "and what is missing" '^bellman: no password of alerts at 127.0.0.1 is known; '
	check "the relay is in force" grep -x 'relay   127.0.0.1 2599' $CONF
	check "an agent runs" await -t 10 exists /run/bellman/control
	echo 'to another' | sendmail other@far.example
	check "what leaves waits for the relay" await -t 20 files $SPOOL/queue 1
	check "installed again" apt install --reinstall $DEB
	cp "$OUT" /tmp/upgraded
	check "which apt tells" grep 'Setting up bellman' /tmp/upgraded
	refute "and says nothing of it again" grep '^bellman:' /tmp/upgraded
}

story_nobody_preseeds() {
	apt update >/dev/null
	apt install bsd-mailx cron >/dev/null 2>&1 # brings exim4 along
	check "installs" apt install $DEB
	same "exim4 has gone" rc "$(state exim4-daemon-light)"
	installed
	callers
}

# over_and_back MAILER PACKAGES...
over_and_back() {
	local mailer=$1
	apt update >/dev/null
	check "$* is installed" apt install "$@" cron bsd-mailx
	printf '%s\n' '# mine' 'root: bob' >/etc/aliases
	check "ours takes its place" apt install $DEB
	same "$mailer has gone" rc "$(state "$mailer")"
	same "aliases stay" '# mine' "$(head -n 1 /etc/aliases)"
	installed
	callers
	echo 'for root' | sendmail root
	arrives "root's alias" /var/mail/bob 'for root'
	service bellman stop >/dev/null
	echo 'waits' | submit alice bob 2>/dev/null
	same "one waits" 1 "$(waiting)"
	check "$mailer takes its place again" apt install "$@"
	same "ours has gone" rc "$(state bellman)"
	same "its sendmail is no other group's" root:root "$(perm /usr/sbin/sendmail | cut -d' ' -f1)"
	refute "and not set-gid by us" dpkg-statoverride --list /usr/sbin/sendmail
	same "the one waits still" 1 "$(waiting)"
	check "the settings are there" test -s $CONF
	check "ours once more" apt install $DEB
	arrives "what had waited is delivered" /var/mail/bob 'waits'
	installed
}
story_postfix() { over_and_back postfix postfix; }
story_exim4() { over_and_back exim4-daemon-light exim4-base exim4-config exim4-daemon-light; }
story_dma() { over_and_back dma dma; }

story_remove_and_purge() {
	apt update >/dev/null
	check "installs" apt install $DEB
	installed
	echo '# mine' >>$CONF
	service bellman stop >/dev/null
	echo 'waits' | submit alice bob 2>/dev/null
	check "removes" apt remove bellman
	said "says what stays" "1 message stays in $SPOOL"
	refute "no program is left" ls /usr/sbin/deliver /usr/sbin/sendmail
	refute "no agent is left" pgrep -x deliver
	check "settings stay" grep -x '# mine' $CONF
	check "purges" apt purge bellman
	refute "settings are gone" test -e /etc/bellman
	refute "state is gone" test -e /var/lib/bellman
	refute "no start script is left" sh -c 'ls /etc/rc?.d/*bellman /etc/init.d/bellman'
	same "the queue stays, unless somebody says otherwise" 1 "$(waiting)"
	check "installs again" apt install $DEB
	arrives "and delivers it" /var/mail/bob waits
	service bellman stop >/dev/null
	echo 'lost' | submit alice bob 2>/dev/null
	echo 'purge-queue boolean true' | preseed
	check "purges all" apt purge bellman
	refute "the queue is gone, as told" test -e $SPOOL
	check "nothing of ours is left" sh -c '! find / -xdev -path /proc -prune -o -path /tree -prune -o -path /out -prune -o -name "*bellman*" -print | grep -v -e ^/var/log -e ^/var/cache/apt -e ^/var/cache/debconf -e "^/var/lib/dpkg/" -e "^/tree" -e "^/out" | grep .'
}

# Every file, its mode and owner, and the sum of those that others could miss.
# Left out: dpkg's and apt's own memory, users and their mail, ucf's registry, and
# the two files of the whole machine that policy leaves to nobody (11.6).
files_of_machine() {
	find / -xdev \( -path /proc -o -path /tree -o -path /out -o -path /dev -o -path /tmp \
	    -o -path /home -o -path /var/mail -o -path /var/log -o -path /var/cache \
	    -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/ucf \) -prune \
	    -o -printf '%p %M %u:%g %l\n' |
		grep -v -E '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-? |^/etc/(aliases|mailname) ' | sort
	find /etc -type f ! -name 'passwd*' ! -name 'group*' ! -name '*shadow*' \
	    ! -name 'sub?id*' ! -name aliases ! -name mailname -exec md5sum {} + | sort -k 2
}

# What it was before is what it is after, when it was used and purged in between.
story_nothing_left() {
	local needs
	apt update >/dev/null
	needs=$(apt-get -s install $DEB | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vx bellman)
	check "what it depends on" apt install $needs
	files_of_machine >/tmp/before
	check "there is much" test "$(wc -l </tmp/before)" -gt 3000
	check "installs" apt install $DEB
	installed
	echo 'warn 2h' >>$CONF
	touch $CONF~ $CONF.ucf-old
	echo 'purge-queue boolean true' | preseed
	service bellman stop >/dev/null
	echo later | submit alice bob 2>/dev/null
	same "one waits" 1 "$(waiting)"
	check "purges" apt purge bellman
	files_of_machine >/tmp/after
	check "all is as it was" diff /tmp/before /tmp/after
	refute "no override is left" sh -c 'dpkg-statoverride --list | grep -e bellman -e sendmail'
	refute "no answer is left" grep -q bellman /var/cache/debconf/config.dat /var/cache/debconf/passwords.dat
	refute "ucf has forgotten it" grep bellman /var/lib/ucf/hashfile /var/lib/ucf/registry
}

# queue ids of what waits
ids() { find $SPOOL/queue -type f -printf '%f\n' | sort; }

# Mail comes in all the time, by the set-gid program and by the agent's socket, and
# some waits for a relay that is not there: each message whose sendmail ended with
# 0 is there afterwards, once; of any other the caller knows that he is to try again.
# meanwhile WHAT COMMAND...
meanwhile() {
	local what=$1 before way submitters=() known
	shift
	before=$(cat $PIDFILE)
	ROUND=$((${ROUND:-0} + 1))
	rm -f /tmp/stop /tmp/accepted.* /tmp/refused
	touch /tmp/unsure
	stream group /usr/sbin/sendmail bob &
	submitters+=($!)
	stream socket setpriv --no-new-privs /usr/sbin/sendmail bob &
	submitters+=($!)
	for way in group socket; do
		check "mail comes in by the $way" await -t 20 count /tmp/accepted.$way 5 number
	done
	check "$what" "$@"
	for way in group socket; do
		known=$(wc -l </tmp/accepted.$way)
		check "and goes on coming in by the $way" await -t 20 count /tmp/accepted.$way $((known + 5)) number
	done
	: >/tmp/stop
	wait "${submitters[@]}"
	refute "none is refused meanwhile" cat /tmp/refused
	check "an agent runs" await -t 20 exists /run/bellman/control
	check "it is another one" test "$before" != "$(cat $PIDFILE)"
	same "of the program that is installed" /usr/sbin/deliver "$(readlink "/proc/$(cat $PIDFILE)/exe")"
	# by all that was ever accepted
	cat /tmp/accepted.* >>/tmp/all
	arrives "the last of them arrives" /var/mail/bob "$(tail -q -n 1 /tmp/accepted.group)"
	check "none waits behind it" await -t 20 empty $SPOOL/drop
	await -t 20 mbox /var/mail/bob "$(wc -l </tmp/all)"
	grep '^number' /var/mail/bob | sort >/tmp/there
	check "each is there" sh -c 'sort /tmp/all | comm -23 - /tmp/there >/tmp/missing; cat /tmp/missing; ! [ -s /tmp/missing ]'
	check "once" sh -c 'uniq -d /tmp/there >/tmp/twice; cat /tmp/twice; ! [ -s /tmp/twice ]'
	check "and no other" sh -c 'cat /tmp/all /tmp/unsure | sort | comm -13 - /tmp/there >/tmp/more; cat /tmp/more; ! [ -s /tmp/more ]'
	echo "# $(wc -l </tmp/there) arrived, $(wc -l </tmp/unsure) were told to come again"
}

story_upgrade() {
	local waited
	apt update >/dev/null
	preseed <<-'X'
		kind select relay
		relay string 127.0.0.1 2599
	X
	check "installs" apt install $DEB
	check "an agent runs" await -t 10 exists /run/bellman/control
	for n in 1 2 3; do echo "waits $n" | submit alice "u$n@far.example"; done
	check "three wait for the relay" await -t 20 files $SPOOL/queue 3
	waited=$(ids)
	echo 'warn 2h # mine' >>$CONF
	meanwhile "a newer version of itself" apt install $NEWER
	same "is installed" "$(dpkg-deb -f $NEWER Version)" "$(dpkg-query -W -f '${Version}' bellman)"
	same "what waited still waits" "$waited" "$(ids)"
	check "a change by hand stays" grep -x 'warn 2h # mine' $CONF
	meanwhile "the same once more" apt install --reinstall $NEWER
	same "what waited still waits" "$waited" "$(ids)"
	meanwhile "back to the older one" apt install --allow-downgrades $DEB
	same "what waited still waits" "$waited" "$(ids)"
	# and it leaves, when the relay is there
	sed -i '/^relay /d' $CONF
	echo 'relay none' >>$CONF
	check "restarted without a relay" service bellman restart
	check "sendmail -q" sendmail -q
	same "sendmail is set-gid bellman" "root:bellman 2755" "$(perm /usr/sbin/sendmail)"
	check "each is returned to alice" await -t 60 mbox /var/mail/alice 3
}

# What its sendmail does before the package is set up.
story_unpacked() {
	local needs early status
	apt update >/dev/null
	needs=$(apt-get -s install $DEB | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vx bellman)
	check "what it depends on" apt install $needs
	# Another's file is in its way: it does not come, and leaves nothing.
	mkdir -p /tmp/toll/DEBIAN /tmp/toll/usr/sbin
	printf 'Package: toll\nVersion: 1\nArchitecture: all\nMaintainer: x <x@mail.example>\nDescription: x\n' >/tmp/toll/DEBIAN/control
	: >/tmp/toll/usr/sbin/deliver
	check "a package with a program of that name" sh -c 'dpkg-deb --root-owner-group -b /tmp/toll /tmp/toll.deb && dpkg -i /tmp/toll.deb'
	refute "ours cannot be unpacked" dpkg --unpack $DEB
	refute "nothing is left in /run" ls -d /run/bellman
	check "that package goes" dpkg -P toll
	check "ours is unpacked, not configured" dpkg --unpack $DEB
	same "and is" iU "$(state bellman)"
	printf 'Subject: s\n\nvery early\n' >/tmp/early
	as alice /usr/sbin/sendmail bob </tmp/early >/tmp/words 2>&1 &
	early=$!
	check "it is configured" dpkg --configure bellman
	wait $early
	status=$?
	echo "# sendmail: $status $(cat /tmp/words)"
	case $status in
	0) arrives "what came in between is delivered" /var/mail/bob 'very early' ;;
	*) same "who came in between is to come again" 75 $status ;; # a slow machine
	esac
	refute "nothing says that it is being installed" ls /run/bellman/installing
	installed
}

story_set_id_kept() { # an administrator who wants no set-gid
	apt update >/dev/null
	check "installs" apt install $DEB
	dpkg-statoverride --force-all --update --add root root 755 /usr/sbin/sendmail >/dev/null 2>&1 || {
		dpkg-statoverride --remove /usr/sbin/sendmail
		dpkg-statoverride --update --add root root 755 /usr/sbin/sendmail
	}
	check "installed again" apt install --reinstall $DEB
	same "stays as he wants it" "root:root 755" "$(perm /usr/sbin/sendmail)"
	printf 'Subject: s\n\nby the socket\n' | submit alice bob
	arrives "mail goes by the socket" /var/mail/bob 'by the socket'
	check "removes" apt remove bellman
	check "his override stays" dpkg-statoverride --list /usr/sbin/sendmail
}

inside() {
	. /tree/tests/lib.sh 2>/dev/null
	NAME=$STORY
	export AWAIT_TIMES=${AWAIT_TIMES:-10} # each is for an event; the machine may be slow
	people
	"story_$STORY"
	finish
}

case ${1:-} in
--all) all ;;
--one) one "$2" ;;
--inside) inside ;;
--containers) containers ;;
*) outside "$@" ;;
esac
