#!/bin/bash
# More kills at system calls: a second one while the first is mended, the map of
# the aliases while it is built, and a command.
. "$(dirname "$0")/lib.sh"
MOST=1
. "$(dirname "$0")/kills.sh"

# Twice: the process that looks for what the first one left is killed, too, at a
# call of any kind that a whole delivery makes.
RANDOM=58
undisturbed '' '' >/tmp/all 2>/dev/null
recover() {
	local name most
	sed -n "$((RANDOM % $(wc -l </tmp/all) + 1))p" /tmp/all | read -r name most
	timeout -s KILL 20 strace -f -o /tmp/two -e "trace=$CALLS" \
	    -e "inject=$name:signal=KILL:when=$((RANDOM % most + 1))" deliver -q
	deliver -q
}
all() { [ -n "${KILL_MOST:-}" ]; } # make check-faults; else a sample of them
LEAST=3
{
	all && disturb '' '-P /var/mail/bob'
	disturb '' "-P $SPOOL/queue -P $SPOOL/queue/.intents"
} >/dev/null 2>&1
outcome "twice, mbox" cat /var/mail/bob
rm -f /var/mail/bob
{
	disturb 'local maildir ~/Maildir' '-P /home/bob/Maildir/new'
	all && disturb 'local maildir ~/Maildir' "-P $SPOOL/queue -P $SPOOL/queue/.intents"
} >/dev/null 2>&1
outcome "twice, Maildir" sh -c 'cat /home/bob/Maildir/new/*'
recover() { deliver -q; }

# The map of the aliases, which is built when its source is another: whoever is
# killed, no mail is lost or comes back, and the next map is whole.
fill_plain=$(declare -f fill)
eval "plain_$fill_plain"
TO=team FROM=alice
fill() {
	local n
	plain_fill "$@"
	{
		echo 'team: bob'
		for ((n = 0; n < 300; n++)); do echo "a$n: $1"; done
	} >/etc/aliases
}
disturb '' '-P /var/lib/bellman/aliases.tdb -P /var/lib/bellman/aliases.tdb.new -P /etc/aliases' >/dev/null 2>&1
outcome "aliases" cat /var/mail/bob
refute "aliases: none comes back" test -s /var/mail/alice
refute "aliases: no map is damaged" grep -q cache-renewed $LOG
same "aliases: nothing half is left" "" "$(ls /var/lib/bellman | grep new)"

# The same by newaliases, in an agent that stays.
undisturbed '' '-P /var/lib/bellman/aliases.tdb -P /var/lib/bellman/aliases.tdb.new' >/tmp/calls 2>/dev/null
rm -f /var/mail/bob
marks='' n=0 i=0 met=0
while read -r name most; do
	[ "$most" -le "$MOST" ] || most=$MOST
	all || [ $((i++ % 3)) = 0 ] || continue
	for ((k = 1; k <= most; k++)); do
		n=$((n + 1)) total=$((total + 1))
		echo "team: bob" >/etc/aliases
		start_agent
		mailq >/dev/null # it answers: the queue is there
		rm -f /tmp/one /tmp/attached
		strace -o /tmp/one -P /var/lib/bellman/aliases.tdb -P /var/lib/bellman/aliases.tdb.new \
		    -e "trace=$CALLS" -e "inject=$name:signal=KILL:when=$k" \
		    -p "$(role_pid queue)" 2>/tmp/attached &
		await -t 10 text /tmp/attached attached
		printf 'team: bob\nnew%s: bob\n' $n >/etc/aliases
		newaliases >/dev/null 2>&1
		printf 'Subject: s\n\nfirst of n%s\nlast of n%s\n' $n $n | sendmail -i team
		marks="$marks n$n"
		await -t 20 empty $SPOOL/drop $SPOOL/queue >/dev/null 2>&1
		! grep -q 'killed by SIGKILL' /tmp/one || met=$((met + 1))
		stop_agent
		wait
	done
done </tmp/calls 2>/dev/null
cp /var/mail/bob /tmp/got
check "newaliases: there were kills" test $met -ge 2
# shellcheck disable=SC2086
same "newaliases: each message is there once and whole ($n kills)" "" "$(bad $marks)"
kills=$n
figures newaliases $marks
kills=0
refute "newaliases: no map is damaged" grep -q cache-renewed $LOG
same "newaliases: the spool is empty" "" "$(find $SPOOL -type f)"
eval "$fill_plain"
marks='' met=0
rm -f /var/mail/bob /etc/aliases

# What may come twice, and is never lost: /tmp/got.
none_lost() { # WHAT
	local mark lost=
	for mark in $marks; do
		grep -q "^last of $mark\$" /tmp/got || lost="$lost $mark"
	done
	same "$1: none is lost ($kills kills)" "" "$lost"
	same "$1: the spool is empty" "" "$(find $SPOOL -type f)"
	same "$1: nothing hangs" 0 $hung
	# shellcheck disable=SC2086
	figures "$1" $marks
	kills=0 met=0 hung=0 marks=
}
# A command is no transaction: killed in its middle it runs again.
TO=bob FROM=
cat >/usr/local/bin/keep <<'X'
#!/bin/sh
cat >"$HOME/kept.$$" && mv "$HOME/kept.$$" "$HOME/got.$$.$(date +%N)"
X
chmod 755 /usr/local/bin/keep
echo '|/usr/local/bin/keep' >/home/bob/.forward
chown bob:bob /home/bob/.forward
disturb '' "-P $SPOOL/queue -P $SPOOL/queue/.intents" >/dev/null 2>&1
cat /home/bob/got.* >/tmp/got
none_lost "a command"
rm -f /home/bob/.forward

# Nor is SMTP, when the server's last answer was not heard (RFC 1047).  Most of these
# calls are those of net.
TO=far@far.example
smtpd 2525 /tmp/smtp >/dev/null
CALLS=connect,sendto,recvfrom
all && CALLS=$CALLS,socket,socketpair,sendmsg,recvmsg,pread64,read,write,writev,close,epoll_ctl,setsockopt
disturb "$(relay 2525)" '' >/dev/null 2>&1
check "SMTP: the kills met a process" test "$met" -ge $((kills * 9 / 10)) -a "$kills" -ge 3
sed 's/\r$//' /tmp/smtp/*.msg >/tmp/got
same "SMTP: each is whole" "$(grep -c '^first of' /tmp/got)" "$(grep -c '^last of' /tmp/got)"
none_lost SMTP
stop_smtpd

echo "# $total kills in all"
finish
