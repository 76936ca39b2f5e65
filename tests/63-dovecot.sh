#!/bin/bash
# Dovecot moves bob's messages out of the mailbox into which they are being
# delivered, without a pause: each is in the one place or in the other, once.
# Then mail(1) of BSD reads and empties the same mailbox.
. "$(dirname "$0")/lib.sh"

MANY=${MANY:-300}
[ -z "${WATCHED:-}" ] || MANY=60 # which take as long
unpack dovecot || {
	skip "no Dovecot here"
	finish
}
for user in dovecot dovenull; do
	useradd -r -M -d /nonexistent -s /usr/sbin/nologin -U $user
done
cat >/etc/dovecot/dovecot.conf <<'X'
protocols =
log_path = /var/log/dovecot.log
ssl = no
mail_location = mbox:~/mail:INBOX=/var/mail/%u
mail_privileged_group = mail
mbox_read_locks = fcntl
mbox_write_locks = fcntl dotlock
first_valid_uid = 1000
namespace inbox {
  inbox = yes
}
userdb {
  driver = passwd
}
passdb {
  driver = pam
}
X
dovecot -F >/tmp/dovecot.out 2>&1 &
dovecot=$!
if ! await -t 20 exists /run/dovecot/auth-userdb; then
	cat /tmp/dovecot.out /var/log/dovecot.log >$OUT
	fail "Dovecot starts"
	finish
fi
as_imap() { doveadm "$@" 2>>/tmp/doveadm.err; }
as_imap mailbox create -u bob kept

mover() { # until told to stop: all that is there goes to the other mailbox
	local moved=0
	until [ -e /tmp/stop ]; do
		as_imap move -u bob kept mailbox INBOX ALL && moved=$((moved + 1))
	done
	echo $moved >/tmp/moved
}
mover &
mover=$!
start_agent
for ((n = 1; n <= MANY; n++)); do
	printf 'Subject: %s\n\nfirst of m%s\nFrom here\nlast of m%s\n' $n $n $n | submit alice -i bob
done
check "all are delivered" drained 60
touch /tmp/stop
wait $mover
as_imap move -u bob kept mailbox INBOX ALL
check "Dovecot was at work meanwhile" test "$(cat /tmp/moved)" -ge 3
check "and moved them" test -s /home/bob/mail/kept

cat /home/bob/mail/kept /var/mail/bob >/tmp/all
times() { # PATTERN: how many marks come N times: "COUNT N" each
	grep -o -x "$1 m[0-9]*" /tmp/all | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | xargs
}
same "each message is there once" "$MANY 1" "$(times 'first of')"
same "and whole" "$MANY 1" "$(times 'last of')"
same "its From line quoted" $MANY "$(grep -c -x '>From here' /tmp/all)"
same "Dovecot counts as many" "messages=$MANY" "$(as_imap mailbox status -u bob messages kept | sed 's/^kept //')"
refute "Dovecot had nothing to complain of" grep -E 'Error|Panic|Fatal' /tmp/doveadm.err /var/log/dovecot.log
refute "no lock is left" sh -c 'ls -A /var/mail | grep -E "lock|bellman"'

kill $dovecot
wait $dovecot

# A reader holds the lock, as long as it likes: ours waits for it.
: >/var/mail/bob
cat >/tmp/hold.py <<'X'
import fcntl, os, time
f = open("/var/mail/bob", "r+b")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/tmp/held", "w")
inode = ":%d " % os.fstat(f.fileno()).st_ino
while not any("->" in l and inode in l for l in open("/proc/locks")):
    time.sleep(0.02) # nothing tells when somebody begins to wait
open("/tmp/waits", "w")
while not os.path.exists("/tmp/letgo"):
    time.sleep(0.02)
X
/usr/bin/python3 /tmp/hold.py &
holder=$!
await exists /tmp/held
printf 'Subject: later\n\nwaits for the lock\n' | submit alice -i bob
check "a locked mailbox: our process waits" await exists /tmp/waits
same "and has written nothing" 0 "$(stat -c %s /var/mail/bob)"
touch /tmp/letgo
wait $holder
check "then it writes" await text /var/mail/bob 'waits for the lock'
check "the spool is empty" drained

# mail(1) of BSD: it shows what we wrote, and empties the mailbox.
if [ -x /usr/bin/bsd-mailx ]; then
	printf 'Subject: two\n\nFrom the second\n' | submit alice -i bob
	check "another message" drained
	printf 'from 1-2\ntype 2\nsave 1 /home/bob/saved\ndelete 1-2\nquit\n' |
		as bob env TERM=dumb bsd-mailx -N -f /var/mail/bob >$OUT 2>&1
	same "mail(1) lists two messages" 2 "$(grep -c -E '^ *>? *[NU] +[12] ' $OUT)"
	said "it shows the text" 'From the second'
	check "it saves one" grep -q 'waits for the lock' /home/bob/saved
	printf 'Subject: three\n\nafter it\n' | submit alice -i bob
	check "and mail goes on" drained
	check "into what it left" grep -q 'after it' /var/mail/bob
	same "which is that alone" 1 "$(messages /var/mail/bob)"
else
	skip "no bsd-mailx here"
fi
stop_agent
finish
