#!/bin/bash
# LMTP to Dovecot, over TCP and over its socket: each recipient has an answer of
# his own, and only those who failed are told of, or tried again.
. "$(dirname "$0")/lib.sh"
unpack dovecot || {
	skip "Dovecot: it could not be fetched"
	finish
}
for user in dovecot dovenull; do
	getent passwd $user >/dev/null || useradd -r -U -d /nonexistent -s /usr/sbin/nologin $user
done
BOX=/tmp/dovebox
mkdir -m 777 $BOX
cat >/etc/dovecot/users <<'X'
alice:{plain}x:1001:1001::/tmp/dovebox/alice::
bob:{plain}x:1002:1002::/tmp/dovebox/bob::
full:{plain}x:1002:1002::/tmp/dovebox/full::userdb_quota_rule=*:bytes=200
X
cat >/etc/dovecot/dovecot.conf <<X
protocols = lmtp
log_path = /var/log/dovecot.log
ssl = no
auth_username_format = %n
mail_location = maildir:$BOX/%n
mail_plugins = quota
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
plugin {
  quota = maildir:User quota
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = 2400
  }
}
X
dovecot_start() {
	/usr/sbin/dovecot -F >/tmp/dovecot.out 2>&1 &
	DOVECOT=$!
	await -t 20 port 2400 || cat /tmp/dovecot.out /var/log/dovecot.log
}
dovecot_stop() {
	kill $DOVECOT
	wait $DOVECOT 2>/dev/null
}
dovecot_start

lmtp() { # HOST LINE OF A RELAY
	printf 'relay main {\n\tprotocol lmtp\n\thost %s\n\ttls never\n}\nretry 5m\n' "$1"
}

# The two roads, each with all that may become of a recipient.
round() { # NAME ALREADY: messages that alice and bob have by now
	start_agent
	head -c 3000 /dev/zero | tr '\0' 'x' | fold -w 70 >/tmp/text
	{
		printf 'Subject: %s\n\n.\n' "$1"
		cat /tmp/text
	} | submit alice -i alice@lmtp.example full@lmtp.example nobody@lmtp.example bob@lmtp.example
	check "$1: alice and bob have it" await -t 20 files $BOX/bob/new $(($2 + 1))
	check "$1: nobody and full are told of" await -t 20 mbox /var/mail/alice $(($2 + 1))
	check "$1: the spool is empty" drained
	same "$1: alice got it once" $(($2 + 1)) "$(find $BOX/alice/new -type f | wc -l)"
	same "$1: bob got it once" $(($2 + 1)) "$(find $BOX/bob/new -type f | wc -l)"
	same "$1: full got nothing" 0 "$(find $BOX/full/new -type f 2>/dev/null | wc -l)"
	stop_agent
}

lmtp '127.0.0.1 2400' | config
round TCP 0
check "the report says why full failed" grep -q -i 'quota' /var/mail/alice
check "with the status of Dovecot" grep -q -E '^Status: 5\.2\.2' /var/mail/alice
check "and that nobody is unknown" grep -q -E '^Status: 5\.1\.1' /var/mail/alice
refute "bob is not in it" grep -q 'Final-Recipient: rfc822; *bob@' /var/mail/alice
m=$(find $BOX/bob/new -type f | head -n 1)
check "the text is whole" sh -c "grep -q '^\\.\$' $m && test \$(grep -c '^xxx' $m) = $(grep -c . /tmp/text)"
check "and from whom" grep -q -x 'Return-Path: <alice@mail.example>' $m

lmtp /run/dovecot/lmtp | config
round socket 1

# Over quota is put off where Dovecot says so; only that one is tried again.
dovecot_stop
sed -i 's/^plugin {/quota_full_tempfail = yes\nplugin {\n  quota_exceeded_message = no room now/' /etc/dovecot/dovecot.conf
dovecot_start
lmtp /run/dovecot/lmtp | config
start_agent
printf 'Subject: later\n\n%s\n' "$(cat /tmp/text)" | submit alice full@lmtp.example bob@lmtp.example
check "bob has his" await -t 20 files $BOX/bob/new 3
check "full waits" await -t 20 text $LOG 'deferred to=<full@lmtp.example>'
check "with a word of why" sh -c "mailq | grep -q 'no room now'"
sed -i 's/bytes=200/bytes=200000/' /etc/dovecot/users
dovecot_stop
dovecot_start
sendmail -q
check "there is room again: it is delivered" drained
same "full has it" 1 "$(find $BOX/full/new -type f | wc -l)"
same "bob was not asked again" 3 "$(find $BOX/bob/new -type f | wc -l)"

# Dovecot is away: it waits, and nothing is doubled.
dovecot_stop
printf 'Subject: away\n\nx\n' | submit alice bob@lmtp.example
check "no server: it waits" await -t 20 text $LOG 'deferred to=<bob@lmtp.example>'
dovecot_start
sendmail -q
check "it is back" drained
same "and bob has it once" 4 "$(find $BOX/bob/new -type f | wc -l)"
stop_agent
dovecot_stop
finish
