#!/bin/bash
# waiting.sh - by `make bench-scale`: N messages wait for a destination that does
# not answer.  How long the agent takes to begin, what new mail feels of it, how
# much memory each of them costs, and how soon mailq answers.
. "$(dirname "$0")/../lib.sh"
N=${N:-1000000}
S=/tmp/smtpd
ms() { date +%s%3N; }
took() { # WHAT MOST BEGAN: no more ms than that since then
	local t=$(($(ms) - $3))
	echo "$1: $t ms"
	check "$1: at most $2 ms" test "$t" -le "$2"
}
pss() { awk '/^Pss:/ { print $2 }' "/proc/$(role_pid queue)/smaps_rollup"; }
live() { # N: a message to a mailbox here; $began: its submission has ended
	printf 'Subject: live\n\nlive %d\n' "$1" | submit alice bob
	began=$(ms)
	await -t 300 text /var/mail/bob "live $1"
}

# One that was tried once, as the agent itself leaves it.
smtpd 2525 $S
{ relay 2525; echo 'retry 1h 2h'; echo 'limits queue 90000000 ; user-queue 90000000'; } | config
start_agent || exit 1
printf 'Subject: wait\n\nx\n' | submit alice later@remote.example
await text $S/log 'RCPT later@remote.example 451'
await text "$(echo $SPOOL/queue/*)" 'not now'
before=$(pss)
for i in a b c; do
	live "1$((16#$i))"
	echo "new mail, with nothing else that waits: $(($(ms) - began)) ms"
done
stop_agent

# And as many copies, each with an id of its own.
began=$(ms)
/usr/bin/python3 - "$N" $SPOOL/queue <<'P'
import os, random, sys
many, path = int(sys.argv[1]), sys.argv[2]
name = [n for n in os.listdir(path) if n[0] != "."][0]
like, text = os.stat(path + "/" + name), open(path + "/" + name, "rb").read()
digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
os.umask(0)
folder = os.open(path, os.O_RDONLY)
for i in range(1, many):
    x, end = random.getrandbits(40), ""
    for _ in range(8):
        end, x = end + digits[x & 31], x >> 5
    fd = os.open(name[:8] + end, os.O_WRONLY | os.O_CREAT, 0o660, dir_fd=folder)
    os.write(fd, text)
    os.fchown(fd, like.st_uid, like.st_gid)
    os.close(fd)
P
echo "$(find $SPOOL/queue -type f | wc -l) files made in $(($(ms) - began)) ms"

start=$(ms)
start_agent || exit 1
echo "control answers after $(($(ms) - start)) ms"
live 0
took "start, and new mail delivered" 1000 "$start"
check "all are read" await -t 300 text $LOG 'agent: started waiting='
echo "all of them read after $(($(ms) - start)) ms"
# The median of 21: how soon a processor is free is another matter.
for i in {1..21}; do
	live "$i"
	echo $(($(ms) - began))
done | sort -n >/tmp/times
echo "new mail, in ms: $(xargs </tmp/times)"
check "new mail, the median: at most 50 ms" test "$(sed -n 11p /tmp/times)" -le 50
n=$(find $SPOOL/queue -type f | wc -l)
each=$((($(pss) - before) * 1024 / n))
echo "memory: $each octets for each of $n"
check "at most 300 octets" test $each -le 300
began=$(ms)
mailq | head -n 1 >/tmp/first
took "mailq's first line" 200 "$began"
began=$(ms)
mailq --check >/tmp/count
took "a count" 200 "$began"
cat /tmp/count
cpu=$(ps -o cputimes= -p "$(role_pid queue)")
began=$(ms)
await -t 10 text $LOG 'never said' 2>/dev/null
echo "processor time in ten seconds of waiting: $(($(ps -o cputimes= -p "$(role_pid queue)") - cpu)) s"
stop_smtpd
finish
