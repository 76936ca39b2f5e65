#!/bin/bash
# What comes back when a message fails, is late, or has arrived: read by a mail
# reader, for every way to ask for it.
. "$(dirname "$0")/lib.sh"

S=/tmp/smtpd
A=/var/mail/alice
smtpd 2525 $S
settings() {
	relay 2525
	printf '%s\n' 'retry 1s 1s 1s 1h' "$@"
}
settings | config
start_agent

report() { # WHAT [N]: alice's last report is one; its lines are in $OUT
	check "$1: a report that a reader understands" "$TREE/tests/report.py" $A ${2:-}
}
back() { # WHAT: a new mailbox of alice has one message
	check "$1: it comes back" await mbox $A 1
	report "$1"
}
big() { # OCTETS: a message
	printf 'Subject: big\n\nthe first line\n'
	head -c "$1" /dev/zero | tr '\0' 'x' | fold -w 70
	printf '\nthe last line\n'
}

# Several recipients, of whom some fail.
printf 'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= from the\n far side\nMessage-ID: <m1@here>\n\nthe text\n' |
	submit alice -N failure -R hdrs -V 'order+17' \
	    yes@remote.example no1@remote.example no2@remote.example nosuchuser
back "partial failure"
said "null sender" '^head Return-Path: <>$'
said "Auto-Submitted" '^head Auto-Submitted: auto-replied$'
said "From is qualified" '^head From: Mail Delivery System <MAILER-DAEMON@mail.example>$'
said "the subject is the message's" '^head Subject: Undelivered: Grüße from the far side$'
said "it belongs to the message" '^head In-Reply-To: <m1@here>$'
said "people read the subject" '^text     Subject:  Grüße from the far side$'
said "people read the date" '^text     Date:     [A-Z]'
said "people read whom it was for" '^text     <no1@remote.example>$'
said "people read why" '^text         There is no mailbox of that name\.$'
said "people read what to do" 'slip of the pen'
said "people read the server's words" '127.0.0.1 said: 550 5.1.1 nobody of that name'
said "machines read the envelope's id" '^message Original-Envelope-Id: order\+17$'
said "and when it came" '^message Arrival-Date: '
same "three recipients failed" 3 "$(grep -c '^rcpt Action: failed$' $OUT)"
same "all with 5.1.1" 3 "$(grep -c '^rcpt Status: 5.1.1$' $OUT)"
said "the first" '^rcpt Final-Recipient: rfc822; no1@remote.example$'
said "the local one" '^rcpt Final-Recipient: rfc822; nosuchuser@mail.example$'
said "in the server's words" '^rcpt Diagnostic-Code: smtp; .*nobody of that name'
said "and whose they are" '^rcpt Remote-MTA: dns; 127.0.0.1'
said "and when" '^rcpt Last-Attempt-Date: '
same "who got it is not in it" "" "$(grep 'yes@remote' $OUT)"
said "RET=HDRS: the header" '^part text/rfc822-headers$'
same "and no text" "" "$(grep '^returned the text' $OUT)"
rm -f $A

# How much comes back.
big 30000 | submit alice no@remote.example
back "small, nothing asked"
said "it comes whole" '^part message/rfc822$'
said "to its last line" '^returned the last line$'
rm -f $A
big 200000 | submit alice no@remote.example
back "large, nothing asked"
said "its header comes" '^part text/rfc822-headers$'
rm -f $A
big 200000 | submit alice -R full no@remote.example
back "large, RET=FULL"
said "it comes whole" '^returned the last line$'
rm -f $A
big 3000000 | submit alice -R full no@remote.example
back "very large, RET=FULL"
said "its header comes" '^part text/rfc822-headers$'
rm -f $A

# In a dialogue.
printf '%s\r\n' 'EHLO here' 'MAIL FROM:<alice@mail.example> RET=HDRS ENVID=a+3Db' \
    'RCPT TO:<no@remote.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;first+2Bone@old.example' \
    'RCPT TO:<no2@remote.example> NOTIFY=NEVER' \
    'RCPT TO:<no3@remote.example> NOTIFY=SUCCESS' \
    DATA 'Subject: dialogue' '' text . QUIT | as alice /usr/sbin/sendmail -bs >/tmp/dialogue
check "sendmail -bs offers DSN" grep -q -P '^250-DSN\r$' /tmp/dialogue
same "sendmail -bs takes the parameters" "" "$(grep '^5' /tmp/dialogue)"
back "-bs"
said "ENVID is decoded" '^message Original-Envelope-Id: a=b$'
said "ORCPT is decoded" '^rcpt Original-Recipient: rfc822; first\+one@old.example$'
same "neither NEVER nor SUCCESS is told of a failure" 1 "$(grep -c '^rcpt Final-Recipient' $OUT)"
rm -f $A

for n in never success delay success,delay; do
	printf 'Subject: s\n\nx\n' | submit alice -N $n no@remote.example
	check "-N $n: the spool is empty" drained
	refute "-N $n: no report of a failure" test -s $A
done
printf 'Subject: s\n\nx\n' | submit alice -N failure,success bob
check "-N failure,success: it arrives" await mbox /var/mail/bob 1
back "-N failure,success"
said "it is delivered" '^rcpt Action: delivered$'
rm -f $A

# Success: here, and at a server that does not say what becomes of it.
printf 'Subject: arrived\n\nx\n' | submit alice -N success bob yes@remote.example
check "success: both are told" drained
same "bob: delivered" 1 "$(grep -c '^Action: delivered' $A)"
same "yes: relayed" 1 "$(grep -c '^Action: relayed' $A)"
report "success"
said "it asks nothing of anybody" '^head Auto-Submitted: auto-replied$'
rm -f $A
printf 'Subject: s\n\nx\n' | submit alice bob
check "not asked for: it arrives" await mbox /var/mail/bob 3
check "not asked for: the spool is empty" drained
refute "not asked for: nothing is said" test -s $A

# An alias of several: that it was handed on, and nothing of its members.  A list
# with an owner is where it was to go.
printf 'both: bob, yes@remote.example\nlist: bob, later@remote.example\nowner-list: bob\none: bob\n' >/etc/aliases
printf 'Subject: s\n\nx\n' | submit alice -N success both
back "an alias of several"
said "is expanded" '^rcpt Action: expanded$'
said "by its name" '^rcpt Final-Recipient: rfc822; both@mail.example$'
same "and once" 1 "$(grep -c '^rcpt Action' $OUT)"
rm -f $A
printf 'Subject: s\n\nx\n' | submit alice -N success one
back "an alias of one"
said "its member has it" '^rcpt Action: delivered$'
rm -f $A /var/mail/bob

# A server that reports itself is told so, and we say nothing more.
stop_agent
mkfifo /tmp/held
exec 9<>/tmp/held
/usr/bin/python3 "$TREE/tests/fake_smtpd.py" '[{"EHLO":"250-fake\n250-8BITMIME\n250 DSN"}]' <&9 >/tmp/dsn &
FAKE=$!
check "a server with DSN" await count /tmp/dsn 1 ''
relay "$(head -n 1 /tmp/dsn)" | config
start_agent
printf 'Subject: passed\n\nx\n' | submit alice -N success,failure -V id9 -R hdrs ann@remote.example
check "with DSN: it is sent" await text /tmp/dsn 'RCPT TO:<ann@remote.example> NOTIFY=SUCCESS,FAILURE'
check "with its envelope's id" grep -q 'MAIL FROM:.* RET=HDRS ENVID=id9' /tmp/dsn
check "the spool is empty" drained
refute "nothing is said to alice" test -s $A
stop_agent
kill $FAKE
wait $FAKE 2>/dev/null
exec 9>&-
settings | config
start_agent

# An address that is not in ASCII.
printf 'Subject: s\n\nx\n' | submit alice 'grün@mail.example'
back "UTF-8"
said "its type is RFC 6533's" '^part message/global-delivery-status$'
rm -f $A

# Nobody to tell: postmaster is, once, and it ends there.
printf 'Subject: lost\n\nthe only copy\n' | submit alice -f noback@remote.example -R full no@remote.example
check "a bounce that is refused: postmaster gets it" await mbox /var/mail/root 1
check "it is a report" "$TREE/tests/report.py" /var/mail/root
said "people read what it is" '^head Subject: Undeliverable report: Undelivered: lost$'
said "the full text is in it" 'the only copy'
check "and the spool is empty" drained
same "postmaster got one" 1 "$(messages /var/mail/root)"
same "alice none" "" "$(cat $A 2>/dev/null)"
same "the relay was asked once for the sender" 1 "$(grep -c '^RCPT noback@' $S/log)"
rm -f /var/mail/root

# So it is where postmaster's alias leads to what fails, too.
for to in no@remote.example '"|exit 67"' nosuchuser; do
	echo "postmaster: $to" >/etc/aliases
	printf 'Subject: lost\n\nthe only copy\n' | submit alice -f noback@remote.example -R full no@remote.example
	check "postmaster: $to: root has the report" await mbox /var/mail/root 1
	check "postmaster: $to: the spool is empty" drained
	same "postmaster: $to: it came once" 1 "$(messages /var/mail/root)"
	rm -f /var/mail/root
	printf 'Subject: hello\n\nx\n' | submit alice postmaster
	check "postmaster: $to: who writes to him hears that it fails" await mbox $A 1
	printf 'Subject: null\n\nx\n' | submit alice -f '<>' postmaster
	check "postmaster: $to: a report to him that fails is in root's mailbox" await mbox /var/mail/root 1
	check "postmaster: $to: and that is all" drained
	same "postmaster: $to: once" "1 1" "$(messages /var/mail/root) $(messages $A)"
	rm -f /var/mail/root $A
done
rm -f /etc/aliases

# Late.
stop_agent
settings 'warn 2s' | config
start_agent
: >$S/log
printf 'Subject: late\n\nx\n' | submit alice later@remote.example
printf 'Subject: late2\n\nx\n' | submit alice -N failure later@remote.example
back "late"
said "people are calmed" '^text .*need not$'
said "it is a warning" '^head Subject: Delayed: late$'
said "nobody asked" '^head Auto-Submitted: auto-generated$'
said "Action" '^rcpt Action: delayed$'
said "until when" '^rcpt Will-Retry-Until: '
said "its status is the last" '^rcpt Status: 4\.3\.0$'
check "its journal says so" sh -c "grep -l ' warn 1 ' $SPOOL/queue/* >/dev/null"
kill -KILL $AGENT
wait $AGENT 2>/dev/null
AGENT=
start_agent
: >$S/log
check "a restart: sendmail -q" sendmail -q
check "both are tried again" await count $S/log 2 'RCPT later'
check "and again" sh -c 'sendmail -q'
check "both" await count $S/log 4 'RCPT later'
: >$S/accept
check "once more" sendmail -q
check "the spool is empty" drained
same "alice was warned once, of the one that asked for no other" 1 "$(messages $A)"
rm -f $A $S/accept

# Late on a list: its owner hears of it.
B=/var/mail/bob
rm -f $B
printf 'list: bob, later@remote.example\nowner-list: bob\n' >/etc/aliases
: >$S/log
printf 'Subject: late3\n\nx\n' | submit alice -N success,delay list
check "the list's owner is warned" await mbox $B 2
check "in a report" "$TREE/tests/report.py" $B
said "which is a warning" '^head Subject: Delayed: late3$'
said "of the member" '^rcpt Final-Recipient: rfc822; later@remote.example$'
said "is to the owner" '^head To: <*owner-list@mail.example'
back "alice hears that the list has it"
said "which is delivered" '^rcpt Action: delivered$'
said "by its name" '^rcpt Final-Recipient: rfc822; list@mail.example$'
: >$S/accept
check "once more" sendmail -q
check "the spool is empty" drained
same "the owner was warned once" 2 "$(messages $B)"
same "and nothing else is said" 1 "$(messages $A)"
rm -f /etc/aliases $A $B $S/accept

# A crowd of failures: so many reports, and one list.
stop_agent
{
	settings
	echo 'hold yes'
} | config
for ((n = 1; n <= 50; n++)); do
	printf 'Subject: number %s\n\nx\n' $n | submit alice no@remote.example 2>/dev/null
done
settings | config
check "fifty that fail: a pass" timeout 60 deliver -q
same "twenty reports and a list" 21 "$(messages $A)"
check "the list says how many more" grep -q '^Subject: Undelivered: 30 more messages$' $A
same "each is told once, in a report or in the list" 50 \
    "$(grep -E -o '^(Subject: Undelivered: |[0-9A-Z]{16}  )number [0-9]+' $A | grep -o '[0-9]*$' | sort -u | wc -l)"
same "the spool is empty" "" "$(find $SPOOL -type f)"
finish
