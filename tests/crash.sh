# crash.sh - for 50-crash-*.sh: many submitters, while every process of the
# agent is killed in turn; then each message whose submitter saw exit 0 must be
# there exactly once and whole.
# shellcheck shell=bash
SUBMITTERS=${CRASH_SUBMITTERS:-200}
EACH=10
ACK=/tmp/ack

# One process a submission, as any caller: stdin from a pipe, lines of text
# between two marks.  The pause spreads the load over all the kills.
submitter='
n=$1 each=$2 i=0
while [ $i -lt $each ]; do
	i=$((i + 1)) size=$(((n * 7 + i * 131) % 400))
	{
		printf "Subject: %s-%s\n\nbegin %s-%s %s\n" $n $i $n $i $size
		k=0
		while [ $k -lt $size ]; do k=$((k + 1)); echo "From $n-$i line $k"; done
		echo "end $n-$i"
	} | /usr/sbin/sendmail -i bob 2>/dev/null && echo "$n-$i" >>$3
	sleep 1
done'

submitters() {
	local n pids=()
	for ((n = 1; n <= SUBMITTERS; n++)); do
		as alice sh -c "$submitter" submitter "$n" $EACH $ACK &
		pids+=($!)
	done
	wait "${pids[@]}"
	touch /tmp/submitted
}

# Starts the agent again whenever it is gone.
supervisor() {
	until [ -e /tmp/enough ]; do
		/usr/sbin/deliver >/dev/null 2>>/tmp/agent.err.1
	done
}

# Ten times a second kill -9, of each kind in turn.  Those that write mailboxes
# live only for milliseconds.
killer() {
	local kinds=(queue 'user ' parent net queue parent 'user ' dns) k=0 kind
	: >/tmp/kills
	: >/tmp/early
	until [ -e /tmp/submitted ] && [ $k -ge 12 ] || [ $k -ge 500 ]; do
		kind=${kinds[$((k % 8))]}
		k=$((k + 1))
		case $kind in
		# while a mailbox is written: what was known of it is gone
		parent) "$O/tests/slay" 1 /usr/sbin/deliver 'deliver: user ' || continue ;;
		queue) "$O/tests/slay" 1 "deliver: queue" 'deliver: user ' || continue ;;
		*) "$O/tests/slay" 1 "deliver: $kind" || continue ;;
		esac
		echo "$kind" >>/tmp/kills
		[ -e /tmp/submitted ] || echo "$kind" >>/tmp/early
		sleep "${CRASH_PACE:-0.1}"
	done
}

crash() { # runs it all; the mailbox is then looked at by the caller
	: >$ACK
	chmod 666 $ACK
	supervisor &
	local watch=$!
	await exists /run/bellman/control
	submitters &
	killer
	await -t 60 exists /tmp/submitted
	check "and messages came in meanwhile" test "$(wc -l </tmp/early)" -ge 12
	echo "# $(wc -l <$ACK) of $((SUBMITTERS * EACH)) acknowledged, kills:" $(sort /tmp/kills | uniq -c) "($(wc -l </tmp/early) while submitting)"
	check "kinds of processes were killed" test "$(sort -u /tmp/kills | wc -l)" -ge 4
	check "submissions went on all the time" test "$(wc -l <$ACK)" = $((SUBMITTERS * EACH))
	check "the spool is drained" drained 120
	touch /tmp/enough
	kill -TERM "$(cat $PIDFILE)"
	wait $watch
}

# stdin: the messages' texts, unquoted.  Each acknowledged mark must stand
# there once, with all its lines between.
whole() {
	python3 -c '
import re, sys
acked = open(sys.argv[1]).read().split()
seen, torn, open_mark, want = {}, [], None, 0
for line in sys.stdin.buffer:
    line = line.decode("latin-1").rstrip("\n")
    if (m := re.match(r"begin (\S+) (\d+)$", line)):
        if open_mark: torn.append(open_mark)
        open_mark, want, got = m[1], int(m[2]), 0
    elif (m := re.match(r">*From (\S+) line (\d+)$", line)):
        got = got + 1 if m[1] == open_mark and int(m[2]) == got + 1 else -10**9
    elif (m := re.match(r"end (\S+)$", line)):
        if m[1] != open_mark or got != want: torn.append(m[1])
        else: seen[m[1]] = seen.get(m[1], 0) + 1
        open_mark = None
if open_mark: torn.append(open_mark)
lost = [a for a in acked if a not in seen]
twice = [s for s, n in seen.items() if n > 1]
print(f"{len(acked)} acknowledged, {len(seen)} there; lost {lost[:9]}, twice {twice[:9]}, torn {torn[:9]}")
sys.exit(bool(lost or twice or torn or not acked))' $ACK
}
