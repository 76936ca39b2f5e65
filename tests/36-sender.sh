#!/bin/bash
# A relay that takes one sender: envelope and header say it, alike; what was
# there before is kept.
. "$(dirname "$0")/lib.sh"

S=/tmp/smtpd
smtpd 2525 $S
{
	relay 2525
	echo 'sender root@* "host alerts" <alerts@example.org>'
	echo 'sender *@mail.example <someone@example.org>'
	echo 'retry 1s 1s 1h'
} | config
start_agent
exits "sendmail -bv: mail for another machine" 0 /usr/sbin/sendmail -bv admin@remote.example
said "says whom that will see" '^    other machines see: alerts@example.org$'
header() { sed '1,/^$/d; /^\r*$/q' "$1" | tr -d '\r'; }

# As cron does it.
printf '%s\n' 'From: root (Cron Daemon)' 'To: root' \
    'Subject: Cron <root@host> backup' '' 'From: root' 'no space' |
	/usr/sbin/sendmail -FCronDaemon -i -B8BITMIME -oem admin@remote.example
check "root's cron mail arrives at the relay" await exists $S/1.msg
check "its envelope" grep -q -x 'MAIL FROM:<alerts@example.org>' $S/1.msg
header $S/1.msg >/tmp/header
check "its From" grep -q -x 'From: host alerts <alerts@example.org>' /tmp/header
check "the old one is kept" grep -q -E '^X-Original-From: root@mail.example .*Cron ?Daemon' /tmp/header
same "there is one From" 1 "$(grep -c -i '^from:' /tmp/header)"
check "the text is as it was" grep -q -a -P '^From: root\r$' $S/1.msg
check "SIZE counts what is sent" sh -c '
	want=$(sed -n "s/^MAIL .*SIZE=\([0-9]*\).*/\1/p" $0/log | head -n 1)
	got=$(sed "1,/^\$/d" $0/1.msg | tr -d "\r" | wc -c)
	echo "$want $got"
	test "$want" -ge $((got - 1)) -a "$want" -le $((got + 1))' $S
check "the spool is empty" drained

printf 'Subject: s\nFrom: "Liddell, A." <alice@mail.example>\nReply-To: alice@mail.example\n\nx\n' |
	submit alice bob@remote.example
check "another user's arrives" await exists $S/2.msg
check "its envelope" grep -q -x 'MAIL FROM:<someone@example.org>' $S/2.msg
header $S/2.msg >/tmp/header
check "without a phrase in the line her name stays" \
    grep -q -x 'From: "Liddell, A." <someone@example.org>' /tmp/header
check "Reply-To stays" grep -q -x 'Reply-To: alice@mail.example' /tmp/header

printf 'Subject: s\nFrom: alice@elsewhere.example\n\nx\n' |
	submit alice -f alice@elsewhere.example bob@remote.example
check "an address that no line names arrives" await exists $S/3.msg
check "as it is" grep -q -x 'MAIL FROM:<alice@elsewhere.example>' $S/3.msg
refute "with no trace" grep -q -i x-original $S/3.msg

printf 'Subject: s\n\nx\n' | submit alice -f '<>' bob@remote.example
check "a null sender arrives" await exists $S/4.msg
check "and stays null" grep -q -x 'MAIL FROM:<<>>' $S/4.msg

# A bounce that leaves: from MAILER-DAEMON@mail.example.
printf 'Subject: s\n\nx\n' | submit alice -f bob@remote.example no@remote.example
check "a bounce arrives" await exists $S/5.msg
check "from the null sender" grep -q -x 'MAIL FROM:<<>>' $S/5.msg
header $S/5.msg >/tmp/header
check "its From alike" grep -q -x 'From: Mail Delivery System <someone@example.org>' /tmp/header

printf 'Subject: here\nFrom: root\n\nx\n' | /usr/sbin/sendmail bob
check "local mail arrives" await mbox /var/mail/bob 1
check "with its own sender" grep -q -x 'Return-Path: <root@mail.example>' /var/mail/bob
check "and From" grep -q -x 'From: root@mail.example' /var/mail/bob
refute "and no trace" grep -q -i x-original /var/mail/bob

# Damaged on disk: what is checked is what was stored.
printf 'Subject: s\n\nthe text\n' | submit alice later@remote.example
check "one that waits" await text $S/log 'RCPT later@remote.example 451'
check "in the queue" await files $SPOOL/queue 1
f=$(echo $SPOOL/queue/*)
stop_agent
sed -i 's/^the text$/The text/' "$f"
: >$S/accept
start_agent
sendmail -q
check "damaged: it is not sent" await text $LOG quarantine
same "nothing came" 5 "$(ls $S/*.msg | wc -l)"

# Without such a line not an octet changes.
stop_agent
rm -rf $SPOOL/quarantine/*
relay 2525 | config
start_agent
printf 'From: root (Cron Daemon)\nSubject: s\n\nx\n' | /usr/sbin/sendmail -i admin@remote.example
check "no line: it arrives" await exists $S/6.msg
check "from root" grep -q -x 'MAIL FROM:<root@mail.example>' $S/6.msg
refute "no trace" grep -q -i x-original $S/6.msg

# A line for all of them.
echo 'sender * <all@example.org>' >>$CONF
exits "sendmail -bv -f" 0 /usr/sbin/sendmail -bv -f x@y.example admin@remote.example
said "the sender is any" '^    other machines see: all@example.org$'
/usr/sbin/sendmail -bv -f '<>' admin@remote.example >/tmp/null
refute "but the null sender stays" grep 'other machines' /tmp/null

# A machine that has its name in parts, as most have.
named() { # KERNEL MAILNAME N: a message, the N-th that the relay gets
	hostname "$1"
	echo "$2" >/etc/mailname
	stop_agent
	relay 2525 | config
	start_agent
	printf 'Subject: s\n\nx\n' | /usr/sbin/sendmail -i admin@remote.example
	check "$1 of $2: it arrives" await exists "$S/$3.msg"
	header "$S/$3.msg" >/tmp/header
}
greeted() { deliver --check | sed -n 's/.*answered to EHLO \([^,;]*\).*/\1/p'; }
named srv1 srv1.example.org 7
same "a short name that begins the mail domain: it greets with that" srv1.example.org "$(greeted)"
check "its Message-ID" grep -q -E '^Message-ID: <[0-9A-Z]+@srv1\.example\.org>$' /tmp/header
check "its Received" grep -q '^	by srv1[.]example[.]org (Bellman)' /tmp/header
echo x | /usr/sbin/sendmail -i bob@srv1
echo x | /usr/sbin/sendmail -i bob@srv1.example.org
check "both names are local" await count $LOG 2 'delivered to=<bob@'
named srv1 example.org 8
same "another mail domain: it greets with its address" '[127.0.0.1]' "$(greeted)"
check "its Message-ID is the machine's" grep -q -E '^Message-ID: <[0-9A-Z]+@srv1>$' /tmp/header
finish
