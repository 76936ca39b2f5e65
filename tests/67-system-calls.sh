#!/bin/bash
# How many system calls a submission and a delivery make.  Each costs a
# microsecond and more, a file opened several, a process started hundreds: who
# adds one sees it here, and says in the table why it is worth its price.
. "$(dirname "$0")/lib.sh"
[ -z "$SANITIZED" ] || { skip "a sanitizer makes calls of its own"; finish; }

# At most, in this copy of the machine, whose files are in memory: there the
# folder is synced besides the file.  "start" is fork, clone and execve.  Seen,
# when it was written:
#     submission    67 calls from main() on; opens 8, reads 7, writes 1; three
#                   ask the clock, since the vDSO's would be two page faults
#     local        159; opens 9, reads 27, writes 16, starts 1; one open more where
#                   the queue has not just seen whose name that is
#     smtp          77 with the connection; opens 4, reads 20, writes 14
#     hundred     4167 of a pass with its start; opens 346, reads 771, writes 620
# What is written are the text, once, and packets from role to role and to the
# log.  How calls of several processes meet makes a dozen more or less; where other
# programs take the processor a hundred become more batches (667 writes seen).
#               all  open  read write  sync start
LIMITS='
submission       69     8     7     1     2     0
local           176    11    33    18     2     1
smtp             96     5    30    17     0     0
hundred        4700   370   880   720     2     5
'
MOST_AT_START=24 # of libc before main(), when it is linked statically
MOST_LOCKS=3     # of the mailbox, for a hundred messages

calls() { # TRACE PATTERN: how many calls of these names
	sed -E 's/^[0-9]+ +//' "$1" | grep -c -E "^($2)\("
}

holds() { # ROW TRACE: the row's limits
	local row=$1 trace=$2 all open read write sync start got again
	local reads='read|pread64|readv|preadv|recv|recvfrom|recvmsg'
	local writes='write|writev|pwrite64|pwritev|send|sendto|sendmsg|sendfile|splice'
	read -r all open read write sync start < <(awk -v row="$row" '$1 == row { $1 = ""; print }' <<<"$LIMITS")
	# Each look at a file that its writer still holds: open, lock, close, and
	# the word that led there.
	again=$(grep -c 'flock(.*= -1 EAGAIN' "$trace")
	all=$((all + 5 * again)) open=$((open + again)) read=$((read + again))
	got="$(calls "$trace" '[a-z0-9_]+') $(calls "$trace" 'open|openat|openat2')"
	got+=" $(calls "$trace" "$reads") $(calls "$trace" "$writes")"
	got+=" $(calls "$trace" 'fsync|fdatasync|syncfs|sync_file_range')"
	got+=" $(calls "$trace" 'fork|vfork|clone|clone3|execve')"
	# shellcheck disable=SC2086
	set -- $got
	if [ "$1" -gt 0 ] && [ "$1" -le "$all" ] && [ "$2" -le "$open" ] && [ "$3" -le "$read" ] &&
		[ "$4" -le "$write" ] && [ "$5" -le "$sync" ] && [ "$6" -le "$start" ]; then
		pass "$row: $1 calls; opens $2, reads $3, writes $4, syncs $5, starts $6"
	else
		{
			echo "$row: all, open, read, write, sync, start: $got, where at most $all $open $read $write $sync $start are allowed"
			sed -E 's/^[0-9]+ +//; s/\(.*//' "$trace" | grep -E '^[a-z0-9_]+$' | sort | uniq -c | sort -rn | head -n 30 | awk '{ printf "%s %s, ", $1, $2 } END { print "" }'
		} >"$OUT"
		fail "$row: no more system calls than the table allows"
	fi
}

watch_agent() { # TRACE: every call of the agent's processes goes there
	local pids
	pids=$(pgrep -f '^deliver|/usr/sbin/deliver' | sort -n)
	: >/tmp/attached
	# shellcheck disable=SC2046
	strace -f -s 40 -o "$1" $(printf -- '-p %s ' $pids) 2>/tmp/attached &
	TRACER=$!
	await count /tmp/attached "$(echo "$pids" | wc -w)" attached
}
unwatch() {
	kill $TRACER
	wait $TRACER 2>/dev/null
}

printf 'Subject: s\n\nhi\n' >/tmp/message
smtpd 2525 /tmp/far
relay 2525 | config
start_agent
submit alice bob </tmp/message
check "an agent that has worked" await mbox /var/mail/bob 1
check "and is idle" drained

# What libc does before main is the libc's own.
strace -f -u alice -o /tmp/whole /usr/sbin/sendmail bob </tmp/message
sed -n '/getresgid(/,$p' /tmp/whole >/tmp/submission
check "a submission" drained
holds submission /tmp/submission
if ldd /usr/sbin/sendmail 2>&1 | grep -q 'statically linked'; then
	start=$(($(calls /tmp/whole '[a-z0-9_]+') - $(calls /tmp/submission '[a-z0-9_]+')))
	check "it starts in few calls ($start)" test "$start" -le $MOST_AT_START
fi

watch_agent /tmp/local
submit alice bob </tmp/message
check "a local delivery" await mbox /var/mail/bob 3
check "is over" drained
unwatch
holds local /tmp/local

watch_agent /tmp/smtp
submit alice x@far.example </tmp/message
check "a delivery by SMTP" drained
unwatch
holds smtp /tmp/smtp

# A long one asks for a wide pipe, once; 160 pieces are 160 writes.
yes 'a line of a long message, which comes through a pipe' | head -c 10485760 >/tmp/long
cat /tmp/message /tmp/long | strace -f -u alice -o /tmp/wide /usr/sbin/sendmail carol
same "a short message leaves its pipe as it is" 0 "$(grep -c F_SETPIPE_SZ /tmp/whole)"
same "a long one widens it" 1 "$(grep -c 'F_SETPIPE_SZ, 1048576) *= 1048576' /tmp/wide)"
writes=$(calls /tmp/wide 'write|writev')
check "and is written in pieces of 64 KiB ($writes)" test "$writes" -le 163
check "it is delivered" drained
stop_agent
stop_smtpd

echo 'hold yes' >$CONF
session 100 bob >/dev/null
: >$CONF
rm -f /var/mail/bob
strace -f -s 40 -o /tmp/hundred deliver -q
same "a hundred messages" 100 "$(messages /var/mail/bob)"
holds hundred /tmp/hundred
locks=$(grep -c 'linkat(.*bob\.lock' /tmp/hundred)
check "the mailbox is locked for all of them ($locks)" test "$locks" -ge 1 -a "$locks" -le $MOST_LOCKS
finish
