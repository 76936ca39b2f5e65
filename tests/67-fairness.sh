#!/bin/bash
# Nobody waits for somebody else's thousands, nor for his lock: counted in
# messages, not in time.
. "$(dirname "$0")/lib.sh"
S=/tmp/smtpd
MANY=1000

# thousands: of alice, half to her own mailbox, half to another machine
thousands() {
	awk -v many=$MANY 'BEGIN {
		print "EHLO x"
		for (n = 0; n < many; n++)
			printf "MAIL FROM:<alice>\nRCPT TO:<%s>\nDATA\nSubject: %d\n\nx\n.\n",
			    n % 2 ? "alice" : "a" n "@far.example", n
		print "QUIT"
	}' | as alice /usr/sbin/sendmail -bs >/dev/null
}
of_bob() { # WORD: one to bob, one to the other machine
	printf 'Subject: %s\n\nx\n' "$1" | submit bob bob
	printf 'Subject: %s\n\nx\n' "$1" | submit bob "b-$1@far.example"
}
here() { # how many of alice's were delivered before the first, the second of bob's
	awk '/: delivered to=<alice/ { n++ } /: delivered to=<bob/ { print n + 0 }' $LOG
}
there() {
	awk '/RCPT a/ { n++ } /RCPT b/ { print n + 0 }' $S/log
}
few() { # WHAT MOST NUMBERS: two of them, none of them more
	local what=$1 most=$2
	echo "$3" >"$OUT"
	if [ "$(echo "$3" | awk -v m="$most" '$1 <= m' | wc -l)" = 2 ]; then pass "$what"; else fail "$what"; fi
}

smtpd 2525 $S
{ relay 2525; echo 'hold yes'; } | config
start_agent
of_bob first # whatever the order of the folder: one of his comes last in it
thousands
of_bob last
await -t 20 empty $SPOOL/drop
stop_agent
same "all wait" $((MANY + 4)) "$(find $SPOOL/queue -type f | wc -l)"
relay 2525 | config
start_agent
check "bob's arrive" await -t 30 mbox /var/mail/bob 2
check "on the other machine, too" drained 40
# A batch of hers is 200.
few "none of his waited for the hundreds to alice's mailbox" 300 "$(here)"
few "nor for hers to the other machine" 300 "$(there)"
stop_agent
same "hers arrive as well" $((MANY / 2)) "$(messages /var/mail/alice)"

# A mailbox of 10 GB that somebody has locked; and more of them, with names at
# the front of the alphabet, than there are processes for mailboxes.
rm -f /var/mail/*
for n in $(seq 20); do useradd -M -K MAIL_DIR=/nonexistent "aa$n"; done 2>/dev/null
echo "# before bob's: here $(here | tr '\n' ' ') there $(there | tr '\n' ' ')"
truncate -s 10G /var/mail/alice
chown alice:mail /var/mail/alice
chmod 660 /var/mail/alice
/usr/bin/python3 -c '
import fcntl, time
f = open("/var/mail/alice", "r+b")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/tmp/locked", "w").close()
time.sleep(300)' &
LOCKER=$!
await exists /tmp/locked
start_agent
: >$LOG
for n in $(seq 30); do printf 'Subject: %s\n\nx\n' "$n" | submit alice alice; done
printf 'Subject: z\n\nx\n' | submit alice bob
check "hers to bob passes her locked mailbox" await -t 20 mbox /var/mail/bob 1
printf 'Subject: z\n\nx\n' | submit alice $(seq -f aa%.0f 20) bob
check "twenty mailboxes, and bob's: each has its turn" await -t 20 mbox /var/mail/bob 2
for n in $(seq 20); do await -t 20 mbox "/var/mail/aa$n" 1 || echo "aa$n" >>/tmp/missing; done
refute "all of them" test -e /tmp/missing
same "nothing was written to the locked one" $((10 << 30)) "$(stat -c %s /var/mail/alice)"
kill $LOCKER
check "then it goes on" await -t 60 empty $SPOOL/queue
finish
