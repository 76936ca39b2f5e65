#!/bin/bash
# Out by SMTP to a relay: what the server gets, what comes back.
. "$(dirname "$0")/lib.sh"

S=/tmp/smtpd
smtpd 2525 $S
pause=5m # where all is slow the first two are over before the restart
[ -z "${WATCHED:-}" ] || pause=1m
{
	relay 2525
	echo "retry 2s 2s $pause"
} | config
start_agent

submit alice -t <<'X'
To: Bob <bob@remote.example>
Cc: ann@remote.example
Bcc: secret@remote.example
Subject: three of them

.dot at the start
From the bellman
Bcc: text
X
check "the server has it" await exists $S/1.msg
m=$S/1.msg
check "the envelope's sender" grep -q -x 'MAIL FROM:<alice@mail.example>' $m
same "the envelope has all three" "ann@remote.example bob@remote.example secret@remote.example" \
    "$(sed -n 's/^RCPT TO:<\(.*\)>$/\1/p' $m | sort | tr '\n' ' ' | sed 's/ $//')"
refute "no Bcc field" sh -c "sed '1,/^\$/d' $m | sed '/^.\$/q' | grep -qi '^bcc:'"
check "a dot at the start is as it was" grep -q -a -P '^\.dot at the start\r$' $m
check "From is not quoted on the way" grep -q -a -P '^From the bellman\r$' $m
check "lines end in CRLF, all of them" sh -c "test \"\$(sed '1,/^\$/d' $m | grep -c -v -P '\r\$')\" = 0"
check "the spool is empty" drained

# One connection for what waits together.
stop_agent
: >$S/log
for n in 1 2 3 4 5; do
	printf 'Subject: batch %s\n\n%s\n' $n $n | submit bob "user$n@remote.example" 2>/dev/null
done
start_agent
check "five messages that waited" drained
same "came" 5 "$(grep -c '^DATA 250' $S/log)"
check "over fewer connections than messages" test "$(grep -c '^connect' $S/log)" -lt 5

# Some yes, some no, some later; the no comes back to the sender.
: >$S/log
printf 'Subject: mixed\n\nthe text\n' | submit alice yes@remote.example no@remote.example later@remote.example
check "yes gets it" await text $S/log 'DATA 250'
check "no comes back" await mbox /var/mail/alice 1
check "the bounce names who" grep -q 'no@remote.example' /var/mail/alice
check "and what the server said" grep -q 'nobody of that name' /var/mail/alice
check "it has a null sender" grep -q -x -i 'Return-Path: <>' /var/mail/alice
check "it is a report of RFC 3464" grep -q -i 'report-type="\?delivery-status' /var/mail/alice
check "with its status" grep -q -E '^Status: 5\.1\.1' /var/mail/alice
refute "yes is not in it" grep -q 'Final-Recipient: rfc822; *yes@' /var/mail/alice
check "later waits" test -n "$(ls $SPOOL/queue)"
check "mailq shows it, and why" sh -c "mailq | grep -q later@remote.example && mailq | grep -q 'not now'"

stop_agent
: >$S/accept
start_agent
check "a restart later it is accepted" drained
same "yes got it once" 1 "$(grep -c '^RCPT yes@' $S/log)"
same "no was asked once" 1 "$(grep -c '^RCPT no@' $S/log)"
same "later was asked until it was taken" 1 "$(grep -c '^RCPT later@.* 250' $S/log)"

printf 'Subject: bad\n\nrefused at the dot\n' | submit bob bounce@remote.example
check "refused at the dot: it comes back" await mbox /var/mail/bob 1
check "with the reason" grep -q 'content refused' /var/mail/bob
check "and the text" grep -q 'refused at the dot' /var/mail/bob

printf 'Subject: null\n\nx\n' | submit bob -f '<>' no@remote.example
check "a bounce of a bounce is not made" drained
same "bob got no second one" 1 "$(messages /var/mail/bob)"

# Nobody answers: it waits, and says so.
stop_smtpd
printf 'Subject: down\n\nx\n' | submit alice bob@remote.example
check "a relay that is down: it waits" await text $LOG 'refused'
check "and stays in the queue" test -n "$(ls $SPOOL/queue)"
rm -f $S/ready $S/*.msg
smtpd 2525 $S
sendmail -q
check "sendmail -q tries it now" drained
stop_smtpd
stop_agent

# Servers that take connections and say nothing, beside one that works.
silence() { # ADDRESS PORT MANY: /tmp/silent.many is there when so many came
	rm -rf $S /tmp/silent.*
	smtpd 2525 $S
	/usr/bin/python3 -c '
import signal, socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=4000)
open("/tmp/silent.ready", "w").close()
taken = [s.accept() for i in range(int(sys.argv[3]))]
open("/tmp/silent.many", "w").close()
signal.pause()' "$@" &
	silent=$!
	await exists /tmp/silent.ready
}
silence_ends() {
	kill $silent
	wait $silent 2>/dev/null
	stop_smtpd
	rm -rf $SPOOL/queue/*
}
wait_there() { ls $SPOOL/queue; }
# What has come since OTHERS were looked at has gone, which is a moment after its
# server has it.
has_gone() {
	local id
	for id in $(wait_there | grep -v -x -F -e "$OTHERS"); do await gone "$SPOOL/queue/$id"; done
}

# Four hundred for a server that takes connections and says nothing, then one
# for another: it waits for none of them.
silence 127.0.0.1 2527 0
{
	relay 2525
	printf 'relay stalls {\n\thost 127.0.0.1 2527\n\ttls never\n}\n'
	echo 'route domain stalls.example relay stalls'
} | config
session 400 bob@stalls.example >/dev/null
deliver -q 2>/dev/null &
await -t 30 empty $SPOOL/drop
start_agent
check "a pass that waits for them gives way to the agent" test -S /run/bellman/control
check "four hundred wait for a server that is silent" await -t 30 empty $SPOOL/drop
OTHERS=$(wait_there)
submit alice bob@remote.example <<<'Subject: at once'
check "one for another server goes at once" await -t 20 exists $S/1.msg
has_gone
same "none of the others has ended" "400 $OTHERS" "$(wait_there | wc -l) $(wait_there)"
stop_agent
silence_ends

# One message for a thousand such servers: no mail for another waits for them.
silence 0.0.0.0 25 150
{
	printf 'relay work {\n\thost 127.0.0.1 2525\n\ttls never\n}\n'
	echo 'route domain remote.example relay work'
} | config
for n in $(seq 1000); do echo "bob@[127.1.$((n / 250)).$((n % 250 + 1))]"; done >/tmp/thousand
start_agent
submit alice $(cat /tmp/thousand) <<<'Subject: to a thousand'
check "one message for a thousand servers that are silent" await -t 30 exists /tmp/silent.many
OTHERS=$(wait_there)
submit alice bob@remote.example <<<'Subject: at once'
check "one for a relay goes at once" await -t 20 exists $S/1.msg
has_gone
same "the other has not ended" "1 $OTHERS" "$(wait_there | wc -l) $(wait_there)"
stop_agent
silence_ends

# SEND, SOML and SAML go on where the route allows it and the server lists them.
for offered in terminals plain; do
	for passed in yes no; do
		rm -rf $S
		smtpd 2525 $S $offered
		printf 'relay main {\n\thost 127.0.0.1 2525\n\ttls never\n\tterminal %s\n}\n' $passed | config
		start_agent
		for verb in send soml saml; do
			printf 'Subject: %s\n\nx\n' $verb |
				submit alice -O Terminal=$verb far@remote.example
		done
		check "$offered, terminal $passed: the spool is empty" drained
		case "$offered $passed" in
		"terminals yes") want="SAML SEND SOML" messages=3 ;;
		*) want="" messages=2 ;; # SOML and SAML as mail
		esac
		same "$offered, terminal $passed: by which verbs" "$want" "$(grep -E -x 'S[AEO][MN][DL]' $S/log | sort | xargs)"
		same "$offered, terminal $passed: so many messages" $messages "$(grep -c '^DATA 250' $S/log)"
		same "$offered, terminal $passed: SEND comes back" $((3 - messages)) "$(grep -s -c '^Status: 5.3.3' /var/mail/alice)"
		rm -f /var/mail/alice
		stop_agent
		stop_smtpd
	done
done

# A server of another make: Postfix's smtp-sink, slow and without PIPELINING.
if [ -x "$O/smtp-sink/smtp-sink" ]; then
	mkdir /tmp/sink
	LD_LIBRARY_PATH=$O/smtp-sink "$O/smtp-sink/smtp-sink" -u bob -p -d /tmp/sink/m 127.0.0.1:2526 100 2>/tmp/sink.err &
	sink=$!
	chown bob /tmp/sink
	await port 2526 || cat /tmp/sink.err
	relay 2526 | config
	start_agent
	for n in 1 2 3 4 5 6 7 8 9 10; do
		printf 'Subject: %s\n\n.\n..\nend %s\n' $n $n | submit alice -i "u$n@remote.example"
	done
	check "smtp-sink takes ten" drained
	same "it has ten" 10 "$(cat /tmp/sink/* | grep -c '^end ')"
	check "dots are doubled on the wire" grep -q -P '^\.\.\r?$' /tmp/sink/*
	kill $sink
	wait $sink 2>/dev/null
	stop_agent
else
	skip "smtp-sink: it could not be fetched"
fi
finish
