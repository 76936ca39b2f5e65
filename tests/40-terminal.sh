#!/bin/bash
# SEND, SOML and SAML (RFC 821 3.4) to users who are really logged in.
. "$(dirname "$0")/lib.sh"

SCREEN=/tmp/screen

log_in() { # [-n|-s] USER: TTY names the terminal, SCREEN gets what it shows
	rm -f /tmp/keys /tmp/session
	mkfifo /tmp/keys
	"$O/tests/ptyuser" "$@" $SCREEN </tmp/keys >/tmp/session 2>&1 &
	SESSION=$!
	exec 7>/tmp/keys
	await -t 35 text /tmp/session ready || cat /tmp/session
	TTY=$(cut -d' ' -f1 /tmp/session)
	: >$SCREEN
}
log_out() {
	exec 7>&-
	wait "$SESSION"
	rm -f /tmp/keys
}
say() { # KIND WORDS: as bob, to alice
	printf 'Subject: %s\n\n%s\n' "$1" "$2" | submit bob -O Terminal="$1" alice
}
settled() { drained 70; }

start_agent
check "alice logs in on a pty" log_in alice
same "who(1) sees her" alice "$(who | awk -v t="$TTY" '$2 == t { print $1 }')"

say saml 'both ways'
check "SAML: it is shown" await text $SCREEN 'both ways'
check "SAML: and stored" await mbox /var/mail/alice 1
check "SAML: the banner says who, as the kernel knows it" grep -q 'from bob (uid 1002)' $SCREEN
check "SAML: every line of text stands behind a gutter" sh -c "grep 'both ways' $SCREEN | grep -q '^| '"
check "SAML: settled" settled

say send 'only the screen'
check "SEND: it is shown" await text $SCREEN 'only the screen'
check "SEND: settled" settled
refute "SEND: not stored" grep -q 'only the screen' /var/mail/alice

say soml 'screen or mailbox'
check "SOML: it is shown" await text $SCREEN 'screen or mailbox'
check "SOML: settled" settled
refute "SOML: not stored" grep -q 'screen or mailbox' /var/mail/alice

printf 'Subject: \033]0;evil\007 title\n\nred \033[31m\033[2J text \302\233 c1\n\nend of it\n' |
	submit bob -O Terminal=send alice
check "escape sequences: shown" await text $SCREEN 'end of it'
refute "no escape reaches the terminal" grep -q -a -P '\x1b|\xc2\x9b|\x9b' $SCREEN

printf 'Subject: mail\n\nplain mail\n' | submit bob alice
check "plain mail is stored" await text /var/mail/alice 'plain mail'
check "settled" settled
refute "and not shown" grep -q 'plain mail' $SCREEN

seq 1 300 | sed 's/^/line /' >/tmp/long
submit bob -O Terminal=saml alice </tmp/long
check "SAML, too long for a screen: stored whole" await text /var/mail/alice 'line 300'
check "SAML, too long: an excerpt is shown" await text $SCREEN 'line 1'
check "settled" settled
refute "SAML, too long: not all of it" grep -q 'line 300' $SCREEN
log_out

rm -f /var/mail/alice
say soml 'nobody there'
check "not logged in: SOML is stored" await text /var/mail/alice 'nobody there'
say saml 'still nobody'
check "not logged in: SAML is stored" await text /var/mail/alice 'still nobody'
rm -f /var/mail/bob
say send 'no screen'
check "not logged in: SEND comes back" await -t 70 mbox /var/mail/bob 1
check "with its text" grep -q 'no screen' /var/mail/bob
check "settled" settled
refute "and is not in her mailbox" grep -q 'no screen' /var/mail/alice

rm -f /var/mail/alice /var/mail/bob
check "alice logs in, mesg n" log_in -n alice
say soml 'not disturbed'
check "mesg n: SOML is stored" await text /var/mail/alice 'not disturbed'
say saml 'not disturbed either'
check "mesg n: SAML is stored" await text /var/mail/alice 'not disturbed either'
say send 'refused'
check "mesg n: SEND comes back" await -t 70 mbox /var/mail/bob 1
check "settled" settled
refute "mesg n: nothing is shown" grep -q 'disturbed\|refused' $SCREEN
log_out

rm -f /var/mail/alice /var/mail/bob
check "alice logs in and types ^S" log_in -s alice
say soml 'held up'
check "^S: SOML is stored" await -t 70 text /var/mail/alice 'held up'
say saml 'held up too'
check "^S: SAML is stored" await text /var/mail/alice 'held up too'
printf 'Subject: others\n\nnot held\n' | submit alice bob
check "^S: nobody else waits" await -t 10 text /var/mail/bob 'not held'
say send 'cannot be shown'
check "^S: SEND comes back" await -t 100 mbox /var/mail/bob 2
check "settled" settled
log_out
finish
