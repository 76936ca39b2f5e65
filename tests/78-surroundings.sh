#!/bin/bash
# Where sendmail is started from: whatever its caller has closed, limited or set,
# its exit status is the truth.  What 15, 20, 53, 55 and 59 try is not tried
# again.
. "$(dirname "$0")/lib.sh"

n=0 yes='' no='' wrong=''
message() { printf 'Subject: x\n\nfirst of %s\n%s\nlast of %s\n' "$1" "$2" "$1"; }
# try STATUSES COMMAND...: one of these; the message is on standard input
try() {
	local want=$1 rc mark
	shift
	n=$((n + 1)) mark=w$n
	message $mark "$PADDING" | timeout -s KILL 20 setpriv --reuid="$WHO" --regid="$WHO" --clear-groups "$@" >/dev/null 2>"$OUT"
	rc=$?
	case " $want " in *" $rc "*) ;; *) wrong="$wrong [$* -> $rc, wanted $want]" ;; esac
	if [ $rc = 0 ]; then yes="$yes $mark"; else no="$no $mark"; fi
}
PADDING='' WHO=1001
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

# Small limits: done, or refused; the kernel itself may not start it (137, 139).
wrong=''
PADDING=$(head -c 20000 /dev/zero | tr '\0' x)
try '0 71 75' prlimit --nofile=3 $M
try '0 71 75' prlimit --nofile=5 $M
try '71 75' prlimit --fsize=0 $M
try '71 75' prlimit --fsize=512 $M
for size in 100000 1000000 4000000; do
	try '0 69 70 71 75 126 127 137 139' sh -c "ulimit -v $((size / 1024)); exec $M"
	try '0 69 70 71 75 126 127 137 139' prlimit --data=$size $M
	try '0 69 70 71 75 126 127 137 139' sh -c "ulimit -s $((size / 1024)); exec $M"
done
try 0 prlimit --nproc=1 $M
try 0 prlimit --cpu=1 $M
try 0 prlimit --memlock=0 --core=unlimited $M
same "limits" "" "$wrong"

# The environment is not asked.
wrong='' PADDING=''
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

# Each signal, at a moment that is left to chance: by name, at each of the first
# steps of reading.
wrong=''
for signal in HUP INT QUIT ABRT ALRM TERM USR1 USR2 XCPU VTALRM PROF IO PWR SYS KILL SEGV BUS FPE; do
	n=$((n + 1)) mark=w$n
	(message $mark x; sleep 0.0$((RANDOM % 4))) | setpriv --reuid=alice --regid=alice --init-groups $M 2>/dev/null &
	pid=$!
	sleep 0.0$((RANDOM % 5))
	kill -$signal $pid 2>/dev/null
	wait $pid 2>/dev/null
	rc=$?
	if [ $rc = 0 ]; then yes="$yes $mark"; else no="$no $mark"; fi
	[ $rc != 99 ] || wrong="$wrong $signal"
done
same "a signal at some moment" "" "$wrong"

# One who is stopped for ever holds nothing that others need.
mkfifo /tmp/never
setpriv --reuid=alice --regid=alice --init-groups $M </tmp/never 2>/dev/null &
stopped=$!
exec 9>/tmp/never
message half x >&9
kill -STOP $stopped
: >$CONF
stop_agent
start_agent
PADDING=''
try 0 $M
check "beside one that is stopped others are served" await text /var/mail/bob "last of w$n"
await -t 20 empty $SPOOL/queue
kill -KILL $stopped
exec 9>&-
wait $stopped 2>/dev/null
check "and when it is dead nothing is left" drained

bad() {
	local mark
	for mark; do
		[ "$(grep -c "^first of $mark\$" /var/mail/bob) $(grep -c "^last of $mark\$" /var/mail/bob)" = "1 1" ] || printf ' %s' "$mark"
	done
}
# shellcheck disable=SC2086
same "what was taken is there, once and whole ($n tries)" "" "$(bad $yes)"
# Killed by a signal it may have been complete already: then it is there whole.
for mark in $no half; do
	heads=$(grep -c "^first of $mark\$" /var/mail/bob) tails=$(grep -c "^last of $mark\$" /var/mail/bob)
	[ "$heads" = "$tails" ] && [ "$heads" -le 1 ] || echo "$mark"
done >/tmp/torn
same "what was not is there whole or not at all" "" "$(cat /tmp/torn)"
finish
