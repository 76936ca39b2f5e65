#!/bin/bash
# An agent with nothing to do: it does not wake up, also with a session that was
# kept and has ended, and all its processes together are small.
. "$(dirname "$0")/lib.sh"

smtpd 2525 /tmp/far
{ relay 2525; } | config
start_agent
echo 'Subject: here' | submit alice -i bob
echo 'Subject: away' | submit alice -i far@far.example
check "one message is stored" await exists /var/mail/bob
check "one goes to a server" await exists /tmp/far/1.msg
check "the spool is empty" drained
# The session is kept for a while; nothing tells when the kernel has closed it.
kept() { grep -q ' 0100007F:09DD 01 ' /proc/net/tcp; }
for ((i = 0; i < 100; i++)); do kept && sleep 0.2 || break; done
refute "the session that was kept is closed" kept

pids="$AGENT $(pgrep -P "$AGENT" | tr '\n' ' ')"
same "four of them" 4 "$(wc -w <<<"$pids")"
timeout 6 strace -f $(printf -- '-p %s ' $pids) -o /tmp/idle 2>/dev/null
grep -v -E 'restart_syscall|\+\+\+|---' /tmp/idle | grep ' = ' >"$OUT"
check "not one wait returns in six seconds" test ! -s "$OUT"

kib=0
for p in $pids; do
	kib=$((kib + $(awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup")))
done
echo "# PSS of all: $kib KiB"
check "all together have less than 12 MB of memory" test $kib -lt 12000
finish
