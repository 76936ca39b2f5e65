#!/bin/bash
# A mailbox that is not a plain file of its owner is never written to: the mail
# waits, the log says why, and mended it is delivered.
. "$(dirname "$0")/lib.sh"

start_agent
echo precious >/home/alice/precious
chown alice:alice /home/alice/precious
chmod 666 /home/alice/precious

refused() { # WHAT: /var/mail/bob has been made into it
	: >$LOG
	printf 'Subject: s\n\n%s\n' "$1" | submit alice bob
	check "$1: the log says so" await text $LOG /var/mail/bob
	check "$1: the message waits" await -t 5 files $SPOOL/queue 1
	same "$1: alice's file is as it was" precious "$(cat /home/alice/precious)"
	refute "$1: no bounce yet" test -s /var/mail/alice
}
mended() { # WHAT
	rm -rf /var/mail/bob
	check "$1, mended: sendmail -q" sendmail -q
	check "$1, mended: it arrives" await mbox /var/mail/bob 1
	same "$1, mended: once" 1 "$(grep -c -x "$1" /var/mail/bob)"
	check "$1, mended: the spool is empty" drained
	rm -f /var/mail/bob
}

ln -s /home/alice/precious /var/mail/bob
refused "symbolic link"
mended "symbolic link"

ln -s /home/alice/not-there /var/mail/bob
refused "dangling link"
refute "dangling link: nothing is made behind it" test -e /home/alice/not-there
mended "dangling link"

mkfifo -m 666 /var/mail/bob
refused "FIFO"
mended "FIFO"

mknod -m 666 /var/mail/bob c 1 3
refused "device"
mended "device"

mkdir -m 777 /var/mail/bob
refused "directory"
same "directory: nothing in it" "" "$(ls /var/mail/bob)"
mended "directory"

cp /home/alice/precious /var/mail/kept
chown bob:mail /var/mail/kept
chmod 660 /var/mail/kept
ln /var/mail/kept /var/mail/bob
refused "hard link"
same "hard link: the other name is as it was" precious "$(cat /var/mail/kept)"
mended "hard link"

echo precious >/var/mail/bob
chown alice:mail /var/mail/bob
chmod 666 /var/mail/bob
refused "file of another"
same "file of another: it is as it was" precious "$(cat /var/mail/bob)"
mended "file of another"

/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/var/mail/bob")'
chmod 777 /var/mail/bob
refused "socket"
mended "socket"

# A folder that all may write to: what alice has put there is not used.
chmod 1777 /var/mail
as alice ln -s /home/alice/precious /var/mail/bob
refused "another's link in a sticky folder"
mended "another's link in a sticky folder"
as alice ln -s /home/bob /var/mail/bob
refused "another's link to the home"
mended "another's link to the home"
as alice sh -c 'umask 0; : >/var/mail/bob'
refused "another's file in a sticky folder"
same "another's file in a sticky folder: it is empty still" 0 "$(stat -c %s /var/mail/bob)"
mended "another's file in a sticky folder"
chmod 2775 /var/mail

# Over its size it is full for good: the sender reads it.
stop_agent
echo 'mailbox-size 100K' | config
start_agent
rm -f /var/mail/bob /var/mail/alice
printf 'Subject: s\n\nsmall\n' | submit alice bob
check "size: one has room" await mbox /var/mail/bob 1
cp /var/mail/bob /tmp/before
{
	printf 'Subject: s\n\n'
	yes large | head -n 40000
} | submit alice bob
check "size: the sender is told" await mbox /var/mail/alice 1
check "size: with a sentence" grep -q 'The mailbox is full' /var/mail/alice
check "size: and the setting" grep -q 'mailbox-size allows' /var/mail/alice
check "size: the mailbox is as it was" cmp /tmp/before /var/mail/bob
check "size: the spool is empty" drained
finish
