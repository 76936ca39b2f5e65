#!/bin/bash
# deliver --check walks the way to each relay, says each step, and what to do
# where it ends; with and without an agent.
. "$(dirname "$0")/lib.sh"

C=/tmp/certs
S=/tmp/smtpd
SECRETS=/etc/bellman/secrets
WORD=Tr0ub4dor-and-3
SMTPD=
"$TREE/tests/certs.sh" $C
cp $C/ca.pem /usr/share/test-ca.pem
ln -sf /usr/share/test-ca.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in $C/ca.pem).0"
(umask 077; echo $WORD >/tmp/word)

server() { # CERT WORDS...: the relay, anew
	local cert=$1
	shift
	[ -z "$SMTPD" ] || stop_smtpd
	rm -rf $S
	smtpd 465 $S "cert=$C/$cert.pem,$C/$cert.key" wrapped user=jdoe,/tmp/word "$@"
}
secret() { # WORD
	printf 'relay.example jdoe %s\n' "$1" >$SECRETS
	chown root:bellman-net $SECRETS
	chmod 640 $SECRETS
}
settings() { # HOST [PORT]
	printf 'relay main {\n\thost %s %s\n}\nsender root@* <alerts@relay.example>\n' "$1" "${2:-465}" | config
}
quiet() { refute "no password is shown" grep -q -e $WORD -e "$(printf '\0jdoe\0%s' $WORD | base64)" "$OUT"; }

settings relay.example
secret $WORD
server right sender=alerts@relay.example
# Before any agent was there, and beside one.
walks() {
	exits "all is well: $1" 0 deliver --check
	said "the settings" 'goes to the relay main'
	said "the name" 'The host relay.example has the address 127.0.0.1'
	said "the connection" 'Connected to 127.0.0.1:465'
	said "TLS" 'encrypted by TLSv1.3, '
	said "whose certificate, by whom" 'is for relay.example, signed by Test authority ca'
	said "until when" '2049-12-31'
	said "how it was verified"  "verified by"
	said "the password" 'answered to EHLO .*the password is right \(PLAIN\)'
	said "the sender, rewritten" 'The sender <alerts@relay.example> is accepted: 250'
	quiet
	refute "nobody was named to the relay" grep -q -e RCPT -e DATA $S/log
}
walks "no agent"
deliver --check >/tmp/lines
on_terminal 80 deliver --check >/tmp/narrow
check "a sentence is one line" grep -q -E '^.{90}' /tmp/lines
refute "on a terminal none is wider than it" grep -E '^.{81}' /tmp/narrow
check "and no word is cut" cmp <(tr -s ' \n' '\n' </tmp/lines) <(tr -s ' \n' '\n' </tmp/narrow)
start_agent
walks "an agent runs"
check "it runs on" kill -0 "$AGENT"
echo 'Subject: x' | sendmail ops@remote.example
check "and delivers" drained

ways() { # WHAT STATUS SENTENCE REMEDY: each with and without an agent
	stop_agent
	exits "$1" "$2" deliver --check
	said "it says so" "$3"
	said "and what to do" "$4"
	quiet
	start_agent
	exits "$1, beside an agent" "$2" deliver --check
	said "it says the same" "$3"
	refute "no mail was named" grep -q -s -e RCPT $S/log
}
server right sender=somebody@relay.example
ways "a sender that is refused" 69 'The sender <alerts@relay.example> is not accepted: 553 5.7.1' '"sender"'
server right
secret wrong-$WORD
ways "a wrong password" 77 'AUTH (PLAIN|LOGIN) is refused: 535' $SECRETS
rm $SECRETS
printf 'relay main {\n\thost relay.example 465\n\tuser jdoe\n}\n' | config
ways "no password" 77 "there is no password for it in $SECRETS" $SECRETS
secret $WORD
settings relay.example
server expired
ways "an expired certificate" 75 'the certificate expired on 2001-01-01' 'mend its certificate'
server wrong
ways "another's certificate" 75 'the certificate is for other.example, not relay.example' 'mend its certificate'
stop_smtpd
SMTPD=
rm -rf $S
ways "nobody listens" 75 '127.0.0.1:465: cannot connect: Connection refused' 'Is the port right'
settings nowhere.example
ways "no resolver" 75 'nowhere.example: ' 'resolver that answers'
cat >/tmp/named.py <<'N'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
open("/tmp/named.ready", "w").close()
while True:  # whatever is asked: there is no such name
    asked, who = s.recvfrom(4096)
    end = asked.index(b"\0", 12) + 5
    s.sendto(asked[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + asked[12:end], who)
N
/usr/bin/python3 /tmp/named.py &
named=$!
await exists /tmp/named.ready
rm -f /etc/resolv.conf
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
ways "a name that is not there" 75 'nowhere.example: there is no host of that name' 'Is the name of the host right'
kill $named
settings relay.example
deliver --check-settings >/tmp/settings
refute "no walk" grep -q 'The way to' /tmp/settings
exits "settings only" 0 deliver --check-settings
said "root's mail has its mailbox" 'root to root goes to the mailbox of root [(]`sendmail'
echo 'root: ops@remote.example' >/etc/aliases
exits "an alias of root's" 0 deliver --check-settings
said "has it leave" 'root to root goes, by /etc/aliases, to <ops@remote.example> [(]by the relay main, as from <alerts@'
chmod 600 /etc/aliases
exits "aliases that only root may read" 0 as alice /usr/sbin/deliver --check
said "it says that it does not know" 'root to root goes where /etc/aliases says, which cannot be read: Permission denied'
rm /etc/aliases
exits "not root: settings only" 0 as alice /usr/sbin/deliver --check
said "it says so" 'walked when root asks'
: >$CONF
exits "no relay" 0 deliver --check
said "it says so" 'There is no relay to be asked'
said "and what may be asked" 'deliver --check RECIPIENT'
echo 'relay none' >$CONF
exits "relay none" 0 deliver --check
said "it says what becomes of such mail" 'goes back to its sender \("relay none"\)'
: >$CONF
exits "not root: no walk" 0 as alice /usr/sbin/deliver --check bob@remote.example
said "it says so" 'walked when root asks'
exits "two recipients" 64 deliver --check a@remote.example b@remote.example
settings relay.example
secret $WORD
server right sender=alerts@relay.example
exits "a recipient: the way of his mail only" 0 deliver --check bob@remote.example
said "by the relay" 'The way to the relay main'
refute "and no settings" grep -q 'calls itself' "$OUT"
exits "one of this machine" 0 deliver --check bob@mail.example
said "stays here" 'mail.example is local'
stop_smtpd
echo 'relay main {' >$CONF
exits "settings that are wrong" 78 deliver --check
: >$CONF
finish
