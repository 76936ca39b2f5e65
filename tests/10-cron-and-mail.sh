#!/bin/bash
# The two callers that matter most, as Debian ships them: cron and mail(1).
. "$(dirname "$0")/lib.sh"

start_agent
if [ -x /usr/sbin/cron ]; then
	# cron looks once a minute: begin now, look last
	mkdir -p /var/spool/cron/crontabs
	printf '* * * * * echo cron says hi; echo .; echo after the dot\n' >/var/spool/cron/crontabs/root
	printf 'MAILTO=alice\n* * * * * echo from the job of bob\n' >/var/spool/cron/crontabs/bob
	chown root:crontab /var/spool/cron/crontabs/* 2>/dev/null
	chown bob /var/spool/cron/crontabs/bob
	chmod 600 /var/spool/cron/crontabs/*
	/usr/sbin/cron -f >/tmp/cron.out 2>&1 &
	cron=$!
fi

if [ -x /usr/bin/mail ]; then
	same "mail -s is silent" "" "$(echo hi | mail -s test root 2>&1)"
	check "it comes to /var/mail/root" await mbox /var/mail/root 1
	check "with its subject" grep -q -x 'Subject: test' /var/mail/root
	check "and its text" grep -q -x hi /var/mail/root
	check "it says who it is from" grep -q -E '^From: .*root@mail\.example' /var/mail/root
	check "it begins with a From line" sh -c 'head -1 /var/mail/root | grep -q "^From root@mail.example "'
	same "root's mailbox" "root mail 660" "$(stat -c '%U %G %a' /var/mail/root)"
	check "alice's mail comes to bob" sh -c "echo to bob | setpriv --reuid=alice --regid=alice --init-groups --reset-env mail -s hello bob && '$O/tests/await' mbox /var/mail/bob 1"
	check "mail(1) reads it" sh -c "setpriv --reuid=bob --regid=bob --init-groups --reset-env sh -c 'printf \"h\\nx\\n\" | mail' | grep -q hello"
	check "a Bcc through mail -b" sh -c "echo x | mail -s both -b alice bob && '$O/tests/await' mbox /var/mail/alice 1 && ! grep -qi '^bcc' /var/mail/alice"
else
	skip "mail(1): bsd-mailx could not be fetched"
fi

if [ -x /usr/sbin/cron ]; then
	check "cron's mail comes to root within a minute" await -t 75 text /var/mail/root 'cron says hi'
	check "what follows a dot as well" grep -q -x 'after the dot' /var/mail/root
	check "from the cron daemon" grep -q -E '^From: .*Cron ?Daemon' /var/mail/root
	check "its subject says which job" grep -q -E '^Subject: Cron <root@mail' /var/mail/root
	check "MAILTO of bob's job comes to alice" await -t 10 text /var/mail/alice 'from the job of bob'
	kill $cron
else
	skip "cron: it could not be fetched"
fi
check "nothing stays in the spool" drained
finish
