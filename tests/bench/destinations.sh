#!/bin/bash
# destinations.sh - by `make bench-scale`: as many destinations as messages, each with a
# name and an address of its own (127/8), through DNS and one sink on all of
# them.  N=100000.  Prints how long it took and the memory of each role.
. "$(dirname "$0")/../lib.sh"
N=${N:-100000}
D=/tmp/wide
mkdir -p $D
/usr/bin/python3 "$TREE/tests/wide_dns.py" $D &
DNS=$!
await exists $D/ready || exit 1
[ -x "$O/smtp-sink/smtp-sink" ] || { skip "no smtp-sink (make check fetches it)"; finish; }
LD_LIBRARY_PATH=$O/smtp-sink "$O/smtp-sink/smtp-sink" -u nobody 0.0.0.0:25 1000 >$D/sink 2>&1 &
SINK=$!
await port 25 || exit 1
ms() { date +%s%3N; }
pss() { awk '/^Pss:/ { print int($2 / 1024 + 0.5) }' "/proc/$(role_pid "$1")/smaps_rollup" 2>/dev/null; }
cpu() { ps -o time= -p "$(role_pid "$1")"; }

printf 'hold yes\nlimits user-queue 900000000\nlocal-domains mail.example\n' | config
t0=$(ms)
for part in 0 1 2 3; do
	awk -v n="$N" -v part=$part 'BEGIN {
		print "EHLO x"
		for (i = part; i < n; i += 4)
			printf "MAIL FROM:<alice>\nRCPT TO:<u@d%d.wide>\nDATA\nSubject: %d\n\nx\n.\n", i, i
		print "QUIT"
	}' | as alice /usr/sbin/sendmail -bs >/dev/null 2>&1 &
	PARTS="${PARTS:-} $!"
done
# shellcheck disable=SC2086
wait $PARTS
t1=$(ms)
echo "submitted: $N messages to $N destinations in $((t1 - t0)) ms"
printf 'local-domains mail.example\nlimits user-queue 900000000\nretry 5m\n' | config
: >$LOG
t1=$(ms)
start_agent || exit 1
printf 'Subject: live\n\nlive\n' | submit bob bob
check "new mail passes them" await -t 60 mbox /var/mail/bob 1
t2=$(ms)
echo "new local mail after $((t2 - t1)) ms"
most=0
for ((i = 0; i < ${WAIT:-600}; i++)); do
	await -t 1 empty $SPOOL/queue 2>/dev/null && break
	for role in queue net dns; do
		p=$(pss $role)
		[ "${p:-0}" -gt "$(cat $D/$role 2>/dev/null || echo 0)" ] && echo "$p" >$D/$role
	done
	left=$(find $SPOOL/queue -type f | wc -l)
	[ $((i % 10)) = 0 ] && echo "  after $(($(ms) - t1)) ms: $left wait; MB: $(cat $D/queue $D/net $D/dns 2>/dev/null | tr '\n' ' ')"
	[ "$left" -gt 0 ] || break
done
t3=$(ms)
left=$(find $SPOOL/queue -type f | wc -l)
done_=$(grep -c ': delivered to=<u@d' $LOG)
echo "delivered: $done_ in $((t3 - t1)) ms, $left wait; most memory in MB: queue $(cat $D/queue) net $(cat $D/net) dns $(cat $D/dns)"
for role in queue net dns; do echo "processor time of $role: $(cpu $role)"; done
kill $DNS $SINK
wait $DNS 2>/dev/null
echo "questions to DNS: $(cat $D/count)"
grep ': deferred ' $LOG | sed 's/.*text=//' | cut -c1-70 | sed 's/d[0-9]*\.wide/dN.wide/g; s/127\.[0-9.]*/127.x/g' | sort | uniq -c | sort -rn | head -n 5
same "all of them" "$N" "$done_"
finish
