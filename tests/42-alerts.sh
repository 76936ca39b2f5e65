#!/bin/bash
# What is wrong with mail is told by another road than mail: the log, the
# mailbox of postmaster on this machine, the terminals of its administrators,
# and mailq --check.
. "$(dirname "$0")/lib.sh"

C=/tmp/certs
S=/tmp/smtpd
M=/var/mail/root
SCREEN=/tmp/screen
SECRETS=/etc/bellman/secrets
"$TREE/tests/certs.sh" $C
(umask 077; echo right-word >/tmp/word)
useradd -K MAIL_DIR=/nonexistent -m -u 1003 -U -G adm -s /bin/bash carol 2>/dev/null

log_in() { # USER SCREEN: for the rest of the story
	local fd keys=/tmp/keys.$1
	mkfifo "$keys"
	"$O/tests/ptyuser" "$1" "$2" <"$keys" >"/tmp/session.$1" 2>&1 &
	exec {fd}>"$keys"
	await -t 35 text "/tmp/session.$1" ready
}
secret() {
	printf 'relay.example jdoe %s\n' "$1" >$SECRETS.new
	chown root:bellman-net $SECRETS.new
	chmod 640 $SECRETS.new
	mv $SECRETS.new $SECRETS
}
settings() { # LINES: the relay, and these
	{
		printf 'relay main {\n\thost relay.example 465\n\tca %s\n}\nretry 1h\n' $C/ca.pem
		printf '%s\n' "$@"
	} | config
}
restart() {
	stop_agent
	start_agent
}
forget() { # what was told, as after an hour
	stop_agent
	rm -f /var/lib/bellman/state.tdb
}
say() { # WORDS [TO...]: a message of bob's
	local words=$1
	shift
	printf 'Subject: %s\n\nthe text\n' "$words" | submit bob "${@:-ops@remote.example}"
}
times() { # WORDS FILE: lines that have them
	grep -c -e "$1" "$2" 2>/dev/null || :
}
alert() { # WHAT WORDS: it is told, once, in both places
	check "$1: on the terminal of one of adm" await text $SCREEN "$2"
	check "$1: in the mailbox of postmaster" await text $M "$2"
	same "$1: once" "1 1" "$(times "$2" $SCREEN) $(times "$2" $M)"
}
status() { # WHAT STATUS USER WORDS [ARGUMENT]: what a monitor gets
	exits "$1: mailq --check${5:-}" "$2" as "$3" mailq "--check${5:-}"
	said "$1: it says so" "$4"
	same "$1: one line" 1 "$(wc -l <$OUT)"
}
soon() { # WORDS [MESSAGE]: mailq --check says so within 20 s, mail coming in or not
	local n
	for n in $(seq 20); do
		[ -z "${2:-}" ] || say "$2" alice
		mailq --check | grep -q -e "$1" && return
		await -t 1 exists /nonexistent 2>/dev/null
	done
	return 1
}

status "no agent, a user" 3 alice '^unknown: no agent runs'
status "no agent, root" 0 root '^ok: nothing waits$'
check "carol, of adm, logs in" log_in carol $SCREEN
check "alice, not of adm, logs in" log_in alice /tmp/screen.alice

# A password that is refused.
smtpd 465 $S "cert=$C/right.pem,$C/right.key" wrapped user=jdoe,/tmp/word
secret wrong-word
settings
start_agent
status "all is well" 0 alice '^ok: nothing waits$'
say first
alert "AUTH refused" 'A relay cannot be used: main: '
check "it gives the server's words" grep -q -i '535' $SCREEN
check "and what to do" grep -q 'Mend its password' $SCREEN
same "the banner names the agent" 1 "$(times 'from bellman (uid' $SCREEN)"
check "one line in the log" grep -q -E 'agent: alert cause=held about=main seen=1 id=[0-9A-Z]+-1A text=".*535' $LOG
refute "nobody else's terminal" grep -q relay /tmp/screen.alice
status "held, a user" 2 alice '^critical: a relay cannot be used: main \(since [0-9]+[sm]\); 1 message waits, for '
refute "held: a user reads no word of the server's" grep -q 535 $OUT
status "held, root" 2 root '^critical: a relay cannot be used: main: .*535'
say second
check "the next message waits, too" await count $LOG 2 'status=4.7.8'
sendmail -q
check "and is tried again" await count $LOG 4 'status=4.7.8'
restart
status "after a restart" 2 root '^critical: .*; 2 messages wait, the oldest for '
sendmail -q
check "tried again" await count $LOG 6 'status=4.7.8'
status "it has looked" 2 root '^critical: '
same "no second alert" "1 1 1" "$(times 'A relay cannot' $SCREEN) $(times 'A relay cannot' $M) $(times 'alert cause=held' $LOG)"
refute "no bounce" test -e /var/mail/bob
secret right-word
sendmail -q
check "the right password: they go" drained
check "it is over: a line in the log" await text $LOG 'alert-over cause=held about=main'
status "it is over" 0 alice '^ok: nothing waits$'
stop_smtpd

# A certificate that is not right; a time within the hour is not told.
rm -rf $S
smtpd 465 $S "cert=$C/expired.pem,$C/expired.key" wrapped user=jdoe,/tmp/word
restart
say third
check "an expired certificate" await text $LOG 'the certificate expired'
status "held again" 2 root '^critical: .*the certificate expired'
same "within the hour: not told" "1 1" "$(times 'A relay cannot' $SCREEN) $(times 'A relay cannot' $M)"
forget
start_agent
sendmail -q
check "after the hour it is told" await count $SCREEN 2 'A relay cannot be used: main: '
stop_smtpd

# Too old.
forget
settings 'alert age 3s'
start_agent
alert "too old" 'Mail is stuck: 1 message waits, for '
status "too old" 1 alice '^warning: mail is stuck \(since .*1 message waits, for '
status "older than asked for" 1 alice '^warning: mail is stuck; ' =1s
status "younger than asked for" 0 alice '^ok: 1 message waits' =5h
exits "no age" 64 mailq --check=old
rm -rf $S
smtpd 465 $S "cert=$C/right.pem,$C/right.key" wrapped user=jdoe,/tmp/word
sendmail -q
check "it goes" drained
status "it is over" 0 alice '^ok: nothing waits$'
check "and the log says so" grep -q 'alert-over cause=age' $LOG

# Quarantine.
broken() { # NAME: a file that is no message
	echo "nothing of ours" >"$SPOOL/drop/$1"
}
settings
restart
broken broken-1
alert "quarantine" 'A file of the queue cannot be used and was put aside'
status "quarantine" 1 alice '^warning: a file of the queue cannot be used and was put aside \(since '
broken broken-2
check "another within the hour" await files $SPOOL/quarantine 2
status "another" 1 root '^warning: .*broken-2'
same "it is not told" 1 "$(times 'and was put aside' $SCREEN)"
rm $SPOOL/quarantine/*
status "when the folder is empty it is over" 0 alice '^ok: '
check "the log says so" grep -q 'alert-over cause=quarantine about=-' $LOG

# A program that writes to somebody's terminal without end.
settings 'terminal-rate 1 1'
restart
{
	printf 'EHLO x\r\n'
	for n in $(seq 110); do printf 'SEND FROM:<bob>\r\nRCPT TO:<carol>\r\nRSET\r\n'; done
	printf 'QUIT\r\n'
} | as bob /usr/sbin/sendmail -bs >/tmp/said
check "a runaway program is refused" grep -q '^450 4.7.1' /tmp/said
alert "a runaway program" 'A program sends more than can be right: uid 1002'
status "a runaway program" 1 alice '^warning: a program sends more than can be right'
stop_agent
rm -f /var/lib/bellman/state.tdb

# A bounce that nobody takes: postmaster's mailbox is too small for it.
settings "mailbox-size $(($(stat -c %s $M) / 1024 + 4))K"
restart
{
	printf 'Subject: large\n\n'
	yes 'a line of the text' | head -n 400
} | submit bob -f '' nosuchuser
alert "a dropped bounce" 'A report of failure has reached nobody: '
check "the log has that line" grep -q 'bounce-dropped' $LOG
status "dropped" 1 alice '^warning: a report of failure has reached nobody'
same "it is told of no alert's own message" 1 "$(times 'alert cause=dropped' $LOG)"

# The mailbox takes nothing at all: the log, and the terminal alone.
forget
rm -f $M
mkdir $M
settings
start_agent
broken broken-3
check "no mailbox: the log" await text $LOG '1A: alert-unstored '
check "no mailbox: the terminal" await text $SCREEN '[Alert of mail.example: a file of the queue'
same "no mailbox: one alert" 1 "$(times 'alert cause=.*broken-3' $LOG)"
same "no mailbox: on the terminal, once" 1 "$(times '\[Alert of mail.example: a file' $SCREEN)"
rmdir $M
restart
shown=$(times 'Alert of mail.example: a file' $SCREEN)
sendmail -q
check "when there is one again: it is stored" await text $M 'broken-3'
check "no mailbox: drained" drained
same "no mailbox: and is not shown again" "$shown" "$(times 'Alert of mail.example: a file' $SCREEN)"
stop_agent
rm -f $SPOOL/quarantine/*

# The disk.
forget
mv $SPOOL $SPOOL.away
mkdir -m 755 $SPOOL
mount -t tmpfs -o size=8m,mode=755 small $SPOOL
install -d -o bellman -g bellman -m 1770 $SPOOL/drop
install -d -o bellman -g bellman -m 700 $SPOOL/queue $SPOOL/quarantine
settings 'alert disk 4M' 'limits free-space 64K'
start_agent
say 'there is room' alice
check "there is room" drained
status "there is room" 0 alice '^ok: '
head -c 6M /dev/zero >$SPOOL/fill
check "it is seen when mail comes" soon '^critical' 'hardly any room'
alert "hardly any room" 'The disk of the spool is nearly full: '
check "mail still goes" await text /var/mail/alice 'hardly any room'
status "hardly any room" 2 alice '^critical: the disk of the spool is nearly full'
rm $SPOOL/fill
status "there is room again" 0 alice '^ok: '
check "the log says so" grep -q 'alert-over cause=disk' $LOG
stop_agent
umount $SPOOL
rmdir $SPOOL
mv $SPOOL.away $SPOOL

# Off.
forget
: >$LOG
: >$SCREEN
rm -f $M
settings 'alert off'
start_agent
broken broken-4
check "off: the file is put aside" await files $SPOOL/quarantine 1
status "off: who asks is told" 1 alice '^warning: a file of the queue'
say 'the end' alice
check "off: mail goes" await text /var/mail/alice 'the end'
check "off: drained" drained
same "off: nothing is told" "0 0" "$(times 'agent: alert' $LOG) $(times 'put aside' $SCREEN)"
refute "off: no mail" test -e $M
rm $SPOOL/quarantine/*

# No agent stays: what a pass leaves, it tells.
stop_agent
stop_smtpd
settings 'alert age 1s'
say fourth 2>/dev/null
status "no agent, mail waits" 1 root '^warning: no agent runs .*; 1 message waits, for '
check "its second is over" soon 'mail is stuck'
check "a pass" timeout 30 deliver -q
check "it tells what is stuck" grep -q 'Mail is stuck: 1 message waits' $M
check "a second pass" timeout 30 deliver -q
same "is silent" 1 "$(times 'Mail is stuck' $M)"
status "no agent, it is stuck" 1 root '^warning: no agent runs .*; mail is stuck; 1 message waits, for '
status "no agent, a user" 3 alice '^unknown: '
finish
