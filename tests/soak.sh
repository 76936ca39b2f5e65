#!/bin/bash
# soak.sh - an hour of mixed load with everything going wrong now and then, and
# all mail counted at its end: make check-soak MINUTES=60.  What happens, and what
# counts as right, is said at the head of soak.py.  SOAK_JUMPS=1: the clock jumps as
# well, which is for clock.sh to ask, on a kernel of its own.
. "$(dirname "$0")/lib.sh"
MINUTES=${SOAK_MINUTES:-60} SEED=${SOAK_SEED:-1} JUMPS=${SOAK_JUMPS:-}

small() { # PLACE SIZE: a file system that is soon full, with what was there
	mkdir /tmp/was
	cp -a "$1/." /tmp/was/
	mount -t tmpfs -o "size=$2,mode=$(stat -c %a "$1"),uid=$(stat -c %u "$1"),gid=$(stat -c %g "$1")" small "$1" &&
		cp -a /tmp/was/. "$1/"
	rm -rf /tmp/was
}
check "the spool has a small file system" small $SPOOL 24m
check "and the mailboxes have one" small /var/mail 512m
for user in carol dave erin; do
	useradd -K MAIL_DIR=/nonexistent -m -U -s /bin/sh $user
done 2>/dev/null
echo /home/carol/Maildir/ >/home/carol/.forward
echo '"|/bin/cat >>/home/dave/command"' >/home/dave/.forward
echo /home/erin/archive >/home/erin/.forward
for user in carol dave erin; do chown $user: /home/$user/.forward; done
echo 'list: alice, bob, carol, list@far.example' >/etc/aliases
{
	printf 'limits free-space 2M\nretry 5s 10s 20s\nroute domain looked-up.example mx\n'
	[ -n "$JUMPS" ] || echo 'alert off'
	relay 2525
} | config
mkdir /tmp/soak
check "$MINUTES minutes: every message is accounted for" python3 "$TREE/tests/soak.py" run /tmp/soak "$MINUTES" "$SEED" $JUMPS
sed 's/^/# /' "$OUT" | tail -n 60
finish
