#!/bin/bash
# Nothing is resident when there is nothing to do: a service manager holds the
# sockets, and starts the agent when there is mail or somebody asks.
. "$(dirname "$0")/lib.sh"

SAID=/tmp/manager
echo 'alert every 15s' | config
rm -rf /run/bellman
# So many seconds it lives, longer than all that is awaited below.
/usr/bin/python3 "$TREE/tests/on_demand.py" $((200 * ${AWAIT_TIMES:-1})) /usr/sbin/deliver --idle >$SAID 2>&1 &
MANAGER=$!
await exists /run/bellman/activated
ended() { await -t 30 count $SAID "$1" 'end '; } # so many have come and gone
agent() { sed -n 's/^start //p' $SAID | tail -n 1; }

refute "nothing runs at first" grep start $SAID
printf 'Subject: one\n\nfirst\n' | submit alice bob >/tmp/err 2>&1
same "nobody is told that no agent runs" "" "$(cat /tmp/err)"
check "mail is delivered" await mbox /var/mail/bob 1
check "the agent was started for it" await text $SAID start
check "it says that it is ready" await text $SAID 'notify READY=1'
exits "mailq works" 0 as alice mailq
check "it leaves by itself" ended 1
same "in good order" "end $(agent) 0" "$(grep '^end' $SAID | tail -n 1)"
check "and says so first" grep 'notify STOPPING=1' $SAID
check "the sockets are still the manager's" test -S /run/bellman/control -a -S /run/bellman/submit

exits "mailq has it started" 0 as alice mailq
said "and gets an answer" 'queue is empty'
same "by the second agent" 2 "$(grep -c '^start' $SAID)"

# One who has no group, with an agent that would leave: it stays for the dialogue.
mkfifo /tmp/talk
setpriv --reuid=alice --regid=alice --init-groups --reset-env --no-new-privs \
	/usr/sbin/sendmail bob </tmp/talk >/tmp/err 2>&1 &
TALKER=$!
exec 7>/tmp/talk
printf 'Subject: two\n\n' >&7
before=$(agent)
refute "it stays while somebody writes a message" await -t 14 dead "$before"
echo second >&7
exec 7>&-
wait $TALKER
same "who is told that it is queued" 0 $?
check "it is delivered" await mbox /var/mail/bob 2
same "by the same agent" "$before" "$(agent)"
check "then it leaves, too" ended 2

# root starts no pass of his own beside it, and a pass does not take the sockets.
printf 'Subject: three\n\nthird\n' | sendmail bob
check "root's is delivered" await mbox /var/mail/bob 3
check "and the agent leaves" ended 3
check "a pass is made beside it" deliver -q
exits "and the manager still listens" 0 as alice mailq
check "until it leaves" ended 4
exits "a daemon by hand is not started beside it" 71 deliver
said "and says why" 'systemd listens'

# An alert that is to be told at its time has somebody to tell it then.
same "nobody has been started for nothing" 4 "$(grep -c '^start' $SAID)"
echo nothing >$SPOOL/drop/broken-1
check "an alert" await -t 20 text /var/mail/root broken-1
echo nothing >$SPOOL/drop/broken-2
check "the next of its kind, when its time has come" await -t 40 text /var/mail/root broken-2
check "then the agent leaves" ended 5
kill $MANAGER
wait $MANAGER 2>/dev/null
finish
