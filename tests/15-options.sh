#!/bin/bash
# Every flag that callers of Sendmail, Postfix, Exim and the small ones write,
# as an ordinary user through the set-gid program: `sendmail FLAG rcpt` with a
# message on standard input either queues it, or says that it does not.
. "$(dirname "$0")/lib.sh"

echo 'hold yes' >$CONF # what is queued stays, and no agent is missed
printf 'Subject: s\n\nhi\n' >/tmp/message

row() { # STATUS QUEUED FLAG...: of `sendmail FLAG... rcpt`
	local status=$1 queued=$2 rc n
	shift 2
	as alice /usr/sbin/sendmail "$@" bob@remote.example </tmp/message >/tmp/said 2>&1
	rc=$?
	n=$(grep -l -s -x hi $SPOOL/drop/* | wc -l)
	printf 'status %s, %s queued, said: %s\n' "$rc" "$n" "$(cat /tmp/said)" >"$OUT"
	rm -f $SPOOL/drop/*
	if [ "$rc" != "$status" ] || [ "$n" != "$queued" ]; then
		fail "$* -> $status, $queued queued"
	elif [ "$status" = 0 ] && [ -s /tmp/said ]; then
		fail "$*: silent when all is well"
	elif [ "$status" != 0 ] && [ "$(grep -c '^sendmail: .*[^ ]' /tmp/said)" != 1 ]; then
		fail "$*: one sentence"
	else pass "$* -> $status, $queued queued"; fi
}

# accepted: the message is queued, and nothing is said
row 0 1
row 0 1 -Ac
row 0 1 -Am
row 0 1 -A c
row 0 1 -B 8BITMIME
row 0 1 -B8BITMIME
row 0 1 -B 7BIT
row 0 1 -bm
row 0 1 -c
row 0 1 -d
row 0 1 -d0.1
row 0 1 -d21.12,8.99
row 0 1 -e m
row 0 1 -em
row 0 1 -ep
row 0 1 -eq
row 0 1 -ew
row 0 1 -ee
row 0 1 -E
row 0 1 -F 'Full Name'
row 0 1 -FName
row 0 1 -F ''
row 0 1 -f alice@other.example
row 0 1 -falice@other.example
row 0 1 -f alice
row 0 1 -f '<>'
row 0 1 -f ''
row 0 1 -f '<alice@other.example>'
row 0 1 -G
row 0 1 -h 5
row 0 1 -h5
row 0 1 -i
row 0 1 -J
row 0 1 -Jx
row 0 1 -L tag
row 0 1 -Ltag
row 0 1 -Mxvalue
row 0 1 -M xvalue
row 0 1 -m
row 0 1 -N failure,delay
row 0 1 -Nnever
row 0 1 -n
row 0 1 -O Timeout.queuereturn=5d
row 0 1 -OIgnoreDots=true
row 0 1 -O NoSuchOption=/strange
row 0 1 -O AliasFile=/strange
row 0 1 -o7
row 0 1 -oA/strange
row 0 1 -odi
row 0 1 -odb
row 0 1 -odq
row 0 1 -odd
row 0 1 -oem
row 0 1 -oep
row 0 1 -oeq
row 0 1 -oew
row 0 1 -oee
row 0 1 -oi
row 0 1 -o i
row 0 1 -om
row 0 1 -os
row 0 1 -oS/strange
row 0 1 -oT3d
row 0 1 -oY
row 0 1 -p smtp:host
row 0 1 -psmtp
row 0 1 -R full
row 0 1 -Rhdrs
row 0 1 -r alice@other.example
row 0 1 -ralice@other.example
row 0 1 -S
row 0 1 -s
row 0 1 -T
row 0 1 -U
row 0 1 -V envid
row 0 1 -Vab
row 0 1 -x
row 0 1 -f one@a.example -f two@a.example
row 0 1 -itm
row 0 1 -iF Name
row 0 1 -iFName
row 0 1 --
row 0 1 -i --
row 0 1 -O Terminal=mail
row 0 1 -O Terminal=soml
row 0 1 -O 'Terminal = SAML'

# refused: a wrong word
row 64 0 -B junk
row 64 0 -B ''
row 64 0 -N junk
row 64 0 -N never,delay
row 64 0 -R junk
row 64 0 -V ''
row 64 0 -O Terminal=junk
row 64 0 -f 'a b@c'
row 64 0 -y
row 64 0 -iy
row 64 0 --help
row 64 0 --version

# refused: the caller would believe that something happened which does not
row 64 0 -ba
row 64 0 -bC
row 64 0 -bD
row 64 0 -bd
row 64 0 -bh
row 64 0 -bH
row 64 0 -bi
row 64 0 -bP
row 64 0 -bp
row 64 0 -bs
row 64 0 -bt
row 64 0 -bX
row 64 0 -bmm
row 64 0 -I
row 64 0 -q
row 64 0 -qf
row 77 0 -qp
row 77 0 -qp30m
row 77 0 -q30m
row 64 0 -qIid
row 64 0 -qRsub
row 64 0 -qSsub
row 64 0 '-q!Iid'
row 64 0 -qQ
row 64 0 -qGgroup
row 64 0 -qL
row 64 0 -Qreason
row 78 0 -C /strange
row 78 0 -C/etc/shadow
row 78 0 -D /strange
row 78 0 -X /strange
row 78 0 -oQ/strange
row 78 0 -O QueueDirectory=/strange
row 78 0 -OQueueDirectory=/strange
row 69 0 -bv

same "none of them has written a file" '' "$(find / /home/alice /tmp -maxdepth 1 -name 'strange*')"

# what the flags do to the envelope
env() { # WHAT PATTERN FLAG...
	local what=$1 pattern=$2
	shift 2
	submit alice "$@" bob@remote.example </tmp/message
	check "$what" grep -q -x -e "$pattern" $SPOOL/drop/*
	rm -f $SPOOL/drop/*
}
env "two -f: the last one wins" 'from <two@a.example>' -f one@a.example -r two@a.example
env "-f with <>: the null path" 'from <>' -f '<>'
env "-f with an empty word: the null path" 'from <>' -f ''
env "-f with a bare name: qualified" 'from <carol@mail.example>' -f carol
env "-odq waits for -q" 'wait' -odq
env "-odi takes -odq back" 'kind MAIL' -odq -odi
env "-N" 'to <bob@remote.example> notify=FAILURE,DELAY.*' -N failure,delay
env "-R" 'ret HDRS' -R hdrs
env "-V" 'envid x+2By' -V x+y
env "-O Terminal" 'kind SOML' -O Terminal=soml
env "-F" 'From: Full Name <alice@mail.example>' -F 'Full Name'

# errors: -oeq leaves only the status
as alice /usr/sbin/sendmail -oeq -f 'a b@c' bob </tmp/message >/tmp/said 2>&1
same "-oeq: the status says it" 64 $?
same "-oeq: and nothing else" "" "$(cat /tmp/said)"

# names
names=(sendmail send-mail rmail-of-old '')
[ -z "${WATCHED:-}" ] || { skip "memcheck finds a program by its name"; names=(sendmail); }
for name in "${names[@]}"; do
	as alice bash -c 'exec -a "$1" /usr/sbin/sendmail bob@remote.example' - "$name" </tmp/message
	check "called \"$name\": sends" grep -q -s -x hi $SPOOL/drop/*
	rm -f $SPOOL/drop/*
done
as_name() { as alice bash -c 'exec -a "$0" /usr/sbin/sendmail "$@"' "$@"; }
exits "newaliases: done, for package scripts" 0 as_name newaliases
said "and says that there is nothing to do" 'nothing to rebuild now'
exits "sendmail -bi: the same" 0 submit alice -bi
exits "sendmail -I: the same" 0 submit root -I
exits "mailq without an agent: 69" 69 as_name mailq
said "and says what to start" 'start deliver'
exits "mailq of root without an agent: it looks itself" 0 /usr/sbin/sendmail -bp
exits "-bv without an agent: 69" 69 submit alice -bv bob
said "and says what to start" 'start deliver'
exits "an interval is root's" 77 submit alice -q30m
said "and deliver's" 'deliver\(8\)'
exits "an interval, by root: what to use" 64 /usr/sbin/sendmail -q30m
said "with the setting" 'retry'
exits "-bd -q30m: what to use" 64 submit root -bd -q30m
said "which is deliver" 'deliver\(8\)'

# with an agent
: >$CONF
start_agent
exits "mailq: an empty queue" 0 as_name mailq
said "says so" 'The queue is empty'
exits "-bv: a user" 0 submit alice -bv bob
said "who he is" 'bob is the user bob'
said "which mailbox" 'mailbox: mbox /var/mail/bob'
said "terminals" 'terminals: not logged in'
said "and from whom" 'sender: alice@mail.example'
exits "-bv: nobody" 67 submit alice -bv nobody-here
said "says so" 'no such user'
exits "-bv: one of two is nobody" 67 submit alice -bv nobody-here bob
exits "-bv: not an address" 67 submit alice -bv 'a b@c'
exits "-bv: to another machine" 0 submit alice -bv eve@far.example
said "which way" "its domain's own servers \(MX\)"
said "and how safe it is" 'TLS: by DANE'
exits "-bv: a sender of its own" 0 submit alice -f x@y.example -bv bob
said "which is told" 'sender: x@y.example'

verbose() { timeout 20 setpriv --reuid=alice --regid=alice --init-groups --reset-env /usr/sbin/sendmail -v "$@"; }
exits "-v: tells what becomes of it, and then ends" 0 verbose bob </tmp/message
said "it is delivered" '<bob@mail.example> delivered: '
exits "-v: to nobody" 0 verbose nobody-here </tmp/message
said "it failed" '<nobody-here@mail.example> failed: there is no such user'
exits "-v: nowhere to go" 0 verbose eve@far.example </tmp/message
said "it is deferred" 'deferred: far.example: MX'
said "and waits" 'waits; it will be tried again'
exits "-v -odq" 0 verbose -odq bob </tmp/message
said "waits for -q" 'waits until somebody asks'

# -q with a selection
rm -f /var/mail/bob /var/mail/alice
check "alice's message waits" await -t 10 files $SPOOL/queue 2
submit alice -odq alice </tmp/message
submit bob -odq -f other@x.example bob </tmp/message
check "more wait" await -t 10 files $SPOOL/queue 4
exits "-qS of another's sender, by alice" 0 submit alice -qSother@
exits "-qR of another's recipient, by alice" 0 submit alice '-q!Ralice'
check "gives bob alice's message" await -t 10 mbox /var/mail/bob 1
check "bob's own still waits, which she cannot ask for" grep -q -s '^from <other@x' $SPOOL/queue/*
exits "-qS by root" 0 /usr/sbin/sendmail -qSOther@
check "gives bob his own" await -t 10 mbox /var/mail/bob 2
refute "alice had nothing yet" test -e /var/mail/alice
exits "-qI of no such id" 0 submit alice -qIoooo
id=$(grep -l '^to <alice@' $SPOOL/queue/*)
exits "-qI" 0 submit alice "-qI${id##*/}"
check "gives alice hers" await -t 10 mbox /var/mail/alice 1
exits "-q: everything" 0 submit alice -q
exits "-qf: the same" 0 submit alice -qf
finish
