#!/bin/bash
# One who sends without end is refused, with a sentence and status 75; others
# are not, nor is he when there is room again.
. "$(dirname "$0")/lib.sh"

letter() { printf 'Subject: x\n\ntext\n'; }
settings() { # LIMITS: nothing is delivered
	printf 'hold yes\nlimits %s\n' "$1" | config
	start_agent
}
anew() {
	stop_agent
	rm -f $SPOOL/queue/*
	: >$LOG
}
refused() { await exists /run/bellman/refuse; }
open_again() { await -t 15 gone /run/bellman/refuse; }

settings 'user-queue 5'
for n in 1 2 3 4; do letter | submit alice bob; done
letter | exits "as many as she may: 0" 0 submit alice bob
check "then the agent says so" refused
letter | exits "one more: 75" 75 submit alice bob
said "with a sentence that names the limit, and what to do" '5 of your messages wait.*limits user-queue.*try again'
letter | exits "bob is not concerned" 0 submit bob alice
letter | exits "by the socket: 75 as well" 75 as alice setpriv --no-new-privs /usr/sbin/sendmail bob
said "the same sentence" 'limits user-queue'
printf 'EHLO x\nMAIL FROM:<alice>\nRCPT TO:<bob>\nDATA\nQUIT\n' |
    exits "in a dialogue" 0 as alice /usr/sbin/sendmail -bs
said "452, or 451" '^45[12] .*limits user-queue'
check "the log says whom" grep -q 'refused uid=1001 limit=user-queue' $LOG
exits "mailq --check warns" 1 mailq --check
said "of a limit" 'limit of bellman.conf'
same "everybody may read why" '644 root' "$(stat -c '%a %U' /run/bellman/refuse)"
stop_agent
: >$CONF
start_agent # they are delivered
check "when they are gone it is over" open_again
letter | exits "and she sends" 0 submit alice bob
check "it arrives" await mbox /var/mail/bob 6
anew

settings 'user-size 40K'
head -c 30000 /dev/zero | tr '\0' 'x' | fold -w 70 | submit alice bob
head -c 30000 /dev/zero | tr '\0' 'x' | fold -w 70 | submit alice bob
check "size: the agent says so" refused
letter | exits "size: 75" 75 submit alice bob
said "size: its sentence" 'KiB.*limits user-size'
letter | exits "size: bob may" 0 submit bob alice
anew

within=4 # seconds, in which three are sent and a fourth is tried
[ -z "${WATCHED:-}" ] || within=30
settings "per-user 3/${within}s"
check "a new agent forgets what was refused" open_again
for n in 1 2 3; do letter | submit alice bob; done
check "rate: the agent says so" refused
letter | exits "rate: 75" 75 submit alice bob
said "rate: its sentence" "3 messages within $within.*limits per-user"
letter | exits "rate: bob may" 0 submit bob alice
check "rate: it is over by itself" open_again
letter | exits "rate: and she may" 0 submit alice bob
anew

settings 'queue 3 ; user-queue 2'
letter | submit alice bob
letter | submit bob bob
letter | submit root bob
check "queue: the agent says so" refused
letter | exits "queue: 75 for everybody" 75 submit bob alice
said "queue: its sentence" '3 messages wait.*limits queue'
kill -KILL "$AGENT"
wait "$AGENT" 2>/dev/null
letter | submit bob alice 2>/dev/null
same "what a killed agent has left holds nobody up" 1 "$(find $SPOOL/drop -type f | wc -l)"
AGENT=
rm -f $SPOOL/drop/* $SPOOL/queue/*

# Sixty thousand subordinate uids of one user are one user.
echo 'alice:100000:65536' >/etc/subuid
settings 'user-queue 3'
for n in 1 2 3; do letter | setpriv --reuid=$((100000 + n)) --regid=100000 --clear-groups /usr/sbin/sendmail bob; done
check "subordinate uids: the agent says so" refused
letter | exits "of another one: 75" 75 setpriv --reuid=100077 --regid=100000 --clear-groups /usr/sbin/sendmail bob
letter | exits "of herself: 75" 75 submit alice bob
letter | exits "of bob: 0" 0 submit bob bob
anew

# At the socket, too: her share of its places is that of one user.
: >$CONF
start_agent
await exists /run/bellman/submit
cat >/tmp/hold.py <<'X'
import array, os, socket, sys, time
# each uid with one submission that never ends
for n in range(50):
    if os.fork() == 0:
        os.setgroups([])
        os.setresgid(100000, 100000, 100000)
        os.setresuid(100000 + n, 100000 + n, 100000 + n)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect("/run/bellman/submit")
        r, w = os.pipe()
        words = os.memfd_create("w")
        os.write(words, b"\0sendmail\0bob\0")
        null = os.open("/dev/null", os.O_RDWR)
        try:
            s.sendmsg([b"1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [words, r, null, null]))])
            s.recv(1)
        except OSError:
            pass
        os._exit(0)
time.sleep(60)
X
/usr/bin/python3 /tmp/hold.py &
HOLDER=$!
check "hers are refused" await -t 20 text $LOG 'limit=submissions under-way='
letter | exits "bob has a place" 0 as bob setpriv --no-new-privs /usr/sbin/sendmail bob
kill $HOLDER
finish
