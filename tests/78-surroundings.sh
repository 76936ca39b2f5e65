#!/bin/bash
# Where sendmail is started from: whatever its caller has closed, limited, set or
# signalled, its exit status is the truth.  What 15, 20, 53, 55 and 59 try is not
# tried again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/calls.sh"

n=0 wrong=''
# try STATUSES COMMAND...: one of these, + for any of sysexits.h; the message is on
# standard input, and comes by WAY.
try() {
	local want=$1 rc mark
	shift
	n=$((n + 1)) mark=w$n
	input $WAY $mark | timeout -s KILL 20 $BEFORE setpriv --reuid="$WHO" --regid="$WHO" --clear-groups "$@" 2>"$OUT" | cat >/tmp/said # no file, which FSIZE would bound
	rc=${PIPESTATUS[1]}
	case " $want " in
	*" $rc "*) ;;
	*+*) [ $rc -ge 64 ] && [ $rc -le 78 ] || wrong="$wrong [$WAY: $* -> $rc]" ;;
	*) wrong="$wrong [$WAY: $* -> $rc, wanted $want]" ;;
	esac
	# who is not started hands nothing in; by XCPU (152) it ends in its middle
	[ "$rc" -lt 128 ] || [ "$rc" = 152 ] || rc=127
	told $WAY $mark $rc
}
WAY=short WHO=1001 BEFORE=''
M='/usr/sbin/sendmail -i bob'
echo 'hold yes' >$CONF
start_agent

# 0, 1 and 2 in all combinations: without 0 there is no message.
for closed in '' '1>&-' '2>&-' '1>&- 2>&-'; do
	try 0 sh -c "exec $M $closed"
	try 66 sh -c "exec $M 0<&- $closed"
done
same "descriptors 0 to 2 closed" "" "$wrong"

# No argument at all, and a megabyte of them.
wrong=''
try '64 67' /usr/bin/python3 -c 'from ctypes import *; CDLL(None).execve(b"/usr/sbin/sendmail", (c_char_p * 1)(None), (c_char_p * 1)(None))'
try '0 64 65 67 68' /usr/bin/python3 -c 'import os; os.execve("/usr/sbin/sendmail", ["sendmail", "-i", "bob"] + ["x" * 1000 + "@far.example"] * 1000, {})'
try 0 /usr/bin/python3 -c 'import os; os.execve("/usr/sbin/sendmail", ["sendmail", "-i", "bob"], {"V%d" % i: "x" * 1000 for i in range(1000)})'
same "arguments" "" "$wrong"

# Each limit, with next to nothing: 0 where it is no matter; else it is done, or
# refused with a status that says so, or the kernel does not start it (126, 137,
# 139; the libraries of setpriv: 127) or ends it (152).
wrong='' first=$n
while read -r limit want some; do
	for value in $some; do
		for WAY in short long dialogue socket; do
			may=$want
			[ $want != any ] || may='0 126 137 139 152 +'
			[ $want/$WAY != any/socket ] || may="$may 127"
			[ $limit/$WAY != nproc/dialogue ] || may='0 71' # it forks
			for set in $value: $value; do # the soft one, both
				# shellcheck disable=SC2046 # words
				try "$may" prlimit --"$limit=$set" $(program "$WAY")
			done
		done
	done
done 2>/dev/null <<-'X' # the shell says "Killed"
	as any 0 1 1000000
	core 0 0 1 4096
	cpu any 0 1 2
	data any 0 1 100000 1000000
	fsize any 0 1 512
	locks 0 0 1 2
	memlock 0 0 1 4096
	msgqueue 0 0 1 4096
	nice 0 0
	nofile any 0 1 2 3 4 5 6 7
	nofile 0 16
	nproc 0 0 1 2
	rss 0 0 1 4096
	rtprio 0 0
	rttime 0 0 1 1000
	sigpending 0 0 1 2
	stack any 0 1 16384 100000
X
WAY=short
try 75 prlimit --fsize=0 $M
try '71 75' prlimit --nofile=0 $M
WAY=socket try 75 prlimit --fsize=0 setpriv --no-new-privs $M
# The kernel takes up to 8 KiB of that for itself, at random.
WAY=dialogue try 0 prlimit --stack=49152 /usr/sbin/sendmail -bs
if prlimit --nice=1 --rtprio=1 true 2>/dev/null; then # only root raises these
	BEFORE='prlimit --nice=1 --rtprio=1' try 0 $M
	BEFORE='prlimit --nice=5 --rtprio=5' try 0 $M
else
	skip "limits nice and rtprio of more than 0: root may not raise them here (no CAP_SYS_RESOURCE)"
fi
same "limits ($((n - first)))" "" "$wrong"
text x | as alice prlimit --fsize=0 setpriv --no-new-privs $M 2>&1 | cat >"$OUT"
said "what cannot be handed to the agent says why" 'handed to the agent: File too large.*ulimit'

# The environment is not asked.
wrong=''
long=$(head -c 60000 /dev/zero | tr '\0' /)
for set in LD_PRELOAD=/nonexistent/x.so LD_AUDIT=x LD_LIBRARY_PATH=/tmp LD_DEBUG=all TZ=../../../../etc/shadow "TZ=$long" \
    GCONV_PATH=/tmp LOCPATH=/tmp TDB_NO_FSYNC=1 MALLOC_PERTURB_=165 MALLOC_CHECK_=3 LOCALDOMAIN=evil.example \
    RES_OPTIONS=ndots:99 HOSTALIASES=/etc/shadow NLSPATH=/tmp/%N MALLOC_TRACE=/tmp/trace.of \
    GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A IFS=x PATH=/nonexistent LANG=../../x; do
	try 0 env "$set" $M
done
same "the environment" "" "$wrong"
refute "and nothing is written where it says" test -e /tmp/trace.of

wrong=''
try 0 sh -c "umask 0777; exec $M"
try 0 sh -c "mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; exec $M"
try 0 env --block-signal --ignore-signal $M
WHO=54321
try 0 $M # who has no name
WHO=1001
same "umask, a removed directory, signals blocked" "" "$wrong"

# Each signal behind each of its calls, but those that stop it: it ends by that, or
# goes on and says 0.  Of these one in EVERY.
[ -z "$WHOLE" ] || EVERY=1
turn=0 signals=0
signals() { # WAY EVERY
	local way=$1 every=${EVERY:-$2} number signal name which can
	calls_of "$way"
	for number in {1..31} "$(kill -l RTMIN)"; do
		signal=$(kill -l "$number") can=$((128 + number))
		case $signal in
		STOP | TSTP | TTIN | TTOU) continue ;;
		CHLD | CONT | URG | WINCH) can=0 ;; # these end nobody,
		PIPE | XFSZ) can="0 $can" ;;        # and these are soon ignored
		esac
		while read -r name which; do
			turn=$((turn + 1))
			[ $((turn % every)) = 0 ] || continue
			signals=$((signals + 1))
			disturb "$way" "$way-$signal-$name$which" "$name" "$which" "$number"
			case " $can exit_group" in
			*" $STATUS "* | *" $name") ;;
			*) wrong="$wrong [$way $signal $name $which -> $STATUS]" ;;
			esac
		done </tmp/calls 2>/dev/null
	done
}
wrong=''
signals short 19
for way in long header dialogue socket; do signals $way 97; done
same "a signal behind a call ends it, or is nothing to it ($signals)" "" "$wrong"

# Stopped behind each of its calls, all of these at once: nobody waits for any, and
# they go on as if nothing had been.
: >$CONF
stop_agent
start_agent
set -m # a process group each: in one that nobody minds TSTP and its kin stop nobody
stops() { # SIGNAL WAY EVERY
	local signal=$1 way=$2 every=${EVERY:-$3} name which each turn=0 k=0 late='' all=''
	calls_of "$way"
	while read -r name which; do
		turn=$((turn + 1))
		[ $((turn % every)) = 0 ] && [ "$name" != exit_group ] || continue
		k=$((k + 1)) signals=$((signals + 1))
		input "$way" "$way-$signal-$name$which" >/tmp/stop.text.$k
		# shellcheck disable=SC2046 # words
		strace -u alice -o /tmp/stop.$k -e trace="$name" -e inject="$name:signal=$signal:when=$which" \
		    $(program "$way") </tmp/stop.text.$k >/tmp/stop.said.$k 2>&1 &
		all="$all $!:$way-$signal-$name$which"
		await -t 10 text /tmp/stop.$k "stopped by SIG$signal" >/dev/null || late="$late $name$which"
	done </tmp/calls
	same "$way: stopped by $signal ($k)" "" "$late"
	try 0 $M
	check "$way: beside those others are served" await -t 10 text /var/mail/bob "last of w$n"
	kill -TERM "$AGENT"
	check "$way: and the agent ends" await -t 10 dead "$AGENT"
	stop_agent
	start_agent
	try 0 $M
	check "$way: the next one serves others, too" await -t 10 text /var/mail/bob "last of w$n"
	k=0 late=''
	for each in $all; do
		k=$((k + 1))
		kill -CONT -"${each%%:*}"
		wait "${each%%:*}"
		which=$?
		[ $which = 0 ] || late="$late ${each#*:}->$which"
		cp /tmp/stop.said.$k /tmp/said
		told "$way" "${each#*:}" $which
	done
	same "$way: told to go on they end well" "" "$late"
	rm -f /tmp/stop.*
}
stops STOP short 1
stops STOP long 9
stops STOP header 20
stops STOP dialogue 9
stops STOP socket 4
for signal in TSTP TTIN TTOU; do
	for way in ${WHOLE:+$WAYS}; do stops $signal $way 1; done
	[ -n "$WHOLE" ] || stops $signal short 13
done
set +m

# The child of a dialogue, which has the group, behind each call: of these signals
# each in its turn, or all.
child unharmed
counted /tmp/trace >/tmp/calls
BESIDE=others
others() {
	try 0 $M
	await -t 10 text /var/mail/bob "last of w$n" || late="$late w$n"
}
turn=0 late='' k=0
set -- STOP TERM HUP INT QUIT USR1 ALRM PIPE STOP CHLD SEGV
while read -r name which <&4; do
	[ "$name" != exit_group ] || continue
	for signal; do
		[ -n "$WHOLE" ] || [ $((turn++ % $#)) = 0 ] || continue
		k=$((k + 1)) signals=$((signals + 1))
		child "child-$signal-$name$which-$k" "$name" "$which" "$signal"
	done
	turn=$((turn + 1))
done 4</tmp/calls 2>/dev/null
check "a dialogue's child: signals met it ($k)" test $k -ge 20
# shellcheck disable=SC2154 # of calls.sh
same "a dialogue's child: nothing hangs" 0 $hung
same "a dialogue's child, stopped: others are served" "" "$late"
check "a dialogue's child: nobody is left" nobody_left

# One who is stopped for ever holds nothing that others need.
mkfifo /tmp/never
setpriv --reuid=alice --regid=alice --init-groups $M </tmp/never 2>/dev/null &
stopped=$!
exec 9>/tmp/never
input short half >&9
kill -STOP $stopped
stop_agent
start_agent
try 0 $M
check "beside one that is stopped others are served" await text /var/mail/bob "last of w$n"
await -t 20 empty $SPOOL/queue
kill -KILL $stopped
exec 9>&-
wait $stopped 2>/dev/null
echo 'half 137' >>/tmp/told
check "and when it is dead nothing is left" drained

same "what was acknowledged is there, once and whole, and nothing that was refused" "" "$(accounts /var/mail/bob)"
same "nothing is in quarantine" "" "$(ls $SPOOL/quarantine)"
echo "# signals $signals, limits and others $n, messages $(wc -l </tmp/told), of them acknowledged $(grep -c ' 0$' /tmp/told)," \
    "others that arrived all the same $(arrived /var/mail/bob)"
finish
