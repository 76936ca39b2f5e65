#!/bin/bash
# SEND, SOML and SAML (RFC 821 3.4) to users who are really logged in.
. "$(dirname "$0")/lib.sh"

SCREEN=/tmp/screen
useradd -K MAIL_DIR=/nonexistent -m -u 1003 -U -s /bin/bash carol 2>/dev/null
useradd -K MAIL_DIR=/nonexistent -m -u 1004 -U -s /bin/bash dora 2>/dev/null

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
say() { # KIND WORDS [TO [FROM]]: by default as bob, to alice
	printf 'Subject: %s\n\n%s\n' "$1" "$2" | submit "${4:-bob}" -O Terminal="$1" "${3:-alice}"
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

# A SEND is tried for a minute before it comes back: three users at once, each
# out of reach in another way, and a sender each.
rm -f /var/mail/*
check "carol logs in, mesg n" log_in -n carol
exec 8>&7
CAROL=$SESSION
SCREEN=/tmp/screen-of-dora
check "dora logs in and types ^S" log_in -s dora
for to in alice carol dora; do
	case $to in
	alice) what='not logged in' from=bob ;;
	carol) what='mesg n' from=alice ;;
	dora) what='^S' from=carol ;;
	esac
	say send "send to $to" $to $from
	say soml "soml to $to" $to root
	say saml "saml to $to" $to root
	check "$what: SOML is stored" await text /var/mail/$to "soml to $to"
	check "$what: SAML is stored" await text /var/mail/$to "saml to $to"
done
printf 'Subject: others\n\nnot held\n' | submit alice bob
check "nobody else waits for them" await -t 10 text /var/mail/bob 'not held'
check "not logged in: SEND comes back" await -t 100 text /var/mail/bob 'send to alice'
check "mesg n: SEND comes back" await -t 100 text /var/mail/alice 'send to carol'
check "^S: SEND comes back" await -t 100 text /var/mail/carol 'send to dora'
check "settled" settled
for to in alice carol dora; do
	refute "SEND to $to is not in the mailbox" grep -q "^send to $to" /var/mail/$to
done
same "mesg n: nothing was shown" "" "$(grep 'to carol' /tmp/screen)"
log_out
exec 8>&-
wait "$CAROL"
finish
