#!/bin/bash
# kill -9 of the agent's processes at their system calls, one in turn, while
# three messages go to one mailbox: after the next pass each is there once and
# whole.  The calls are told apart by what they act on, so that the process that
# writes the mailbox is met as well as the one that owns the spool.
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/kills.sh"

{
	disturb '' '-P /var/mail/bob'
	disturb '' "-P $SPOOL/queue -P $SPOOL/queue/.intents"
	disturb '' ''
} >/dev/null 2>&1
outcome mbox cat /var/mail/bob
# The same through a .forward into a file: the process that reads, and the one
# that appends, are met as well.
echo /home/bob/archive >/home/bob/.forward
chown bob:bob /home/bob/.forward
{
	disturb '' '-P /home/bob/.forward'
	disturb '' '-P /home/bob/archive'
} >/dev/null 2>&1
LEAST=8
outcome "a file by .forward" cat /home/bob/archive
LEAST=15
rm /home/bob/.forward
{
	disturb 'local maildir ~/Maildir' '-P /home/bob/Maildir/new'
	disturb 'local maildir ~/Maildir' '-P /home/bob/Maildir/tmp'
	disturb 'local maildir ~/Maildir' "-P $SPOOL/queue -P $SPOOL/queue/.intents"
} >/dev/null 2>&1
outcome Maildir sh -c 'cat /home/bob/Maildir/new/*'

# Nobody of that name: each comes back once, with its text.
TO=nosuchuser FROM=alice
rm -f /var/mail/alice
disturb '' "-P $SPOOL/queue -P $SPOOL/queue/.intents" >/dev/null 2>&1
outcome bounces cat /var/mail/alice
finish
