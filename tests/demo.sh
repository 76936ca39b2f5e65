#!/bin/bash
# demo.sh - what `make demo` shows, in a private copy of this machine.
if [ -z "${PRIVATE_ROOT:-}" ]; then
	cd "$(dirname "$0")/.." || exit 1
	O=${O:-build}
	export O
	tests/root.sh tests/demo.sh
	rc=$?
	[ $rc = 77 ] && exit 1
	echo
	echo "What is left on this machine: the folder $O, and the packages named above"
	echo "as \"installing\", if any.  No user, mail, setting or process of the demo is."
	exit $rc
fi
. "$(dirname "$0")/lib.sh"
exec 2>&1

bold='' plain=''
[ ! -t 1 ] || bold=$'\033[1m' plain=$'\033[0m'
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { sed 's/^/    /'; }
broke() {
	echo "The demo broke here: $*"
	tail -n 20 $LOG | show
	exit 1
}

title "A private copy of this machine: mail.example, with the users alice and bob."
SMTP=/tmp/smtpd
smtpd 2525 $SMTP
relay 2525 >$CONF
start_agent || broke "the agent does not start"
ps -o user:12,args -C deliver | show

title "1. alice logs in on a terminal of her own."
mkfifo /tmp/keys
"$O/tests/ptyuser" alice /tmp/screen </tmp/keys >/tmp/session &
exec 7>/tmp/keys
await -t 35 text /tmp/session ready || broke "login"
who | show

title "2. bob writes to alice:  mail for a mailbox of this machine."
ls -l /usr/sbin/sendmail | show
echo 'bob$ sendmail alice' | show
printf 'Subject: lunch\n\nAt noon, under the bell?\n' | submit bob alice || broke "submission"
await mbox /var/mail/alice 1 || broke "delivery"
echo 'alice$ cat /var/mail/alice' | show
show </var/mail/alice

title "3. bob writes to others, with a Bcc:  by SMTP to the relay on port 2525."
printf 'To: carol@remote.example\nBcc: dave@remote.example\nSubject: the bell\n\nDo not tell that Dave reads this.\n' >/tmp/m
(echo 'bob$ sendmail -t'; cat /tmp/m) | show
submit bob -t </tmp/m || broke "submission"
await exists $SMTP/1.msg || broke "SMTP"
echo
echo 'what the server got: dave in the envelope, no Bcc in the message' | show
tr -d '\r' <$SMTP/1.msg | show

title "4. bob cries the news (SAML):  her terminal now, and her mailbox."
: >/tmp/screen
echo 'bob$ sendmail -O Terminal=saml alice' | show
printf 'Subject: fire drill\n\nLeave the building, please.\n' | submit bob -O Terminal=saml alice || broke "submission"
await text /tmp/screen 'Leave the building' || broke "the terminal"
await mbox /var/mail/alice 2 || broke "the mailbox"
echo "what alice's terminal shows" | show
tr -d '\r\a' </tmp/screen | show
echo "and the copy in her mailbox" | show
awk '/^From /{ n++ } n == 2' /var/mail/alice | grep -E '^(From |Subject|Leave)' | show

drained || broke "the spool"
title "The spool is empty, mailq says so:"
mailq | show
exec 7>&-
stop_agent
