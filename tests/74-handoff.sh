#!/bin/bash
# deliver --handoff: what waits goes to another host with its sender, its DSN
# parameters and its date; what that host refuses stays here.
. "$(dirname "$0")/lib.sh"

cat >/tmp/other.py <<'N'
import os, socketserver
class Host(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
    def handle(self):
        self.say("220 other.example")
        while True:
            line = self.rfile.readline().decode().strip()
            if not line:
                return
            open("/tmp/other.log", "a").write(line + "\n")
            if line.startswith("EHLO"):
                self.say("250-other.example\r\n250-PIPELINING\r\n250 DSN")
            elif line.startswith("RCPT TO:<no"):
                self.say("550 5.1.1 not here")
            elif line == "DATA":
                self.say("354 go")
                while True:
                    text = self.rfile.readline()
                    if text == b".\r\n":
                        break
                    open("/tmp/other.text", "ab").write(text)
                self.say("250 2.0.0 taken")
            elif line == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
server = Server(("127.0.0.1", 2525), Host)
open("/tmp/other.ready", "w").close()
server.serve_forever()
N
/usr/bin/python3 /tmp/other.py &
other=$!
await exists /tmp/other.ready

{
	relay 2599
	printf 'sender *@* <alerts@relay.example>\nhold yes\ngive-up 1h\n'
} | config
echo 'bob: /dev/null' >/etc/aliases
send() { submit "$@" 2>/dev/null; }
printf 'Subject: far\n\none\n' | send alice -N success,delay -R hdrs -V ab+cd -f alice@mail.example far@remote.example
printf 'Subject: here\n\ntwo\n' | send alice bob
printf 'Subject: cron\n\nthree\n' | send bob root nobody@remote.example
same "three wait" 3 "$(ls $SPOOL/drop | wc -l)"

start_agent
exits "while an agent runs" 75 deliver --handoff 127.0.0.1:2525
said "it is refused" 'an agent runs as pid .*; stop it first'
refute "the other host heard nothing" test -e /tmp/other.log
stop_agent
exits "no such relay" 64 deliver --handoff 'a b'
exits "no word" 64 deliver --handoff
exits "not root" 77 as alice /usr/sbin/deliver --handoff 127.0.0.1:2525
exits "nobody listens there" 75 deliver --handoff 127.0.0.1:2598
said "all of it waits" '0 of 3 messages are gone, 3 wait'

exits "to another host" 75 deliver --handoff 127.0.0.1:2525
said "how far it is" '2 of 3 messages are gone, 1 wait'
said "what to do" 'mailq'
check "the sender is kept, and RET and ENVID" grep -q -x 'MAIL FROM:<alice@mail.example> RET=HDRS ENVID=ab+2Bcd' /tmp/other.log
check "NOTIFY is passed on" grep -q '^RCPT TO:<far@remote.example> NOTIFY=SUCCESS,DELAY' /tmp/other.log
check "no alias is looked up" grep -q '^RCPT TO:<bob@mail.example>' /tmp/other.log
check "nor is root's mail kept" grep -q '^RCPT TO:<root@mail.example>' /tmp/other.log
check "its date is in its Received" grep -q '^Received:' /tmp/other.text
same "each text once" "1 1 1" "$(for w in one two three; do grep -c "^$w" /tmp/other.text; done | xargs)"
check "what was refused waits" grep -q 'later . 4.1.1 .*550 5.1.1 not here' $SPOOL/queue/*
same "alone" 1 "$(ls $SPOOL/queue | wc -l)"
refute "nobody is told of a failure" grep -q -e bounce /tmp/other.log $LOG

# To a relay of the settings, and killed in the middle: nothing is lost.
{
	printf 'relay cluster {\n\thost 127.0.0.1 2525\n\ttls never\n}\nrelay none\nhold yes\n'
} | config
sed -i 's/RCPT TO:<no/RCPT TO:<xx/' /tmp/other.py
kill $other
wait $other 2>/dev/null
rm -f /tmp/other.ready /tmp/other.text
/usr/bin/python3 /tmp/other.py &
other=$!
await exists /tmp/other.ready
session 12 alice@mail.example >/dev/null
deliver --handoff cluster >/tmp/progress 2>&1 &
front=$!
await text /tmp/progress 'messages are for cluster'
kill -KILL $front
wait $front 2>/dev/null
exits "again, after it was killed" 0 deliver --handoff cluster
same "nothing waits" "" "$(ls $SPOOL/drop $SPOOL/queue | grep -v :)"
same "none is lost" 12 "$(grep '^last of s' /tmp/other.text | sort -u | wc -l)"
check "the one that was refused has gone" grep -q '^three' /tmp/other.text
kill $other
finish
