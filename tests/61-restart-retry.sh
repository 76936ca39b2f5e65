#!/bin/bash
# Mail that waits survives a restart of the agent, with its schedule: neither
# tried at once again nor forgotten.
. "$(dirname "$0")/lib.sh"

S=/tmp/smtpd
smtpd 2525 $S
{
	relay 2525
	echo 'retry 4s 1h'
} | config
start_agent
printf 'Subject: wait\n\nx\n' | submit alice later@remote.example
check "the first attempt is put off" await text $S/log 'RCPT later@remote.example 451'
check "the file says so" await text "$(echo $SPOOL/queue/*)" 'not now'
cp $SPOOL/queue/* /tmp/before
stop_agent
start_agent
check "after a restart mailq still shows it" sh -c 'mailq | grep -q later@remote.example'
same "and it is not tried at once" 1 "$(grep -c '^RCPT later' $S/log)"
check "the second attempt comes when it is due" await -t 8 count $S/log 2 'RCPT later'
same "one more" 2 "$(grep -c '^RCPT later' $S/log)"

# The next is due in an hour.  The caches are gone, the agent was killed: the
# file alone knows it.
check "its journal has two attempts" await -t 5 count "$(echo $SPOOL/queue/*)" 2 'not now'
kill -KILL $AGENT
wait $AGENT 2>/dev/null
AGENT=
rm -rf /var/lib/bellman/*
start_agent
check "killed, without caches: mailq shows it" sh -c 'mailq | grep -q later@remote.example'
same "it was not tried again" 2 "$(grep -c '^RCPT later' $S/log)"
: >$S/accept
check "sendmail -q tries it" sendmail -q
check "and it is accepted" await text $S/log 'DATA 250'
check "the spool is empty" drained
same "it was sent once" 1 "$(grep -c '^DATA 250' $S/log)"

printf 'Subject: q\n\nonly at the next -q\n' | submit alice -odq bob
printf 'Subject: now\n\nat once\n' | submit alice bob
check "what came after -odq passes it" await text /var/mail/bob 'at once'
refute "-odq waits" grep -q 'only at the next' /var/mail/bob
check "until sendmail -q" sendmail -q
check "which delivers it" await text /var/mail/bob 'only at the next'
check "the spool is empty" drained

# A list longer than one round of the loop, and a reader who has enough of it.
stop_agent
echo 'hold yes' | config
start_agent
session 250 alice >/dev/null
printf 'Subject: h\n\nheld\n' | submit bob alice
mailq >/tmp/list
same "mailq lists all" "251 messages," "$(tail -n 1 /tmp/list | cut -d" " -f1-2)"
same "each once" 251 "$(grep -c '^[0-9A-Z]\{16\} ' /tmp/list)"
same "a user his own" "1 message," "$(as bob mailq | tail -n 1 | cut -d" " -f1-2)"
same "head ends it in silence" "0 1" "$(
	{ mailq; echo $? >/tmp/rc; } 2>&1 | head -n 1 | wc -l >/tmp/lines
	echo "$(cat /tmp/rc) $(cat /tmp/lines)")"
stop_agent
config </dev/null
rm -f $SPOOL/queue/*

printf 'Subject: pass\n\none pass\n' | submit alice bob 2>/dev/null
check "deliver -q makes one pass and ends" timeout 20 deliver -q
check "it delivered" grep -q 'one pass' /var/mail/bob
check "root's sendmail starts a pass when no agent runs" sh -c 'echo from root | sendmail bob'
check "it delivered" await text /var/mail/bob 'from root'
# The pass has not left his session yet when its leader, sendmail, ends.
cat >/tmp/hang_up.py <<'N'
import os, pty
pid, fd = pty.fork()
if pid == 0:
    os.execvp("strace", ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "inject=setsid:delay_enter=500000",
                         "/usr/sbin/sendmail", "bob"])
os.write(fd, b"hung up\n\4")
os.waitpid(pid, 0)
os.close(fd)
N
check "a terminal that hangs up at once" python3 /tmp/hang_up.py
check "takes the pass with it not" await text /var/mail/bob 'hung up'
check "the spool is empty" drained

# A power cut a minute ago left a dot-lock, of which the number had not been synced.
unshare --time --boottime -1 true 2>"$OUT" || { skip "no name spaces of time here: $(cat "$OUT")"; finish; }
printf 'Subject: cut\n\nafter the cut\n' | submit alice -odq bob
touch -d '60 seconds ago' /var/mail/bob.lock
check "a pass on a machine that has just begun" unshare --time --boottime -"$(cut -d. -f1 /proc/uptime)" timeout 20 deliver -q
check "does not wait for who was before" grep -q 'after the cut' /var/mail/bob
refute "and leaves no lock" test -e /var/mail/bob.lock
finish
