#!/bin/bash
# What reaches an SMTP server is legal: no line over 998 octets, no bare CR or
# LF, 7 bits where 8BITMIME is not offered; a reader sees the same text, and a
# mailbox here has the octets that came in.
. "$(dirname "$0")/lib.sh"

MIME=/usr/libexec/bellman/deliver-mime
if [ ! -x $MIME ]; then
	skip "no GMime here: deliver-mime was not built"
	finish
fi
S=/tmp/smtpd
mkdir $S
: >$S/seven
smtpd 2525 $S
{
	relay 2525
	echo 'retry 1s 1s 1s 1s 5m'
} | config
start_agent

# The decoded text of the N-th message, as python's email package reads it.
reads() { # FILE
	/usr/bin/python3 -c '
import email, sys
raw = open(sys.argv[1], "rb").read().split(b"\n\n", 1)[1]
msg = email.message_from_bytes(raw)
out = b"\n".join(p.get_payload(decode=True) for p in msg.walk() if not p.is_multipart())
sys.stdout.buffer.write(out.replace(b"\r\n", b"\n"))' "$1"
}
taken=0
gets() { # WHAT TEXT: the next message, when it is there, reads so
	taken=$((taken + 1))
	check "$1: the server has it" await exists "$S/$taken.msg"
	reads "$S/$taken.msg" >/tmp/got 2>/tmp/got.err
	check "$1: a reader sees the same" cmp /tmp/got "$2"
}
envelope() { # the line of the message that waits in drop/ or queue/
	grep -h -a '^text ' $SPOOL/drop/* $SPOOL/queue/* 2>/dev/null | head -n 1
}

{ head -c 65536 /dev/zero | tr '\0' x; echo; echo end; } >/tmp/long
printf 'Gr\303\274\303\237e\n' >/tmp/utf8
head -n 1 /tmp/long >/tmp/first
printf 'Gr\374\337e\n' >/tmp/latin1
printf 'plain\n.\n..\n' >/tmp/plain

{ printf 'Subject: cron\n\n'; cat /tmp/long; } | submit alice far@remote.example alice
gets "a line of 64 KiB" /tmp/long
check "alice's mailbox has it" await mbox /var/mail/alice 1
check "with the line as it came" sh -c 'grep -F -x -q -f /tmp/first /var/mail/alice'
{ printf 'Subject: u\n\n'; cat /tmp/utf8; } | submit alice far@remote.example
gets "UTF-8 without MIME fields" /tmp/utf8
check "says its charset" grep -q -a -i 'charset="\?utf-8' $S/2.msg
{ printf 'Subject: l\n\n'; cat /tmp/latin1; } | submit alice far@remote.example
gets "Latin-1 without MIME fields" /tmp/latin1
{ printf 'Subject: p\n\n'; cat /tmp/plain; } | submit alice -i far@remote.example
gets "what is legal" /tmp/plain
refute "is not touched" grep -q -a -i '^Content-Transfer-Encoding' $S/4.msg
{ printf 'Subject: b\n\nbare\rCR\r\n'; cat /tmp/utf8; } | submit alice far@remote.example
printf 'bare\nCR\n' | cat - /tmp/utf8 >/tmp/want
gets "CR, CRLF and LF" /tmp/want
{ printf 'Subject: big\n\n'; for n in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/long; done; cat /tmp/utf8; } >/tmp/m
sed '1,2d' /tmp/m >/tmp/want
submit alice far@remote.example </tmp/m
gets "a streamed one" /tmp/want
{ printf 'Subject: '; head -c 3000 /dev/zero | tr '\0' w; printf '\n\nx\n'; } | submit alice far@remote.example
echo x >/tmp/want
gets "a header line of 3000" /tmp/want
printf 'Subject: nul\n\na\0b\303\274\n' | submit alice far@remote.example
printf 'a\0b\303\274\n' >/tmp/want
gets "a NUL" /tmp/want
check "all of it is gone" drained
refute "the server saw nothing illegal" grep ILLEGAL $S/log
refute "nor any BODY=8BITMIME" grep -q 8BITMIME $S/log
check "the log tells of conversions" grep -q ': converted octets=[0-9]* from=' $LOG

# 8BITMIME: 8 bits pass, long lines do not.
stop_agent
rm $S/seven
: >$S/log
start_agent
{ printf 'Subject: u\n\n'; cat /tmp/utf8; } | submit alice far@remote.example
gets "8 bits where 8BITMIME is" /tmp/utf8
check "pass as they are" grep -q -a -P '^Gr\xc3\xbc\xc3\x9fe' $S/$taken.msg
check "and are announced" grep -q 'BODY=8BITMIME' $S/log
{ printf 'Subject: cron\n\n'; cat /tmp/long; } | submit alice far@remote.example
gets "a long line there" /tmp/long
refute "nothing illegal there" grep ILLEGAL $S/log
check "all of that is gone" drained

# The envelope says what is in a text; a streamed one has it overwritten.
stop_agent
: >$S/seven
say_text() { # WHAT WANTED <message
	submit bob far@remote.example 2>/dev/null
	same "$1" "text $2" "$(envelope)"
	rm -f $SPOOL/drop/*
}
printf 'Subject: x\n\nx\n' | say_text "7 bits" 7.
printf 'Subject: x\n\n\303\274\n' | say_text "8 bits" 8.
{ printf 'Subject: x\n\n'; cat /tmp/long; } | say_text "a long line" 7L
{ printf 'Subject: x\n\n'; cat /tmp/long /tmp/utf8; } | say_text "both" 8L
{ printf 'Subject: x\n\n'; for n in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/long; done; } | say_text "a streamed one" 7L
{ printf 'Subject: x\n\n'; yes | head -c 600000; cat /tmp/utf8; } | say_text "8 bits at the end of a streamed one" 8.

# A file of an older version has no such line: it is looked at.
{ printf 'Subject: old\n\n'; cat /tmp/utf8; } | submit bob far@remote.example 2>/dev/null
f=$(ls $SPOOL/drop/*)
/usr/bin/python3 - "$f" <<'X'
import sys
def crc(data):
    c = 0xffffffff
    for byte in data:
        c ^= byte
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)
    return c ^ 0xffffffff
name = sys.argv[1]
raw = open(name, "rb").read()
words = raw[:65].split()
env, rest = raw[65:65 + int(words[3])], raw[65 + int(words[3]):]
env = env.replace(b"text 8.\n", b"")
words[3], words[4] = b"%010d" % len(env), b"%08x" % crc(env)
open(name, "r+b").truncate(0)
open(name, "r+b").write(b" ".join(words) + b"\n" + env + rest)
X
start_agent
gets "a file without that line" /tmp/utf8

# Whoever kills the conversion loses nothing.
stop_agent
mv $MIME $MIME.real
cp "$O/tests/standin" $MIME
start_agent
{ printf 'Subject: killed\n\n'; cat /tmp/utf8; } | submit bob far@remote.example
under_way() {
	local i
	for ((i = 0; i < 400; i++)); do
		pid=$(pgrep -f '^deliver-mime ') && return
		sleep 0.05
	done
	return 1
}
check "a conversion is under way" under_way
check "it has no group but its own" grep -q -E '^Groups:[[:space:]]*$' "/proc/$pid/status"
check "it can gain no privilege" grep -q -E '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status"
check "its time is bounded" grep -q -E '^Max cpu time +60 ' "/proc/$pid/limits"
same "it has three descriptors" 3 "$(ls "/proc/$pid/fd" | wc -l)"
mv -f $MIME.real $MIME
kill -9 "$pid"
check "the log says so" await text $LOG 'ended with signal 9'
gets "the next attempt" /tmp/utf8
check "nothing waits" drained
same "it came once" 1 "$(cat $S/*.msg | grep -a -c '^Subject: killed')"

# One that fails each time is returned after the third time.
mv $MIME $MIME.real
cp "$O/tests/standin" $MIME
echo 65 >/etc/standin
{ printf 'Subject: never\n\n'; cat /tmp/utf8; } | submit bob far@remote.example
check "what fails three times comes back" await mbox /var/mail/bob 1
check "with its status" grep -q '^Status: 5\.6\.3' /var/mail/bob
same "after three" 3 "$(grep -c 'ended with status 65' $LOG)"

# Without the program such mail waits, and all else goes.
rm $MIME
exits "deliver --version says what is missing" 0 deliver --version
said "and what follows from it" 'deliver-mime.*waits'
{ printf 'Subject: waits\n\n'; cat /tmp/utf8; } | submit bob far@remote.example
check "it waits" await text $LOG 'deliver-mime is not installed'
printf 'Subject: p\n\nplain\n' | submit bob far@remote.example
echo plain >/tmp/want
gets "what is legal goes" /tmp/want
mv $MIME.real $MIME
sendmail -q
gets "with the program" /tmp/utf8
check "nothing is left" drained
refute "never anything illegal" grep ILLEGAL $S/log

# A damaged file is not converted into a sound one.
stop_agent
{ printf 'Subject: d\n\n'; cat /tmp/utf8; echo intact; } | submit bob far@remote.example 2>/dev/null
sed -i 's/intact/broken/' $SPOOL/drop/*
chown bellman:bellman $SPOOL/drop/*
chmod 660 $SPOOL/drop/*
start_agent
check "a damaged one goes to quarantine" await files $SPOOL/quarantine 1
refute "not to the server" sh -c "grep -l broken $S/*.msg"
stop_smtpd
stop_agent
finish
