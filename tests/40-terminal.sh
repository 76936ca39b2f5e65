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
check "settled" settled
refute "SAML, too long: not all of it is shown" grep -q 'line 300' $SCREEN

# The envelope says the kind for each recipient: alice is to see it, bob to have
# it as mail.  No caller writes such a file yet; this one is written here.
/usr/bin/python3 - <<'X'
import os, time
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
env = ("time %d.000000\nuid 0\nkind MAIL\nfrom <root@mail.example>\nbody 7BIT\n"
       "to <alice@mail.example> kind=SEND\nto <bob@mail.example>\n\n" % time.time()).encode()
body = b"Subject: two kinds\n\nto each in his way\n"
head = b"bellman 1 env %010d %08x body %016d %08x\n" % (
    len(env), crc32c(env), len(body), crc32c(body))
os.umask(0)
fd = os.open("/var/spool/bellman/drop/3B00000000000000", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)
os.fchown(fd, 0, os.stat("/var/spool/bellman/drop").st_gid)
os.write(fd, head + env + body)
os.close(fd)
X
check "a kind of her own: alice sees it" await text $SCREEN 'to each in his way'
check "and bob has it as mail" await text /var/mail/bob 'to each in his way'
check "settled" settled
refute "alice has it not as mail" grep -q 'to each in his way' /var/mail/alice
# The mail domain is another machine's: a bare name is a user here to tell, not to mail.
reload() { # N: the settings, for the N-th time
	kill -HUP "$(cat $PIDFILE)"
	await -t 30 count $LOG "$1" 'agent: reloaded'
}
echo 'local-domains localhost' | config
check "no domain but localhost" reload 1
echo 'at home' | exits "tell: a user here" 0 as bob tell alice
check "it is shown" await text $SCREEN 'at home'
exits "-bv of a bare name" 0 sendmail -bv alice
said "says where its mail goes" 'alice@mail.example is not on this machine'
printf '' | config
check "as it was" reload 2
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
