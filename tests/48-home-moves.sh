#!/bin/bash
# A home is renamed while a message is delivered to it, and something else is put
# in its place: a new home, or a link to another's, where there is what its user
# could write.  Nothing appears or changes there, the message comes once and whole,
# and at the latest with the next pass.
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || { skip "calls are counted on x86-64 only"; finish; }

# Alice's home is open to all, with files of bob's by the names that his mail goes
# to; in carol's his group may make them.
useradd -m -K MAIL_DIR=/nonexistent -u 1003 -U carol
chmod 777 /home/alice
install -o bob -g bob -m 600 /dev/null /home/alice/filed
install -d -o bob -g bob -m 700 /home/alice/Maildir /home/alice/Maildir/{tmp,new,cur}
echo '/home/bob/other' >/home/alice/list
chgrp bob /home/carol
chmod 770 /home/carol
around() {
	find /home/alice /home/carol -printf '%p %y %U %G %m %s %i %T@\n'
	find /root /etc -maxdepth 1 -printf '%p %y %U %G %m %s %i %T@\n'
}

# held: the next process of bob's stands where it has been bounded, into PID; behold
# goes before what starts it.
behold() {
	rm -f /tmp/bound /tmp/attached
	strace -f -o /tmp/bound -e trace=prlimit64 -e inject=prlimit64:signal=STOP:when=1 -p "$AGENT" 2>/tmp/attached &
	STRACE=$!
	await text /tmp/attached attached
}
let_go() {
	kill "$STRACE" 2>/dev/null
	wait "$STRACE" 2>/dev/null
	return 0
}
stopped() { # let go, it comes to stand in a moment
	for _ in {1..100}; do
		grep -q '^State:.T' "/proc/$PID/status" 2>/dev/null && return
		sleep 0.01
	done
	return 1
}
# Others that are begun meanwhile, such as roles after a reload, go on.
held() {
	local pid
	PID=
	for _ in {1..1000}; do
		for pid in $(awk '/stopped by SIGSTOP/ { print $1 }' /tmp/bound); do
			[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null)" != 1002 ] || PID=$pid
		done
		[ -z "$PID" ] || break
		sleep 0.02
	done 2>/dev/null
	let_go
	for pid in $(awk '/stopped by SIGSTOP/ { print $1 }' /tmp/bound); do
		[ "$pid" = "$PID" ] || kill -CONT "$pid" 2>/dev/null
	done
	[ -n "$PID" ] && stopped
}
# stand NTH [CALL WHICH]: bob's NTH process stands, behind that call of it
stand() {
	local n
	behold
	text "$MARK" | submit alice bob
	held || return
	for ((n = 1; n < $1; n++)); do
		behold
		kill -CONT "$PID"
		held || return
	done
	rm -f /tmp/attached /tmp/steps
	strace -o /tmp/steps ${2:+-e "trace=$2" -e "inject=$2:signal=STOP:when=$3"} -p "$PID" 2>/tmp/attached &
	STRACE=$!
	await text /tmp/attached attached
	kill -CONT "$PID"
	[ $# = 1 ] || stands
}
# strace says of one that is held already when it begins that it is "stopped", too:
# what counts is the signal, and the stop behind it.
stands() {
	for _ in {1..1000}; do
		if grep -q si_signo=SIGSTOP /tmp/steps; then
			tail -n 1 /tmp/steps | grep -q 'stopped by SIGSTOP' && return
		elif grep -q '^+++' /tmp/steps || grep -q ' to=<' $LOG; then
			return 1 # it went without that call
		fi
		sleep 0.02
	done
	return 1
}
text() { printf 'Subject: %s\n\nfirst of %s\nlast of %s\n' "$1" "$1" "$1"; }

NEW=
moves=0 rounds=0 met=0 wrong='' marks='' late=0
swap() { # KIND: in the place of bob's home
	mv /home/bob /home/moved
	case $1 in
	new) install -d -o bob -g bob -m 755 /home/bob ;;
	nothing) ;;
	*) ln -s "$1" /home/bob ;;
	esac
}
back() {
	if [ -L /home/bob ]; then rm /home/bob; elif [ -d /home/bob ]; then
		find /home/bob -type f -exec cat {} + >>/srv/elsewhere
		rm -r /home/bob
	fi
	mv /home/moved /home/bob
}
anew() {
	[ -n "$NEW" ] && [ -e "$NEW" ] || return 0
	cat "$NEW" >>/srv/elsewhere
	rm -f "$NEW"
}
round() { # NTH CALL WHICH KIND
	local was stood='' what="$WHAT process $1, $2 $3, $4"
	moves=$((moves + 1)) rounds=$((rounds + 1)) MARK=m$moves marks="$marks m$moves"
	: >$LOG
	anew
	was=$(around)
	# The last of a name may not come each time.  Where nobody stands only what is
	# written counts, and what arrives in the end.
	stand "$1" "$2" "$3" && stood=yes met=$((met + 1))
	swap "$4"
	kill -CONT "$PID" 2>/dev/null
	await -t 20 text $LOG ' to=<' >/dev/null || [ -z "$stood" ] || wrong="$wrong [$what: no word of it]"
	[ "$was" = "$(around)" ] || wrong="$wrong [$what: $(diff <<<"$was" - <(around) | grep '^[<>]')]"
	let_go
	back
	# shellcheck disable=SC2046 # ids
	kill -CONT $(pgrep -f '^deliver: user bob') 2>/dev/null # whoever stands there still
	if grep -q 'deferred to=' $LOG; then
		late=$((late + 1))
		grep -q 'deferred to=.* text="..' $LOG || wrong="$wrong [$what: no cause is named]"
		sendmail -q
	fi
	drained >/dev/null || [ -z "$stood" ] || wrong="$wrong [$what: it still waits]"
}
rounds() { # NTH CALLS...: behind these of the NTH process
	local nth=$1 name which kinds=(/home/alice new /home/carol /root nothing /etc) k=0 kind
	shift
	MARK=count
	: >$LOG
	anew
	stand "$nth"
	drained >/dev/null
	let_go
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' /tmp/steps | awk '{ print $1, ++n[$1] }' >/tmp/calls
	while read -r name which <&5; do
		[ -n "$KILL_MOST" ] || case " $* " in *" $name "*) ;; *) continue ;; esac
		case $name in exit_group | epoll_*) continue ;; esac
		if [ -n "$KILL_MOST" ]; then
			for kind in "${kinds[@]}"; do round "$nth" "$name" "$which" "$kind"; done
		else
			round "$nth" "$name" "$which" "${kinds[k++ % ${#kinds[@]}]}"
		fi
	done 5</tmp/calls
}
judge() { # WHAT
	local mark
	check "$1: nothing waits in the end" drained 60
	same "$1: nothing appears where a link leads, all is delivered ($moves moves)" "" "$wrong"
	check "$1: processes stood where they were to ($met of $rounds)" test $met -ge $((rounds * 3 / 4)) -a $rounds -ge 1
	find /home/bob /var/mail -type f -exec cat {} + >/srv/got
	cat /srv/elsewhere >>/srv/got 2>/dev/null
	for mark in $marks; do
		[ "$(grep -c "^first of $mark\$" /srv/got) $(grep -c "^last of $mark\$" /srv/got)" = "1 1" ] || echo "$mark"
	done >/tmp/torn
	same "$1: each message is there once and whole" "" "$(cat /tmp/torn)"
	wrong='' rounds=0 met=0
}
forward() {
	cat >/home/bob/.forward
	chown bob: /home/bob/.forward
}

: | config
start_agent
WHAT='a file'
echo /home/bob/filed | forward
rounds 1 openat pread64
rounds 2 openat newfstatat fcntl linkat pwrite64 fsync
judge "a file"

# made anew each time
NEW=/home/bob/filed
WHAT='a new file'
rounds 2 openat newfstatat
judge "a new file"
NEW=

WHAT='a list'
echo :include:/home/bob/list | forward
echo /home/bob/filed >/home/bob/list
chown bob: /home/bob/list
rounds 1 openat
judge "a list"

WHAT='a Maildir'
echo /home/bob/Maildir/ | forward
rounds 2 mkdirat openat renameat
judge "a Maildir"

rm /home/bob/.forward
echo 'local maildir ~/Maildir' | config
kill -HUP "$AGENT"
await text $LOG reloaded
WHAT='local maildir'
rounds 1 mkdirat openat renameat
judge 'local maildir'
# A command begins in no home of another's.
echo 'local command cat >>taken || cat >/srv/taken' | config
kill -HUP "$AGENT"
install -o bob -g bob -m 600 /dev/null /srv/taken
was=$(around)
swap /home/alice
: >$LOG
text command | submit alice bob
check "a command: it takes the message" await text $LOG 'delivered to=<bob@'
same "a command: nothing appears where a link leads" "$was" "$(around)"
check "a command: it is in no home of another's" grep -q 'last of command' /srv/taken
back

echo "# $moves moves, $late came with the next pass"
finish
