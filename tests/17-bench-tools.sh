#!/bin/bash
# The tools of `make bench` count right: what one has sent another has received.
. "$(dirname "$0")/lib.sh"

B=$O/tests/bench
if [ ! -x "$B/sink" ]; then
	skip "no tools of the benchmark here"
	finish
fi
Q=/tmp/files
sink() { # OPTIONS...
	"$B/sink" "$@" >/tmp/counts &
	SINK=$!
	await text /tmp/counts ready
}
counted() { # WHAT WORDS...: its line has them
	local what=$1 word
	shift
	await text /tmp/counts messages=
	cp /tmp/counts "$OUT"
	kill $SINK
	wait $SINK
	for word; do
		grep -q -w -e "$word" "$OUT" || { fail "$what: $word"; return; }
	done
	pass "$what"
}
files() { # N
	mkdir -p $Q
	"$B/floor" fill $Q "$1" 4096
}

# --- push and sink ---
files 300
sink -n 300
check "push sends 300" "$B/push" -k 3 $Q
said "it says so" '^done=300 '
counted "the sink has them all" messages=300 distinct=300 recipients=300 transactions=300 connections=3 most=3 end=all
check "the files are gone" rmdir $Q

files 300
sink -n 300
check "commands ahead" "$B/push" -k 7 -a $Q
counted "the sink has them all" messages=300 distinct=300 transactions=300 connections=7 end=all
check "the files are gone" rmdir $Q

files 300
sink -n 300 -C
check "windows of chunks" "$B/push" -k 2 -w 10 $Q
counted "the sink has them all" messages=300 distinct=300 transactions=300 connections=2 end=all

files 4
sink -n 4
check "to users in turn" "$B/push" -m 2 $Q
counted "the sink has them" messages=4 distinct=4 recipients=4 end=all

files 1
sink -n 1 -d 50
check "late answers" "$B/push" $Q
check "four of them take 200 ms at least" awk -F'seconds=' '{ split($2, s, " "); exit !(s[1] >= 0.2) }' "$OUT"
counted "and the message is there" messages=1 end=all

files 1
sink -i 1 -x 550
refute "a refusal" "$B/push" $Q
counted "is counted as nothing" messages=0 transactions=1 end=idle
rm -rf $Q

# --- load, our program, and the sink ---
{ relay 2525; echo 'hold yes'; } | config
exits "20 submissions, 4 in flight" 0 "$B/load" -n 20 -c 4 -u 1001 /usr/sbin/sendmail -i someone@relay.example
said "none failed" '^done=20 failed=0 '
same "20 files" 20 "$(find $SPOOL/drop -type f | wc -l)"
sink -n 20
relay 2525 | config
start_agent
counted "and the sink has them" messages=20 distinct=20 recipients=20 end=all
stop_agent
exits "no more when the time is over" 0 "$B/load" -n 1000 -c 2 -t 1 /bin/sleep 0.6
said "those that were begun are counted" '^done=4 failed=0 '
exits "commands that fail" 0 "$B/load" -n 5 -c 2 /bin/false
said "are counted" '^done=0 failed=5 status=1 '
exits "large messages" 0 "$B/load" -n 3 -s 1000000 -m 2 /bin/sh -c 'cat >/tmp/large.$$.$0; test $(wc -c </tmp/large.$$.$0) = 1000000' %
said "are whole" '^done=3 failed=0 '
same "two users in turn" 2 "$(find /tmp -name 'large.*.1' | wc -l)"

# --- mailboxes ---
marks() { find "$@" -type f -exec grep -h '^X-Bench: ' {} + | sort -u | wc -l; }
for kind in each batch maildir; do
	files 50
	check "floor $kind" "$B/floor" $kind $Q /tmp/box.$kind.1 /tmp/box.$kind.2
	same "has all 50" 50 "$(marks /tmp/box.$kind.1 /tmp/box.$kind.2)"
	same "half in each" 25 "$(marks /tmp/box.$kind.1)"
	check "the files are gone" rmdir $Q
done
exits "an empty queue" 0 "$B/floor" empty 5 '*' $SPOOL/drop
said "is seen" 'end=all'
: >$SPOOL/drop/Q1
exits "one that is not" 0 "$B/floor" empty 0 'Q*' $SPOOL/drop
said "is seen, too" 'end=late'
rm $SPOOL/drop/Q1

# --- the table ---
cat >/tmp/raw <<-'R'
	0 bellman up up | bellman
	0 floor up up |
	0 dma up - | cannot be installed here
	1 bellman S1 1.2 x=1
	1 floor S1 1.0
	2 bellman S1 1.3 x=1
	2 floor S1 1.0
	3 bellman S1 9.0 x=1 | 199 of 200
	3 floor S1 5.0
	1 bellman S16 500
	1 floor S16 1000
	1 bellman S50 3.0 p50=3.0 single=2.0
	2 bellman S50 4.0 p50=4.0 single=4.0
R
awk -v order='floor bellman dma' -v rounds=3 -f "$TREE/tests/bench/table.awk" "$TREE/tests/bench/rows" /tmp/raw >"$OUT"
said "a goal that is met" 'at most 1\.4 times floor: 1\.30, yes'
said "one that is not" 'at least 0\.7 times floor: 0\.50, NO'
said "one that is not" 'at most 1\.1 times single: 1\.17, NO'
said "all are counted" '^1 of 3 goals'
said "who is absent is named" '^dma has no column: cannot be installed here'
said "what is missing is named" 'S1, bellman, round 3: 199 of 200'
finish
