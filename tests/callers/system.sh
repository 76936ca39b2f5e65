# shellcheck shell=bash disable=SC2154 # read by 12-callers.sh
# What a machine says by itself.

if has /usr/sbin/atd at; then
	rm -f /var/mail/*
	mkdir -p /var/spool/cron/atjobs /var/spool/cron/atspool
	chown daemon:daemon /var/spool/cron/atjobs /var/spool/cron/atspool
	chmod 1770 /var/spool/cron/atjobs /var/spool/cron/atspool
	install -o daemon -g daemon -m 600 /dev/null /var/spool/cron/atjobs/.SEQ
	/usr/sbin/atd -f >/tmp/atd.out 2>&1 &
	atd=$!
	await exists /run/atd.pid || cat /tmp/atd.out
	NAME_OF="at"
	check "at: a job is taken" who alice sh -c 'echo "cat /tmp/text" | at now'
	job=$(sed -n 's/^job \([0-9]*\) at.*/\1/p' "$OUT")
	check "at: its output comes" await -t 20 mbox /var/mail/alice 1
	arrived alice "Output from your job $job" alice@mail.example "$ALICE" /tmp/text
	kill $atd
	wait $atd 2>/dev/null
fi

if has /usr/sbin/anacron anacron; then
	mkdir -p /home/alice/ana
	printf 'MAILTO=bob\n1 0 toll head -1 /tmp/text\n' >/home/alice/ana/tab
	chown -R alice:alice /home/alice/ana
	rm -f /var/mail/*
	NAME_OF=anacron
	check "anacron: runs a job" who alice /usr/sbin/anacron -d -f -n -s \
	    -t /home/alice/ana/tab -S /home/alice/ana
	check "anacron: its output comes" await -t 10 mbox /var/mail/bob 1
	# without -i: its text has no dot of its own here
	head -1 /tmp/text >/tmp/text1
	arrived bob "Anacron job 'toll' on mail.example" alice@mail.example \
	    'Anacron <alice@mail.example>' /tmp/text1
fi

if has /usr/bin/sudo sudo; then
	sudoers() {
		printf '%s\n' "Defaults mailto=\"bob\", $1" 'root ALL=(ALL) ALL' >/etc/sudoers
		chmod 440 /etc/sudoers
		rm -f /var/mail/*
	}
	# the mailer runs as alice: Debian's sudo gives no root to it
	sudoers '!authenticate, mailfrom="sudo@mail.example", mailsub="%h: привет"'
	NAME_OF='sudo by nobody it knows'
	exits "$NAME_OF: refused" 1 who alice sudo -n /bin/true
	check "$NAME_OF: it is told" await -t 10 mbox /var/mail/bob 1
	read_it bob
	part count 1
	part subject 'mail.example: привет'
	part sender alice@mail.example
	part from sudo@mail.example
	part faults ''
	check "$NAME_OF: text" grep -q -E 'alice .*NOT in sudoers.*/bin/true' $G/text
	check "$NAME_OF: Auto-Submitted stays" grep -q -x auto-submitted $G/fields

	sudoers mail_badpass
	NAME_OF='sudo -l without a password'
	exits "$NAME_OF: refused" 1 who alice sudo -n -l
	check "$NAME_OF: it is told" await -t 10 mbox /var/mail/bob 1
	read_it bob
	part count 1
	part subject '*** SECURITY information for mail.example ***'
	part sender alice@mail.example
	part from alice@mail.example
	part faults ''
	check "$NAME_OF: text" grep -q 'a password is required' $G/text
fi

if has /usr/sbin/logwatch logwatch; then
	mkdir -p /etc/logwatch/scripts/services /etc/logwatch/conf/services /var/cache/logwatch
	printf 'Title = "bell"\nLogFile = NONE\n' >/etc/logwatch/conf/services/bell.conf
	printf '#!/bin/sh\ncat /tmp/text\n' >/etc/logwatch/scripts/services/bell
	chmod 755 /etc/logwatch/scripts/services/bell
	rm -f /var/mail/*
	NAME_OF=logwatch
	exits "logwatch: exit 0" 0 env LC_ALL=C.UTF-8 /usr/sbin/logwatch --service bell \
	    --range all --output mail --mailto bob --format text
	same "logwatch: not a word" '' "$(cat "$OUT")"
	check "logwatch: it comes" await -t 10 mbox /var/mail/bob 1
	read_it bob
	part count 1
	part subject 'Logwatch for mail.example (Linux)'
	part sender root@mail.example
	part from root@mail.example
	part faults ''
	# it indents by a blank, so that no dot of a service stands alone
	sed 's/^/ /' /tmp/text >/tmp/wanted
	same "logwatch: text" "$(cat /tmp/wanted)" "$(grep -x -F -f /tmp/wanted $G/text)"
	check "logwatch: to its end" grep -q 'Logwatch End' $G/text
fi
