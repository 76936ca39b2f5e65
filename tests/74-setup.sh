#!/bin/bash
# deliver --setup: three questions, the relay found and tried, the files written,
# a message sent; by a script and on a terminal; and INSTALL's first message.
. "$(dirname "$0")/lib.sh"

C=/tmp/certs
S=/tmp/smtpd
SECRETS=/etc/bellman/secrets
WORD='Tr0ub4 "dor" #3'
SMTPD=
"$TREE/tests/certs.sh" $C
cp $C/ca.pem /usr/share/test-ca.pem
ln -sf /usr/share/test-ca.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in $C/ca.pem).0"
(umask 077; echo "$WORD" >/tmp/word; echo wrong >/tmp/wrong)
server() {
	[ -z "$SMTPD" ] || stop_smtpd
	rm -rf $S
	smtpd 465 $S "cert=$C/right.pem,$C/right.key" wrapped user=alerts@relay.example,/tmp/word sender=alerts@relay.example
}
fresh() {
	rm -f /etc/bellman/* /etc/aliases
	cp "$TREE/bellman.conf.sample" $CONF
}
nothing() { # written: WHY
	same "nothing is written: $1" "bellman.conf" "$(ls /etc/bellman)"
	check "not a line: $1" cmp $CONF "$TREE/bellman.conf.sample"
	refute "no alias: $1" ls /etc/aliases
}
quiet() { # after what was said: it has an output of its own
	refute "no password is shown" grep -q -F -e "$WORD" -e "$(printf '\0alerts@relay.example\0%s' "$WORD" | base64)" "$OUT"
}
setup() { deliver --setup "$@"; }
server

# INSTALL, as printed, but for the names.
fresh
cd /tmp || exit 1
awk '/^The first message/ { on = 1 } on && /^    / { print } /^where the file/ { exit }' "$TREE/INSTALL" |
	sed -n '/--send/,$p' | sed 's/smtp.example.net/relay.example/; s/alerts@example.org/alerts@relay.example/; s/you@example.org/you@remote.example/' >/tmp/first
same "INSTALL has three lines for it" 3 "$(wc -l </tmp/first)"
began=$(date +%s)
exits "INSTALL's first message, as printed" 0 bash -e /tmp/first
said "what is written is shown" '^    relay relay.example 465$'
said "with the password masked" 'relay.example alerts@relay.example \*{8}'
said "it was tried" 'the password is right'
quiet
check "the test message and the first one arrive" await exists $S/2.msg
check "in less than three minutes" test $(($(date +%s) - began)) -lt 180
check "to the one who gets root's mail" grep -q '^RCPT TO:<you@remote.example>' $S/1.msg $S/2.msg
check "as from the account" grep -q '^MAIL FROM:<alerts@relay.example>' $S/2.msg
check "drained" drained
same "the settings are for all to read" "root:root 644" "$(stat -c '%U:%G %a' $CONF)"
same "the secrets are not" "root:bellman-net 640" "$(stat -c '%U:%G %a' $SECRETS)"
same "the alias" "root: you@remote.example" "$(cat /etc/aliases)"
check "the sample stays behind" grep -q '^# Other ways for some mail' $CONF
cp $CONF /tmp/before
exits "a second time" 73 setup --send none
said "it says what to do" '--force'
check "all is as it was" cmp $CONF /tmp/before

# Without syslog the log is on standard error, but not between sentences.
mv /dev/log /dev/log.away
fresh
exits "without syslog" 0 setup --send relay --account alerts@relay.example --relay relay.example --root-to '' --password-stdin </tmp/word
refute "no line of the log" grep -q '^bellman/' "$OUT"
exits "without syslog: --check" 0 deliver --check
refute "--check: no line of the log" grep -q '^bellman/' "$OUT"
check "sent without syslog" drained
echo x | sendmail -odq bob
exits "without syslog: a pass" 0 deliver -q
said "has its log" '^bellman/queue: [0-9A-Z]+: delivered to=<bob'
mv /dev/log.away /dev/log

# What fails leaves nothing.
fresh
exits "a wrong password" 77 setup --send relay --account alerts@relay.example --relay relay.example --root-to '' --password-stdin </tmp/wrong
said "what the relay said" 'is refused: 535'
said "and what to look at" 'Is it the name and the password of this account'
said "nothing is written" 'nothing was written'
nothing "a wrong password"
exits "nobody listens" 75 setup --send relay --account alerts@relay.example --relay relay.example:2525 --root-to '' --password-stdin </tmp/word
nothing "nobody listens"
exits "no answer" 66 setup </dev/null
exits "no password" 66 setup --send relay --account a@b.example --relay r.example --password-stdin </dev/null
printf 'half\001rest\nalice\n' | # and no answer is read in its middle
	exits "a password that is no text" 66 setup --no-test --send relay --account a@b.example --relay r.example
exits "an account that is no address" 64 setup --send relay --account 'a b' --relay r </dev/null
exits "a way that there is not" 64 setup --send pigeon
exits "a root that is no address" 64 setup --send none --root-to '|/bin/sh'
exits "an option that there is not" 64 setup --frobnicate
exits "not root" 77 as alice /usr/sbin/deliver --setup --send none
nothing "wrong answers"

# What the package writes where nobody answers its questions is no setting.
fresh
printf '\n  relay   none\n' >>$CONF
exits "over the package's relay none" 0 setup --no-test --no-message --send relay --account a@gmail.com --root-to '' --password-stdin </tmp/wrong
same "which is gone" 0 "$(grep -c 'relay *none$' $CONF)"
check "and the settings can be read" deliver --check-settings
check "the sample is still behind them" grep -q '^# Other ways for some mail' $CONF
refute "no copy of it is kept" ls $CONF.old
fresh

# By answers on standard input; the relay by its SRV record.
cat >/tmp/named.py <<'N'
import socket, struct
def name(n):
    return b"".join(bytes([len(p)]) + p.encode() for p in n.split(".")) + b"\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
open("/tmp/named.ready", "w").close()
while True:
    asked, who = s.recvfrom(4096)
    end = asked.index(b"\0", 12) + 5
    srv = asked[12:].lower().startswith(name("_submissions._tcp.relay.example"))
    data = struct.pack("!HHH", 0, 0, 465) + name("relay.example")
    more = b"\xc0\x0c\0\x21\0\1\0\0\0\x3c" + struct.pack("!H", len(data)) + data if srv else b""
    s.sendto(asked[:2] + (b"\x81\x80" if srv else b"\x81\x83") + b"\0\1\0" + bytes([srv]) + b"\0\0\0\0" + asked[12:end] + more, who)
N
/usr/bin/python3 /tmp/named.py &
named=$!
await exists /tmp/named.ready
start_agent
printf '%s\n' 1 alerts@relay.example "$WORD" alice |
	exits "answers of a script" 0 setup
said "DNS was asked" 'It is relay.example, port 465'
said "the agent hears of it" 'reads its settings anew'
quiet
check "the message comes to alice" await text /var/mail/alice 'Bellman carries the mail'
same "root's mail is hers" "root: alice" "$(cat /etc/aliases)"
echo 'Subject: x' | sendmail ops@remote.example
check "and other mail by the relay" await exists $S/1.msg
stop_agent
exits "no SRV record, and no answer" 66 setup --force --send relay --account a@other.example </dev/null
kill $named
exits "not at all" 0 setup --force --no-message --send none --root-to ''
cp $CONF /tmp/none
exits "not at all, again" 0 setup --force --no-message --send none --root-to ''
same "not at all, again: it is the same" "$(cat -A /tmp/none)" "$(cat -A $CONF)"
same "that is one line" "relay none" "$(grep -v '^#' $CONF)"
same "the old ones are kept" 1 "$(ls $CONF.old | wc -l)"
mv $SPOOL/drop $SPOOL/away
exits "the message cannot be queued" 72 setup --force --send none --root-to ''
said "it says so" 'settings are written, but the message to root is not queued'
mv $SPOOL/away $SPOOL/drop
exits "without a try" 0 setup --force --no-test --no-message --send relay --account a@gmail.com --root-to '' --password-stdin </tmp/wrong
said "a provider that is known" "provider's server is smtp.gmail.com"
check "is written" grep -q '^relay smtp.gmail.com 465$' $CONF

# On a terminal.
fresh
cat >/tmp/typist.py <<'N'
import os, pty, select, sys
answers = [(b"1, 2 or 3: ", b"7"), (b"1, 2 or 3: ", b"1"),
           (b"as from it: ", b"alerts"), (b"as from it: ", b"alerts@relay.example"),
           (b"host:port): ", b"relay.example:466"), (b"wants none): ", b"mistyped"),
           (b"mailbox here: ", b"|x"), (b"mailbox here: ", b""),
           (b"end here): ", b"relay.example:465"),
           (b"alerts@relay.example): ", b""), (b"end here): ", open("/tmp/word", "rb").read().strip())]
pid, fd = pty.fork()
if pid == 0:
    os.execv("/usr/sbin/deliver", ["deliver", "--setup"])
seen = at = b""
while True:
    if not select.select([fd], [], [], 60)[0]:
        break
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    seen += more
    at += more
    if answers and at.endswith(answers[0][0]):
        at = b""
        os.write(fd, answers.pop(0)[1] + b"\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
N
rm -f /etc/resolv.conf
exits "on a terminal" 0 /usr/bin/python3 /tmp/typist.py
said "all questions came" 'mailbox here: '
same "three of them again" 3 "$(grep -c 'That cannot be: ' "$OUT")"
said "the relay did not answer" 'cannot connect'
said "and then did not take the password" 'is refused: 535'
same "what is to be written is shown again where it is another" 2 "$(grep -c 'This is what is to be written' "$OUT")"
said "it was tried" 'the password is right'
said "nothing waits any more" 'The queue is empty'
said "what is left to do" 'No agent runs yet: '
tr -d '\r' <"$OUT" | grep -v -F '): ' >/tmp/seen
quiet
refute "no line is wider than the terminal" grep -E '^.{81}' /tmp/seen
check "it is broken between words" grep -q 'with the password, which is not$' /tmp/seen
check "the message is in root's mailbox already" grep -q 'Bellman carries the mail' /var/mail/root
refute "no log has the password" grep -r -q -F "$WORD" /var/log
stop_smtpd
finish
