#!/bin/bash
# `local maildir ~/Maildir`: one file a message, complete when it appears.
. "$(dirname "$0")/lib.sh"

echo 'local maildir ~/Maildir' | config
start_agent
for n in 1 2 3; do printf 'Subject: %s\n\nFrom here\n.\ntext %s\n' $n $n | submit alice -i bob; done
check "three arrive" await maildir /home/bob/Maildir 3
check "the spool is empty" drained
same "three files" 3 "$(ls /home/bob/Maildir/new | wc -l)"
same "nothing is left in tmp" 0 "$(ls /home/bob/Maildir/tmp | wc -l)"
same "bob's, and for nobody else" "bob bob 600" "$(stat -c '%U %G %a' /home/bob/Maildir/new/* | sort -u)"
check "text is not quoted" grep -q -x 'From here' /home/bob/Maildir/new/*
same "each text once" 3 "$(cat /home/bob/Maildir/new/* | grep -c '^text ')"
check "Return-Path says the sender" grep -q -x 'Return-Path: <alice@mail.example>' /home/bob/Maildir/new/*
check "Delivered-To says for whom" grep -q -E '^Delivered-To: bob' /home/bob/Maildir/new/*
refute "no mbox beside it" test -s /var/mail/bob

# A home that anyone may write to, a Maildir that is a link: not used.
rm -rf /home/alice/Maildir
ln -s /home/bob/Maildir /home/alice/Maildir
before=$(ls /home/bob/Maildir/new | wc -l)
printf 'Subject: link\n\nx\n' | submit bob alice
check "a Maildir that leads to another user's: deferred" await text $LOG Maildir
check "the message waits" test -n "$(ls $SPOOL/queue $SPOOL/drop)"
same "and nothing is written there" "$before" "$(ls /home/bob/Maildir/new | wc -l)"
rm /home/alice/Maildir
sendmail -q
check "mended, it arrives" await maildir /home/alice/Maildir 1
check "the spool is empty" drained

# As others write it: with a slash at its end, or two; there, and not yet.
stop_agent
echo 'local maildir ~/Maildir/' >$CONF
rm -rf /home/bob/Maildir
for user in alice bob; do
	had=$(find /home/$user/Maildir/new -type f 2>/dev/null | wc -l)
	printf 'Subject: slash\n\nx\n' | submit bob $user 2>/dev/null
	deliver -q
	same "with a slash, of $user" $((had + 1)) "$(find /home/$user/Maildir/new -type f | wc -l)"
done
echo '/home/alice/other//' >/home/alice/.forward
chown alice: /home/alice/.forward
printf 'Subject: slashes\n\nx\n' | submit bob alice 2>/dev/null
deliver -q
same "two slashes in .forward" 1 "$(find /home/alice/other/new -type f | wc -l)"
finish
