#!/bin/bash
# The control socket: what VRFY, EXPN and RCPT are to answer, as an ordinary
# user asks it; requests that are none; terminals that are looked at.
. "$(dirname "$0")/lib.sh"

control() { # REQUEST [TIMES]: as alice; so many at once
	as alice /usr/bin/python3 - "$@" <<'PY'
import socket, sys
many = []
for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1):
    s = socket.socket(socket.AF_UNIX)
    s.connect("/run/bellman/control")
    s.sendall(sys.argv[1].encode("utf-8", "surrogateescape") + b"\n")
    many.append(s)
for s in many:
    text = b""
    try:
        while piece := s.recv(4096):
            text += piece
    except ConnectionResetError:
        pass
    sys.stdout.write(text.decode("utf-8", "replace"))
PY
}
row() { # REQUEST ANSWER...: its lines
	local request=$1
	shift
	same "$request" "$(printf '%s\n' ok "$@")" "$(control "$request")"
}
refused() { # WHAT REQUEST
	same "$1" error "$(control "$2" | cut -d' ' -f1)"
}

useradd -K MAIL_DIR=/nonexistent -u 1005 -U -c 'Dora Smith,room 3' dora
useradd -K MAIL_DIR=/nonexistent -u 1006 -U -c 'Erwin Smith' erwin
useradd -K MAIL_DIR=/nonexistent -u 1007 -U -c 'F. & (Ed) Jones' fred
useradd -K MAIL_DIR=/nonexistent -u 1008 -U -c 'Gülçin Ö' gul
useradd -K MAIL_DIR=/nonexistent -u 1009 -U -c 'ÖÖÖÖÖÖÖÖÖÖÖÖÖÖÖÖÖ' oe
relay 2525 >$CONF
echo 'terminal-rate 0 0' >>$CONF
cat >/etc/aliases <<'X'
Staff:  alice, dora, eve@far.example, "|/bin/true", /var/x
boss:   dora
a: b
b: a
command: "|/bin/true"
X
start_agent

row 'verify alice' '250 2.1.5 Alice Liddell <alice@mail.example>'
row 'verify <alice@mail.example>' '250 2.1.5 Alice Liddell <alice@mail.example>'
row 'verify Alice@LOCALHOST' '250 2.1.5 Alice Liddell <alice@mail.example>'
row 'verify dora' '250 2.1.5 Dora Smith <dora@mail.example>'
row 'verify erwin smith' '250 2.1.5 Erwin Smith <erwin@mail.example>'
row 'verify Jones' '250 2.1.5 "F. fred (Ed) Jones" <fred@mail.example>'
row 'verify Smith' '553 5.1.4 Ambiguous; the possibilities are' \
    '553 5.1.4 Dora Smith <dora@mail.example>' '553 5.1.4 Erwin Smith <erwin@mail.example>'
row 'verify gul' '250 2.1.5 =?UTF-8?B?R8O8bMOnaW4gw5Y=?= <gul@mail.example>'
row 'verify oe' '250 2.1.5 =?UTF-8?B?w5bDlsOWw5bDlsOWw5bDlsOWw5bDlsOWw5bDlsOWw5Y=?=  =?UTF-8?B?w5Y=?= <oe@mail.example>'
row 'verify eve@far.example' '251 2.1.5 User not local; will forward to <eve@far.example>'
row 'verify nobody-here' '550 5.1.1 <nobody-here>: there is no such user on this machine'
row 'verify Smi' '550 5.1.1 <Smi>: there is no such user on this machine'
row 'verify smith@mail.example' '550 5.1.1 <smith@mail.example>: there is no such user on this machine'
row 'verify a b@c' '553 5.1.3 <a b@c>: the address is malformed'
row 'expand alice' '250 2.1.5 Alice Liddell <alice@mail.example>'
row 'expand nobody-here' '550 5.1.1 <nobody-here>: there is no such user on this machine'
row 'expand eve@far.example' '252 2.0.0 Cannot expand <eve@far.example>: not local'

row 'verify staff' '250 2.1.5 <staff@mail.example>'
row 'verify BOSS@localhost' '250 2.1.5 <BOSS@localhost>'
row 'expand staff' '250 2.1.5 Alice Liddell <alice@mail.example>' '250 2.1.5 Dora Smith <dora@mail.example>' \
    '250 2.1.5 <eve@far.example>' '250 2.1.5 <staff@mail.example>'
row 'expand boss' '250 2.1.5 Dora Smith <dora@mail.example>'
row 'expand a' '550 5.4.6 <a>: its aliases go round in a circle: a -> b -> a'
row 'rcpt MAIL staff' '250 2.1.5 OK'
row 'rcpt MAIL a' '550 5.4.6 <a>: its aliases go round in a circle: a -> b -> a'
refused "who is not root rebuilds nothing" 'newaliases'

row 'rcpt MAIL alice' '250 2.1.5 OK'
row 'rcpt SEND alice' '450 4.2.1 User not active now'
row 'rcpt SOML alice' '250 2.1.5 User not active now, so will do mail.'
row 'rcpt SAML alice' '250 2.1.5 User not active now, will mail'
row 'rcpt SEND boss' '450 4.2.1 User not active now'
row 'rcpt SOML boss' '250 2.1.5 User not active now, so will do mail.'
row 'rcpt MAIL boss' '250 2.1.5 OK'
row 'rcpt SEND staff' '250 2.1.5 OK'
row 'rcpt SEND command' '550 5.3.3 it is no user, and has no terminal'
row 'rcpt SAML command' '250 2.1.5 OK'
for kind in MAIL SEND SOML SAML; do
	row "rcpt $kind nobody-here" '550 5.1.1 <nobody-here>: there is no such user on this machine'
	row "rcpt $kind a b@c" '553 5.1.3 <a b@c>: the address is malformed'
done
row 'rcpt MAIL eve@far.example' '250 2.1.5 OK'
row 'rcpt SEND eve@far.example' '550 5.3.3 <eve@far.example>: no terminal of another machine'
row 'rcpt SOML eve@far.example' '250 2.1.5 remote, will do mail'
row 'rcpt BEEP alice' '501 5.5.4 no such kind of message'

refused "an unknown request" 'dance'
refused "verify what?" 'verify'
refused "list of something" 'list all'
refused "a control octet" "$(printf 'verify a\001b')"
refused "an escape" "$(printf 'rcpt SEND \033[2Jalice')"
refused "a request over 1100 octets" "verify $(head -c 1200 /dev/zero | tr '\0' x)"
same "one of just 1100 is read" 'ok' "$(control "verify $(head -c 1090 /dev/zero | tr '\0' x)" | head -n 1)"
same "a name that is no address, in any octets" 'ok' "$(control "$(printf 'verify \377\376"<')" | head -n 1)"
row 'follow ../../etc/passwd' 'that is no queue id'

# looked at, and nothing written
rm -f /tmp/keys
mkfifo /tmp/keys
"$O/tests/ptyuser" alice /tmp/screen </tmp/keys >/tmp/session 2>&1 &
session=$!
exec 7>/tmp/keys
check "alice logs in" await -t 35 text /tmp/session ready
await text /tmp/screen '$' # her shell's prompt
: >/tmp/screen
row 'rcpt SEND alice' '250 2.1.5 user is active, will send'
row 'rcpt SOML alice' '250 2.1.5 user is active, will send'
row 'rcpt SAML alice' '250 2.1.5 will send and mail'
row 'rcpt MAIL alice' '250 2.1.5 OK'
same "eight ask at once" "8" "$(control 'rcpt SEND alice' 8 | grep -c 'will send')"
check "-bv says so too" sh -c "setpriv --reuid=bob --regid=bob --clear-groups /usr/sbin/sendmail -bv alice | grep -q 'takes messages'"
same "nothing was written to her" "" "$(cat /tmp/screen)"
exec 7>&-
wait $session
rm -f /tmp/keys
mkfifo /tmp/keys
"$O/tests/ptyuser" -n alice /tmp/screen </tmp/keys >/tmp/session 2>&1 &
session=$!
exec 7>/tmp/keys
check "alice logs in, mesg n" await -t 35 text /tmp/session ready
row 'rcpt SEND alice' '450 4.2.1 User not accepting terminal messages now'
row 'rcpt SOML alice' '250 2.1.5 User not accepting terminal messages now, so will do mail'
row 'rcpt SAML alice' '250 2.1.5 User not accepting terminal messages now, will mail'
exec 7>&-
wait $session

# At most 16 processes look at once: three users ask about 24 others while the
# parent, stopped, starts none.
crowd() { # KIND
	kill -STOP "$AGENT"
	/usr/bin/python3 - "$1" <<'PY'
import os, pwd, socket, sys
many = []
for n, user in enumerate(pwd.getpwall()[:24]):
    os.seteuid((1001, 1002, 1005)[n % 3])
    s = socket.socket(socket.AF_UNIX)
    s.connect("/run/bellman/control")
    s.sendall(f"rcpt {sys.argv[1]} {user.pw_name}\n".encode())
    many.append(s)
    os.seteuid(0)
for s in many:
    text = b""
    while piece := s.recv(4096):
        text += piece
    sys.stdout.write(text.decode())
PY
	kill -CONT "$AGENT"
}
same "24 at once, SEND: 8 are told to come again" 8 "$(crowd SEND | grep -c '^450 4.3.2 ')"
same "SOML: the delivery will see" 24 "$(crowd SOML | grep -c -x '250 2.1.5 OK')"
row 'rcpt SEND bob' '450 4.2.1 User not active now'
stop_agent

echo 'terminal off' >$CONF
start_agent
row 'rcpt SEND alice' '550 5.3.3 messages to terminals are switched off'
row 'rcpt SAML alice' '250 2.1.5 terminals are switched off, will do mail'
row 'verify eve@far.example' '251 2.1.5 User not local; will forward to <eve@far.example>'
row 'rcpt MAIL eve@far.example' '250 2.1.5 OK'
row 'rcpt SEND eve@far.example' '550 5.3.3 <eve@far.example>: no terminal of another machine'
finish
