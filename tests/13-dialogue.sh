#!/bin/bash
# sendmail -bs: the dialogue by a user, through pipes and sockets, into a
# mailbox; what is left of one that breaks off; who holds the group.
. "$(dirname "$0")/lib.sh"

start_agent
talk() { as "$1" /usr/sbin/sendmail -bs; } # USER <dialogue

# A lecture's dialogue, typed as it is printed, with line ends of a terminal.
talk alice >"$OUT" <<-'X'
	HELLO mail.example
	MAIL FROM: alice@mail.example
	RCPT TO: bob@mail.example
	DATA
	Subject: lecture

	Здравствуй, Боб!
	..a dot in front
	.
	QUIT
X
same "a lecture's dialogue" "220 250 250 250 354 250 221" "$(cut -c1-3 "$OUT" | tr '\n' ' ' | sed 's/ $//')"
same "its replies end in CRLF" 7 "$(grep -c $'\r$' "$OUT")"
check "it comes to the mailbox" await mbox /var/mail/bob 1
check "with its Cyrillic text unharmed" grep -q -x 'Здравствуй, Боб!' /var/mail/bob
check "and its dot" grep -q -x '\.a dot in front' /var/mail/bob
check "Received names the user and his uid" grep -q -E '^Received: from alice \(uid 1001\)' /var/mail/bob

printf 'EHLO x\r\nMAIL FROM:<alice@mail.example> SIZE=3\r\nRCPT TO:<bob@mail.example>\r\nBDAT 10\r\nSubject: cBDAT 12 LAST\r\nhunks\r\n\r\n.\r\nQUIT\r\n' |
	talk alice >"$OUT"
said "EHLO, pipelining, chunks" '^250 2\.0\.0 OK, queued as [0-9A-Z]{16}'
check "they come to the mailbox" await mbox /var/mail/bob 2
check "joined" grep -q -x 'Subject: chunks' /var/mail/bob
printf 'HELO x\nRCPT TO:<bob>\nMAIL FROM:<a@b\nTURN\nFOO\nQUIT\n' | talk alice >"$OUT"
same "what is wrong is said" "220 250 503 501 502 500 221" "$(cut -c1-3 "$OUT" | tr '\n' ' ' | sed 's/ $//')"
printf 'EHLO x\nVRFY bob\nVRFY nosuchuser\nMAIL FROM:<alice>\nRCPT TO:<nosuchuser>\nSEND\nRSET\nSEND FROM:<alice>\nRCPT TO:<bob>\nQUIT\n' | talk alice >"$OUT"
said "VRFY knows bob" '^250 2\.[0-9.]+ .*<bob@mail\.example>'
said "VRFY does not know nosuchuser" '^550 5\.1\.1 '
same "RCPT of nobody: 550" 2 "$(grep -c '^550 5\.1\.1 ' "$OUT")"
said "SEND to one who is not logged in" '^450 4\.2\.1 User not active now'
printf 'EHLO x\nETRN mail.example\nQUIT\n' | talk alice >"$OUT"
said "ETRN starts a run" '^250 2\.0\.0 Queuing for node mail\.example started'

# python's own client: over a socket pair, as inetd would for a local socket
cat >/tmp/client.py <<'X'
import sys
from bs_client import Client, child
c = Client()
assert c.connect("localhost", 25)[0] == 220
for n in range(3):
    assert c.sendmail("alice@mail.example", ["bob@mail.example"],
        "Subject: smtplib %d\r\n\r\n.\r\nlone lf\n.\nend\r\n" % n) == {}
assert c.has_extn("chunking") and c.has_extn("size")
big = "Subject: big\r\n\r\n" + "".join("%079d\r\n" % n for n in range(12000))
assert c.sendmail("alice@mail.example", ["bob@mail.example"], big) == {}
c.quit()
sys.exit(child.wait())
X
check "python's smtplib over a socket pair" as alice env PYTHONPATH="$TREE/tests" python3 /tmp/client.py
check "four in one session" await mbox /var/mail/bob 6
same "each with its subject" 3 "$(grep -c -E '^Subject: smtplib [012]$' /var/mail/bob)"

check "a long one is whole" sh -c 'test "$(grep -c -E "^0{70}[0-9]{9}$" /var/mail/bob)" = 12000'

# over a network: inetd's way
cat >/tmp/net.py <<'X'
import smtplib, socket, subprocess
l = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(l.getsockname())
s, _ = l.accept()
child = subprocess.Popen(["/usr/sbin/sendmail", "-bs"], stdin=s, stdout=s)
s.close()
class Client(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        return c
m = Client()
m.connect("localhost", 25)
m.ehlo("stranger.example")
for word in ("send", "soml", "saml", "expn", "etrn"):
    assert not m.has_extn(word), word
assert m.docmd("SEND FROM:<a@b.example>")[0] == 502
assert m.docmd("EXPN root")[0] == 502
assert m.docmd("VRFY root")[0] == 252
assert m.docmd("ETRN x")[0] == 458
assert m.mail("a@far.example")[0] == 250
code, text = m.rcpt("b@far.example")
assert code == 550 and text.startswith(b"5.7.1"), text
assert m.rcpt("|id")[0] == 550
assert m.rcpt("bob@mail.example")[0] == 250
assert m.data("Subject: from afar\r\n\r\nhi\r\n")[0] == 250
m.quit()
X
check "a stranger on a network gets within limits" as alice python3 /tmp/net.py
check "his mail for a user here comes" await mbox /var/mail/bob 7
check "Received names him" grep -q -F 'Received: from stranger.example ([127.0.0.1])' /var/mail/bob
check "and how he came" grep -q -F '(Bellman) with ESMTP id' /var/mail/bob

check "nothing stays in the spool" drained

# One of relay-clients has his mail relayed, and no more than that.
for peer in 127.0.0.0/8 192.0.2.0/24; do
	printf 'relay-clients %s\nhold yes\n' $peer | config
	sed -e '/assert code == 550/,$d' -e 's/m.rcpt("b@far.example")/m.rcpt("b@far.example")\nprint(code)/' /tmp/net.py >/tmp/client.py
	cat >>/tmp/client.py <<-'X'
		print(m.rcpt("|id@far.example")[0], m.rcpt("/etc/passwd@mail.example")[0])
		print(m.docmd("EXPN root")[0])
	X
	as alice python3 /tmp/client.py >/tmp/client.out
	want=250
	[ $peer = 127.0.0.0/8 ] || want=550
	same "relay-clients $peer" "$want 550 550 502" "$(xargs </tmp/client.out)"
done
: >"$CONF"

# typed at a terminal, whose keys end lines by CR
cat >/tmp/type.py <<'X'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv("/usr/sbin/sendmail", ["sendmail", "-bs"])
seen = b""
def until(what):
    global seen
    while what not in seen:
        seen += os.read(fd, 4096)
    seen = seen.split(what, 1)[1]
until(b"220 ")
for line, answer in (("HELLO me", b"\n250 "), ("MAIL FROM: alice", b"\n250 "),
    ("RCPT TO: bob", b"\n250 "), ("DATA", b"\n354 "),
    ("typed\r.", b"\n250 "), ("QUIT", b"\n221 ")):
    os.write(fd, line.encode() + b"\r")
    until(answer)
sys.exit(os.waitpid(pid, 0)[1])
X
check "typed at a terminal" timeout 20 setpriv --reuid=alice --regid=alice --init-groups --reset-env python3 /tmp/type.py
check "it comes" await text /var/mail/bob typed

# scenario 4 for one who is logged in: to his terminal, with Cyrillic letters
mkfifo /tmp/keys
"$O/tests/ptyuser" bob /tmp/screen </tmp/keys >/tmp/session 2>&1 &
session=$!
exec 8>/tmp/keys
check "bob logs in" await -t 35 text /tmp/session ready
boxes=$(messages /var/mail/bob)
printf 'HELO x\nSEND FROM:<alice>\nRCPT TO:<bob>\nDATA\nПривет, терминал!\n.\nQUIT\n' | talk alice >"$OUT"
same "SEND: RFC 821's texts" "250 OK|250 OK|354 Start mail input; end with <CRLF>.<CRLF>|250 OK|" \
	"$(sed -n '3,6p' "$OUT" | tr -d '\r' | tr '\n' '|')"
check "it is on his terminal, unharmed" await text /tmp/screen 'Привет, терминал!'
check "and gone from the spool" drained 70
same "no mailbox has it" "$boxes" "$(messages /var/mail/bob)"
exec 8>&-
wait $session
stop_agent

# to an SMTP server
smtpd 2525 /tmp/smtpd
relay 2525 | config
start_agent
printf 'HELLO x\nMAIL FROM: alice@mail.example\nRCPT TO: eve@remote.example\nDATA\nПривет, сервер!\n.\nQUIT\n' | talk alice >"$OUT"
check "a relay gets it" await exists /tmp/smtpd/1.msg
check "with its text unharmed" sh -c "grep -q -a 'Привет, сервер!' /tmp/smtpd/1.msg || sed '1,/^.\$/d' /tmp/smtpd/1.msg | grep -q -a -E '=D0=9F|0J/RgNC40LLQtdGC'"
check "nothing stays" drained
stop_agent
stop_smtpd
: >"$CONF"

# the group, and the middle of a message
mkfifo -m 666 /tmp/in
exec 7<>/tmp/in
# not by as(), so that $! is the dialogue itself
setpriv --reuid=alice --regid=alice --init-groups --reset-env \
	/usr/sbin/sendmail -bs </tmp/in >/tmp/said 2>/tmp/err 7>&- &
dialogue=$!
printf 'HELO x\nMAIL FROM:<alice>\nRCPT TO:<bob>\nDATA\nhalf\n' >&7
check "the dialogue waits for the rest" await -t 10 text /tmp/said '354 '
opener=$(pgrep -P "$dialogue")
gid=$(getent group bellman | cut -d: -f3)
refute "it has no group but the user's among the others" \
	grep -E -q "^Groups:.*\\b$gid\\b" "/proc/$dialogue/status"
if [ -z "${WATCHED:-}" ]; then
	same "the dialogue has no group but the user's" "1001 1001 1001 1001" \
		"$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "/proc/$dialogue/status")"
	same "its child has it" "1001 $gid $gid $gid" \
		"$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "/proc/$opener/status")"
	same "the child holds nothing but its socket" 1 "$(ls "/proc/$opener/fd" | wc -l)"
else
	skip "valgrind starts in the group, and has descriptors of its own"
fi
refute "the user cannot look into the child" as alice ls "/proc/$opener/fd"
kill -KILL "$dialogue"
{ wait "$dialogue"; } 2>/dev/null
check "the child goes with it" await -t 10 dead "$opener"
same "an empty file is left" "1 0" "$(ls $SPOOL/drop | wc -l) $(cat $SPOOL/drop/* | wc -c)"
exec 7>&-
boxes=$(messages /var/mail/bob)
start_agent
check "which the agent removes" drained
same "nothing was delivered" "$boxes" "$(messages /var/mail/bob)"

printf 'HELO x\nMAIL FROM:<alice>\nRCPT TO:<bob>\nDATA\nhalf\n' | exits "the input ends in the middle: 74" 74 talk alice
check "nothing stays of it" drained
same "nothing is delivered of it" "$boxes" "$(messages /var/mail/bob)"
{ for _ in $(seq 30); do echo NONSENSE; done; } | talk alice >"$OUT"
same "twenty wrong commands end it" "19 1" "$(grep -c ^500 "$OUT") $(grep -c ^421 "$OUT")"
stop_agent
printf 'EHLO x\nVRFY bob\nMAIL FROM:<alice>\nRCPT TO:<nosuchuser>\nRSET\nQUIT\n' | talk alice >"$OUT"
same "without an agent: 252 and 250" 2 "$(grep -c -E '^(252 2\.5\.2|250 2\.1\.5) ' "$OUT")"
finish
