#!/bin/bash
# mailq for people: the table, JSON, what may be done with whose messages, with
# an agent and without one; terminals, monitors, one delivery as it happens.
. "$(dirname "$0")/lib.sh"

S=/tmp/smtpd
say() { # USER TO...: a message
	local user=$1
	shift
	printf 'Subject: for %s\n\nthe secret text\n' "$*" | submit "$user" "$@" 2>/dev/null
}
id_of() { # SENDER: of the first message
	mailq --json --sender "$1" | sed -n '1s/^{"id":"\([^"]*\)".*/\1/p'
}
mark() { BEFORE=$(grep -c 'deferred to=<' $LOG); }
tried() { # N: since the mark, so many recipients were
	await count $LOG $((BEFORE + $1)) 'deferred to=<'
}
# Nobody listens there: what goes to the relay waits.
{ relay 2525; echo 'retry 1h'; } | config

# Nobody runs.
say alice one@far.example
say bob two@far.example three@far.example
exits "no agent, a user: 69" 69 as alice mailq
said "he is told what to do" 'start deliver, or run .deliver -q. as root'
said "under the name it was called by" '^mailq: '
exits "newaliases, without an agent" 0 newaliases
said "and newaliases, too" '^newaliases: no agent runs'
exits "words that are none" 64 mailq dance
said "a mistake as well" '^mailq: '
exits "sendmail -bp does not" 69 as alice /usr/sbin/sendmail -bp
said "it is sendmail" '^sendmail: '
exits "no agent, root: it works" 0 mailq
said "what was sent is listed" 'to <one@far.example>'
said "with its sum" '^2 messages, '
said "and what to do" 'No agent runs: start deliver'
exits "no agent: hold" 0 mailq hold --sender bob
said "in words" '^1 message held[.]$'
exits "no agent: a user may nothing" 69 as bob mailq release --all

# A pass tries what is not held.
check "a pass" timeout 30 deliver -q
mailq >"$OUT"
said "a held one was not tried" 'to <two@far.example>, held by root$'
said "the other was, and the server's words stand there" 'to <one@far.example>, next try in .*refused [(]4[.]4[.]1[)]'
said "in plain words" 'why: The server does not answer'
said "and what to do" 'do:  Nothing at first'
mark
exits "no agent: release" 0 mailq release --held
said "a pass was started" 'a pass was started'
check "it was tried" tried 2
start_agent

# Whose, and which.
exits "alice sees her own" 0 as alice mailq
said "one" '^1 message, '
refute "and nobody else's" grep -q bob "$OUT"
same "no id, no selection: 64" 64 "$(as alice mailq hold >/dev/null 2>&1; echo $?)"
exits "unknown words: 64" 64 mailq dance
exits "an id that is none: 64" 64 mailq hold ../../etc/passwd
B=$(id_of bob)
A=$(id_of alice)
exits "another's message: 1" 1 as alice mailq remove "$B"
said "as if it were not there" 'no such message of yours waits'
exits "his own: held" 0 as bob mailq hold "$B"
said "one" '^1 message held[.]$'
exits "once more" 0 as bob mailq hold "$B"
said "it was so" '^1 was held before'
mailq >"$OUT"
said "by whom" 'held by its sender'
said "and how it goes on" "mailq release $B"
exits "sendmail -q" 0 sendmail -q
exits "a held one is not retried: 75" 75 mailq retry "$B"
said "and it says so" '1 is held; mailq release lets it go'
stop_agent
start_agent
exits "held beyond a restart" 0 mailq --held
said "the same" "^$B"
mark
exits "released by its sender" 0 as bob mailq release "$B"
check "it is tried" tried 2
exits "root holds it" 0 mailq hold --to-domain far.example --sender bob
exits "then he may not release it: 75" 75 as bob mailq release "$B"
said "he is told why" 'held by root'
exits "nor remove it" 75 as bob mailq remove --all
exits "nothing fits: 1" 1 mailq retry --to-domain near.example
exits "nothing is so old" 1 mailq hold --older 2d
mark
exits "recipient and sender" 0 mailq release --recipient three --sender bob@mail.example
check "both were tried" tried 2

# JSON.
mark
say alice -f '"we\"ird"@far.example' one@far.example
check "three" tried 1
mailq --json >/tmp/json
check "JSON: every line" /usr/bin/python3 - <<'PY'
import json
lines = [json.loads(l) for l in open("/tmp/json", encoding="utf-8")]
assert len(lines) == 3, lines
bob = [l for l in lines if l["sender"] == "bob@mail.example"][0]
assert [r["address"] for r in bob["recipients"]] == ["two@far.example", "three@far.example"], bob
r = bob["recipients"][0]
assert r["status"] == "4.4.1" and "refused" in r["said"] and r["reason"], r
assert bob["state"] == "later" and bob["next"] and not bob["held"] and bob["uid"] == 1002, bob
PY
same "JSON: a user his own" 1 "$(as bob mailq --json | wc -l)"

# Its life.
exits "show" 0 as bob mailq show "$B"
said "what happened" 'not delivered to .*refused [(]4[.]4[.]1[)]'
said "who held it" 'held by uid 0'
said "the header" '^Subject: for two@far.example'
refute "not the body" grep -q secret "$OUT"
exits "show --body" 0 as bob mailq show --body "$B"
said "the body" '^the secret text'
exits "of another: 1" 1 as alice mailq show --body "$B"
refute "not a word of it" grep -q -e secret -e two@ "$OUT"

# A terminal.
on_terminal 50 env TERM=xterm LC_ALL=C.UTF-8 /usr/bin/mailq >/tmp/screen
check "a terminal: colours" grep -q "$(printf '\033\\[1m')" /tmp/screen
sed 's/\x1b\[[0-9;]*m//g' /tmp/screen >/tmp/plain
same "lines fit the window" "" "$(awk 'length > 50 && NF > 1' /tmp/plain)"
check "no address is cut" grep -q '<three@far.example>' /tmp/plain
check "nor an id" grep -q "^$B" /tmp/plain
for how in NO_COLOR=1 TERM=dumb; do
	on_terminal 80 env TERM=xterm "$how" /usr/bin/mailq >/tmp/screen
	refute "$how: none" grep -q "$(printf '\033')" /tmp/screen
done
refute "a pipe: none" sh -c "TERM=xterm mailq | grep -q \"\$(printf '\\033')\""

# Monitors.
exits "younger: ok" 0 as alice mailq --check --warning 1h --critical 1d
said "with numbers" '^ok: 3 messages wait, .* [|] messages=3;;;0 oldest=[0-9]+s;3600;86400;0 held=0'
for _ in {1..50}; do # only the clock makes them a second old
	mailq --check --warning 1h --critical 1d | grep -q 'oldest=0s' || break
	sleep 0.1
done
exits "older than critical" 2 mailq --check --warning=1s --critical 1s
said "it says so" '^critical: mail is stuck'
exits "older than warning" 1 mailq --check --warning 1s --critical 1d
same "one line" 1 "$(wc -l <"$OUT")"
mkdir -p /tmp/prom
exits "a file for Prometheus" 0 mailq --prometheus /tmp/prom/bellman.prom
check "what waits" grep -q -x 'bellman_queue_messages 3' /tmp/prom/bellman.prom
same "and no other file" bellman.prom "$(ls -A /tmp/prom)"
same "anybody may read it" 644 "$(stat -c %a /tmp/prom/bellman.prom)"
exits "where he may not write: 74" 74 as alice mailq --prometheus=/tmp/prom/x.prom

# Nagios' own plugin, and monit.
if unpack monitors; then
	plugin() { /usr/lib/nagios/plugins/check_mailq -M sendmail "$@"; }
	exits "check_mailq counts them" 1 plugin -w 2 -c 10
	said "three" '^WARNING: sendmail mailq is 3 .*unsent=3;2;10;0$'
	exits "fewer than asked for" 0 plugin -w 4 -c 10
	exits "by the sender's domain" 2 plugin -w 10 -c 20 -W 1 -C 2
	exits "a selection has no such line" 0 mailq --sender alice
	refute "it is for the whole queue" grep -q 'Total requests' "$OUT"
	printf '%s\n' 'set daemon 1' 'set logfile /tmp/monit.log' 'set pidfile /tmp/monit.pid' \
	    'set idfile /tmp/monit.id' 'set statefile /tmp/monit.state' >/tmp/monitrc
	sed -n '/^check program/,/^\.Ed/p' "$TREE/man/mailq.1" | grep -v '^\.Ed' >>/tmp/monitrc
	sed -i 's/--check"/--check=1s"/' /tmp/monitrc
	chmod 600 /tmp/monitrc
	exits "monit takes the manual's lines" 0 monit -c /tmp/monitrc -t
	monit -I -c /tmp/monitrc >/tmp/monit.out 2>&1 &
	monit=$!
	check "and reads what is wrong" await -t 20 text /tmp/monit.log 'warning: mail is stuck; 3 messages wait'
	kill $monit
	wait $monit
else
	skip "check_mailq and monit: they could not be fetched"
fi

# Back to the sender.
exits "bounce" 0 mailq bounce "$B"
said "in words" '^1 message goes back to its sender[.]$'
check "bob has it" await text /var/mail/bob 'returned by a person'
exits "one is removed" 0 as alice mailq remove --sender "@far.example"
said "in words" '^1 message removed[.]$'
check "the log says who" grep -q 'removed-by-hand uid=1001' $LOG

# One delivery, as it happens.
exits "follows what is not there" 1 as alice mailq -v 3B0FFD6TBZV35VGN
said "which it says" '^mailq: 3B0FFD6TBZV35VGN: no such message of yours waits$'
exits "how it is called" 0 as alice mailq --help
said "that is said" '^usage: mailq'
rm -rf $S
as alice mailq --follow "$A" >/tmp/follow &
follower=$!
check "who follows is told that it waits" await text /tmp/follow 'waits; mailq retry'
smtpd 2525 $S
exits "retry" 0 as alice mailq retry "$A"
said "in words" '^1 message is tried now[.]$'
check "who follows sees it go" await text /tmp/follow 'has left the queue'
wait $follower
check "to whom" grep -q '<one@far.example> delivered' /tmp/follow
check "all is gone" drained
same "the queue is empty" 'The queue is empty.' "$(mailq)"
same "JSON: nothing" '' "$(mailq --json)"
stop_smtpd

# Old callers: -bp, and -q with a part.
mark
say alice four@far.example
check "it waits" tried 1
exits "sendmail -bp -v" 0 sendmail -bp -v
said "more of it" 'from uid 1001, MAIL, arrived'
exits "mailq -qR" 0 mailq -qRfour
exits "mailq -q!R: all others" 1 mailq '-q!Rfour'
stop_agent

# Nobody runs again.
exits "no agent: removed" 0 mailq remove --all
said "one" '^1 message removed[.]$'
check "it is gone" drained 1

# While the agent still reads a long queue: a program is told of all.
echo 'hold yes' >>$CONF
echo x | submit alice six@far.example 2>/dev/null
start_agent
check "it waits" await -t 20 files $SPOOL/queue 1
stop_agent
/usr/bin/python3 - $SPOOL/queue <<'P'
import os, sys
path = sys.argv[1]
name = [n for n in os.listdir(path) if n[0] != "."][0]
like, text = os.stat(path + "/" + name), open(path + "/" + name, "rb").read()
os.umask(0)
for i in range(1000, 6000):
    fd = os.open("%s/%s%08d" % (path, name[:8], i), os.O_WRONLY | os.O_CREAT, 0o660)
    os.write(fd, text)
    os.fchown(fd, like.st_uid, like.st_gid)
    os.close(fd)
P
rm -f /var/lib/bellman/*
start_agent
same "JSON, right after a start: all of it" 5001 "$(mailq --json | wc -l)"
stop_agent
start_agent
exits "and one that was named is found" 0 mailq show "$(ls $SPOOL/queue | tail -n 1)"
# However fast the machine is: half a second for them.
strace -o /dev/null -e trace=unlinkat -e inject=unlinkat:delay_exit=100 -p "$(role_pid queue)" 2>/tmp/attached &
slow=$!
await -t 10 text /tmp/attached attached
on_terminal 80 /usr/bin/mailq remove --all >/tmp/screen
kill $slow
wait $slow
check "removed, and a terminal sees how far it is" grep -E -q '[0-9]+ of 5001 looked at, [0-9]+ changed' /tmp/screen
check "in the end in a word" grep -q '5001 messages removed' /tmp/screen
stop_agent
sed -i '/^hold yes/d' $CONF

# -v with nobody to follow: the id, and what is to be done.
watch() { echo x | exits "$1" 0 "${@:2}"; }
watch "-v, no agent, a user" as alice /usr/sbin/sendmail -v five@far.example
said "its id, and what it waits for" '^sendmail: queued as [0-9A-Z]{16}, but no agent runs; it waits until deliver'
same "which is its id" "$(ls $SPOOL/drop)" "$(grep -o '[0-9A-Z]\{16\}' "$OUT")"
watch "without -v" as alice /usr/sbin/sendmail five@far.example
said "no id" '^sendmail: queued, but no agent runs'
watch "-v, to wait" sendmail -v -odq five@far.example
said "for what" 'queued as [0-9A-Z]{16}; no agent runs, and the message is to wait'
watch "-v, no agent, root" sendmail -v bob
said "a pass was started" 'queued as [0-9A-Z]{16}; no agent runs, and a pass was started'
id=$(grep -o '[0-9A-Z]\{16\}' "$OUT")
check "it has worked" await -t 20 text $LOG "$id: removed"
check "and has looked at all" await -t 20 empty $SPOOL/drop

# An agent that ends with a request on its socket, unread: whoever sent it asks
# again, and finds none.
cat >/tmp/ending.py <<'N'
import os, select, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("/run/bellman/control")
s.listen()
os.chmod("/run/bellman/control", 0o666)
open("/tmp/ending.ready", "w").close()
select.select([s], [], [], 20)
select.select([], [], [], 0.2) # its line comes right behind
os.unlink("/run/bellman/control")
s.close()
N
ends() { # WHAT STATUS COMMAND...
	rm -f /run/bellman/control /tmp/ending.ready
	/usr/bin/python3 /tmp/ending.py &
	await exists /tmp/ending.ready
	exits "$@"
	wait $!
}
await -t 20 dead "$(cat $PIDFILE)"
ends "the agent ends: root sees the queue" 0 mailq
said "all of it" '^3 messages, '
ends "a user hears that none runs" 69 as alice mailq
said "and of no reset" 'no agent answers on /run/bellman/control .(No such file|Connection refused)'
ends "mailq --check: none runs" 1 mailq --check
said "and says so" 'no agent'
ends "sendmail -q by root: a pass is started" 0 sendmail -q
check "removed" sh -c 'mailq remove --all || { sleep 1; mailq remove --all; }'
# A list that is longer than a pipe, and cannot be read.
if [ -z "$SANITIZED$WATCHED" ]; then
	echo 'hold yes' >$CONF
	for n in $(seq 12); do
		{
			printf 'EHLO x\nMAIL FROM:<alice>\n'
			for k in $(seq 90); do printf 'RCPT TO:<%0200d@far.example>\n' "$n$k" | tr 0 x; done
			printf 'DATA\nSubject: x\n\nx\n.\nQUIT\n'
		} | sendmail -bs >/dev/null 2>&1
	done
	check "the list is longer than a pipe" test "$(mailq -v | wc -c)" -gt 100000
	ends "who cannot read it waits for nobody" 75 timeout -s KILL 20 strace -o /dev/null -e trace=read \
	    -e inject=read:error=EIO:when=1 /usr/bin/mailq -v
	said "and says why" "the agent's answer cannot be read: Input/output error"
fi
finish
