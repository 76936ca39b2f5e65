#!/bin/bash
# bench_latency.sh [MESSAGES]: from a submission to the far side, one message at
# a time on a machine with nothing else to do, the agent running.  A relay by
# its address and by a name in /etc/hosts; with a session that is kept, and with
# a new one for each.  See bench_latency.c for the columns.
. "$(dirname "$0")/lib.sh"

n=${1:-50}
grep -q relay.example /etc/hosts || echo 127.0.0.1 relay.example >>/etc/hosts
for host in 127.0.0.1 relay.example; do
	for how in '' -n; do
		printf 'relay main {\n\thost %s 2525\n\ttls never\n}\n' $host | config
		start_agent
		printf 'LATENCY host=%s session=%s ' $host "$([ "$how" ] && echo new || echo kept)"
		"$O/tests/bench_latency" $how -p 20 2525 "$n" /usr/sbin/sendmail -i far@far.example
		stop_agent
	done
done
