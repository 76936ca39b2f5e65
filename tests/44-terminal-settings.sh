#!/bin/bash
# Every setting of terminals, with users at real ptys: which of several, those
# that no register knows, who may, from where, how loud, and none at all.  Then
# what a restart leaves of a message that was being tried.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/ttys.sh"

person carol dora erin gina harry
settings() { # SETTINGS: the agent works by them from now on
	stop_agent
	config
	start_agent
}
# What alice is sent last is a mark: what came before it has been shown, if ever.
until_here() { # NAME: on that terminal
	HERE=$((${HERE:-0} + 1))
	say send "${2:-$1}" "mark $HERE." root
	await text "/tmp/screen.$1" "| mark $HERE."
}
shown_by() { # WORDS: the terminals on which the agent says it was shown
	grep 'status=2.0.0 text="shown on' $LOG | tail -n 1 | sed 's/.*shown on \(.*\)"/\1/'
}

# Several terminals of one user.
settings <<-'X'
	terminal-sessions all
X
check "alice: three terminals, one of them with mesg n" session alice alice
check "the second" session alice2 alice
check "the third" session alice-n -n alice
say send alice 'to all of them'
check "sessions all: on the first" await text /tmp/screen.alice '| to all of them'
check "on the second" await text /tmp/screen.alice2 '| to all of them'
check "settled" drained 30
same "both are named" "$(printf '%s\n' "$(tty_of alice)" "$(tty_of alice2)" | sort)" "$(shown_by | tr -d ' ' | tr , '\n' | sort)"
refute "not where messages are refused" grep -q 'to all' /tmp/screen.alice-n
check "dora: one terminal" session dora dora
check "another is stopped by ^S" session dora-s -s dora
say send dora 'to one of two'
check "sessions all: one that is stopped does not hold up the other" await text /tmp/screen.dora '| to one of two'
check "and that is a success" drained 30
same "it is not tried again" 1 "$(grep -c 'to one of two' /tmp/screen.dora)"

# The one used last, which is the default; then the next.
settings </dev/null
say send dora 'the next one'
check "sessions last: the one used last is stopped, so it is the other" await text /tmp/screen.dora '| the next one'
check "settled" drained 30
say send alice 'to one only'
check "sessions last: one of alice's shows it" drained 30
same "and only one" 1 "$(cat /tmp/screen.alice /tmp/screen.alice2 | grep -c '| to one only')"
# One is closed between RCPT and the dot.
rcpt_held alice
check "RCPT while she is at both" await text /tmp/said '250 2.1.5 user is active'
leave alice2
data_now 'after one was closed'
check "closed in between: the other one shows it" await text /tmp/screen.alice '| after one was closed'
leave alice-n
leave dora
leave dora-s

# Terminals that no register knows.
check "gina has a window, and has not logged in" window gina gina
check "harry too" window harry harry
same "pts no: she is not active" "450 4.2.1 User not active now" "$(rcpt SEND gina)"
settings <<-'X'
	terminal-pts yes
X
same "pts yes: she is" "250 2.1.5 user is active, will send" "$(rcpt SEND gina)"
say send gina 'to the window'
check "pts yes: it is shown" await text /tmp/screen.gina '| to the window'
refute "not on a window of another" grep -q 'to the window' /tmp/screen.harry
chmod 600 "/dev/$(tty_of gina)"
same "pts yes, 0600: she refuses" "450 4.2.1 User not accepting terminal messages now" "$(rcpt SEND gina)"
say soml gina 'to a closed window'
check "SOML is mail then" await text /var/mail/gina 'to a closed window'
leave gina
leave harry

# What logind says: it may not know the terminal of an ssh session, which utmp
# knows; it may be the only one that knows; and what is graphical is none.
settings </dev/null
mkdir -p /run/systemd/sessions /run/systemd/users
check "gina has a window again" window gina gina
logind() { # USER TYPE [TTY]: his one session
	local uid
	uid=$(id -u "$1")
	printf 'NAME=%s\nSTATE=active\nSESSIONS=1\nACTIVE_SESSIONS=1\nONLINE_SESSIONS=1\n' "$1" >"/run/systemd/users/$uid"
	printf 'UID=%s\nUSER=%s\nACTIVE=1\nCLASS=user\nTYPE=%s\nSTATE=active\n%s' "$uid" "$1" "$2" "${3:+TTY=$3
}" >/run/systemd/sessions/1
}
active='250 2.1.5 user is active, will send'
absent='450 4.2.1 User not active now'
logind alice tty
same "logind knows no tty of alice's session: utmp does" "$active" "$(rcpt SEND alice)"
logind gina tty
same "logind knows no tty of gina's, and nobody else does" "$absent" "$(rcpt SEND gina)"
logind gina tty "$(tty_of gina)"
same "logind alone knows gina's" "$active" "$(rcpt SEND gina)"
say send gina 'by logind'
check "and there it is shown" await text /tmp/screen.gina '| by logind'
logind gina x11 "$(tty_of gina)"
same "a graphical session is no terminal" "$absent" "$(rcpt SEND gina)"
rm -r /run/systemd
leave gina

# Clients on a network.
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
print(*[word for word in ("send", "soml", "saml") if m.has_extn(word)])
for verb in ("SEND", "SOML", "SAML"):
    m.rset()
    code, text = m.docmd(verb + " FROM:<root@mail.example>")
    print(verb, code)
    if code == 250:
        print(m.rcpt("alice@mail.example")[0], m.data("Subject: %s\r\n\r\n%s from afar\r\n" % (verb, verb))[0])
m.quit()
X
same "network no: nothing is offered, nothing is taken" "
SEND 502
SOML 502
SAML 502" "$(as bob /usr/bin/python3 /tmp/net.py)"
settings <<-'X'
	terminal-network yes
X
same "network yes: offered and taken" "send soml saml
SEND 250
250 250
SOML 250
250 250
SAML 250
250 250" "$(as bob /usr/bin/python3 /tmp/net.py)"
for verb in SEND SOML SAML; do
	check "network: $verb is shown" await text /tmp/screen.alice "| $verb from afar"
done
check "network: SAML is stored" await text /var/mail/alice 'SAML from afar'
check "the banner says that it came from there, not from root" grep -q 'from the network (uid [0-9]*)' /tmp/screen.alice
refute "root is not named outside the gutter" grep -q '^[^|]*from root' /tmp/screen.alice
settings <<-'X'
	terminal alice saml from network
X
sed -i 's/"SEND", "SOML", "SAML"/"MAIL",/' /tmp/net.py
as bob /usr/bin/python3 /tmp/net.py >/dev/null
check "a rule for the network: it is shown" await text /tmp/screen.alice '| MAIL from afar'
printf 'Subject: s\n\nfrom nearby\n' | submit bob alice
check "not for programs of this machine: stored" await text /var/mail/alice 'from nearby'
check "a mark" until_here alice
refute "and not shown" grep -q 'from nearby' /tmp/screen.alice

# Who may.
groupadd talkers
gpasswd -a bob talkers >/dev/null
yes='250 2.1.5 user is active, will send'
no="550 5.7.1 you may not write to that user's terminal"
while read -r senders who want; do
	if [ "$senders" != "$last" ]; then
		echo "terminal-senders $senders" | settings
		last=$senders
	fi
	same "senders $senders: $who" "${!want}" "$(rcpt SEND alice "$who")"
done <<-'X'
	all bob yes
	same-user bob no
	same-user alice yes
	same-user root yes
	@talkers bob yes
	@talkers carol no
	@talkers root yes
	root bob no
	root root yes
X
# by the settings of the last row, beside RCPT
say send alice 'you may not' carol
check "SEND on the command line comes back at once" await text /var/mail/carol '5.7.1'
say saml alice 'stored, not shown'
check "SAML is stored" await text /var/mail/alice 'stored, not shown'
say soml alice 'mail instead'
check "SOML is mail" await text /var/mail/alice 'mail instead'
check "a mark of root's" until_here alice
refute "nothing was shown" grep -q -E 'you may not|not shown|mail instead' /tmp/screen.alice
echo no | exits "tell: not permitted" 77 as bob tell alice

# The bell.
bells() { tr -dc '\007' <"/tmp/screen.$1" | wc -c; }
settings </dev/null
before=$(bells alice)
check "a message with the bell" until_here alice
same "it rings once" $((before + 1)) "$(bells alice)"
settings <<-'X'
	terminal-bell no
X
check "a message without" until_here alice
same "it does not ring" $((before + 1)) "$(bells alice)"

# One word for all of it.
check "carol logs in, to see nothing" session carol carol
rm -f /var/mail/*
settings <<-'X'
	terminal off
	terminal carol saml
X
for kind in soml saml; do
	say $kind carol "off: $kind"
	check "off: $kind is mail" await text /var/mail/carol "off: $kind"
done
printf 'Subject: rule\n\noff: by rule\n' | submit bob carol
check "off: what a rule names is mail" await text /var/mail/carol 'off: by rule'
say send carol 'off: send'
check "off: SEND comes back at once" await text /var/mail/bob 'terminals are switched off'
check "settled" drained 30
refute "off: nothing was shown" grep -q 'off:' /tmp/screen.carol
echo no | exits "off: tell says so" 69 as bob tell carol
said "and why" '^tell: carol: '
printf 'EHLO x\nSOML FROM:<bob>\nSAML FROM:<bob>\nQUIT\n' | as bob /usr/sbin/sendmail -bs >"$OUT"
same "off: 502" 2 "$(grep -c '^502 ' "$OUT")"
refute "off: not offered" grep -q -E '^250.(SEND|SOML|SAML)' "$OUT"

# SAML: the mailbox first, by the log.
settings </dev/null
say saml carol 'in this order'
check "SAML: shown" await text /tmp/screen.carol '| in this order'
check "settled" drained 30
same "SAML: first stored, then shown" "delivered shown" \
	"$(awk '/ (delivered|shown) to=<carol@/ { print $6 }' $LOG | tail -n 2 | xargs)"

# A restart while a SEND is being tried: never again on the screen, and what
# comes back says what was tried, in full, as mail of the null path.
rm -f /var/mail/*
check "dora is stopped by ^S" session dora -s dora
say send dora 'never late' erin
check "it is tried" await -t 30 text $LOG 'stopped for 2 s'
stop_agent
printf '\021' >&"${KEYS[dora]}"
say send dora 'a fresh one' 2>/dev/null # no agent runs, it says
start_agent
check "after the restart a fresh one is shown" await text /tmp/screen.dora '| a fresh one'
check "the other one comes back" await -t 30 text /var/mail/erin 'never late'
tr -s '\n ' ' ' </var/mail/erin >"$OUT"
said "with what was tried" "$(tty_of dora): stopped for 2 s"
said "as mail of the null path" 'Return-Path: <>'
said "and for machines" 'Status: 4\.2\.'
check "settled" drained 30
refute "it was not shown" grep -q 'never late' /tmp/screen.dora
refute "and not stored" grep -q 'never late' /var/mail/dora

# The same with SOML, killed in the middle: mail, and nothing else.
leave dora
check "dora is stopped again" session dora2 -s dora
say soml dora 'one way only'
check "it is in the queue" await files $SPOOL/queue 1
check "it is tried" await text "$(ls -d $SPOOL/queue/*)" 'try '
kill -KILL "$AGENT"
wait "$AGENT" 2>/dev/null
AGENT=
printf '\021' >&"${KEYS[dora2]}"
start_agent
check "SOML once tried is mail" await text /var/mail/dora 'one way only'
check "settled" drained 30
refute "and not on the screen" grep -q 'one way only' /tmp/screen.dora2

# Of two an earlier process had tried one, by the journal: the other's first try
# is not his second.
stop_agent
printf 'Subject: s\n\nhalf tried\n' | submit bob -O Terminal=send alice dora 2>/dev/null
/usr/bin/python3 - $SPOOL/drop/* <<'X'
import sys, time
text = b"%d try 1" % time.time()
crc = 0xFFFFFFFF
for byte in text:
    crc ^= byte
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
with open(sys.argv[1], "r+b") as f:  # not to be made: fs.protected_regular
    f.seek(0, 2)
    f.write(b"@ %08x %s\n" % (crc ^ 0xFFFFFFFF, text))
X
start_agent
check "who was not tried is shown it" await text /tmp/screen.alice '| half tried'
check "what was tried comes back" await -t 30 text /var/mail/bob 'half tried'
check "settled" drained 30
refute "and is not on the screen" grep -q 'half tried' /tmp/screen.dora2

# What has waited for more than a minute is on no screen.
stop_agent
rm -f /var/mail/*
/usr/bin/python3 - <<'X'
import os, time
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
os.umask(0)
for n, kind in enumerate(("SEND", "SOML", "SAML")):
    env = ("time %d.000000\nuid 0\nkind %s\nfrom <bob@mail.example>\nbody 7BIT\n"
           "to <carol@mail.example>\n\n" % (time.time() - 62, kind)).encode()
    body = b"Subject: old\n\nan old %s\n" % kind.encode()
    head = b"bellman 1 env %010d %08x body %016d %08x\n" % (
        len(env), crc32c(env), len(body), crc32c(body))
    fd = os.open("/var/spool/bellman/drop/3B0000000000000%d" % n, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)
    os.fchown(fd, 0, os.stat("/var/spool/bellman/drop").st_gid)
    os.write(fd, head + env + body)
    os.close(fd)
X
start_agent
check "an old SEND comes back" await text /var/mail/bob 'an old SEND'
check "an old SOML is mail" await text /var/mail/carol 'an old SOML'
check "an old SAML is stored" await text /var/mail/carol 'an old SAML'
check "settled" drained 30
check "a mark of root's" until_here carol
refute "none of them is shown" grep -q 'an old' /tmp/screen.carol
refute "nor is the SEND stored" grep -q 'an old SEND' /var/mail/carol
finish
