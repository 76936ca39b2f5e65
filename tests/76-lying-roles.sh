#!/bin/bash
# A process of the agent that has been taken over says to each other one it can
# reach what it must not: nonsense, what another role may say, what does not
# parse.  One end of that channel ends and comes again, the others live, and what
# waits is delivered.
#
# Who can reach whom says the table of deliver/ipc.c, and the last rows compare.  The
# parent is among the liars only to see that nobody believes him either.  A user's
# process and tty know the queue alone, not even the parent; mime and token nobody:
# what they could lie by is what they print, a text for a server that must not end
# early (here) and a token that must not hold another field (37).  submit has its
# caller's socket, and speaks an octet to him (55).
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/held.sh"
. "$TREE/tests/ttys.sh"
[ -z "$SANITIZED" ] || { skip "with a sanitizer system calls cannot be injected"; finish; }
[ "$(uname -m)" = x86_64 ] || { skip "calls are injected on x86-64 only"; finish; }

# The descriptor by which PID is joined to PEER, by the kernel's word.
channel() { # PID PEER
	ss -xap 2>/dev/null | awk -v pid="$1" -v peer="$2" '
		$1 == "u_seq" && match($0, /pid=[0-9]+,fd=[0-9]+/) {
			split(substr($0, RSTART, RLENGTH), w, /[=,]/)
			for (i = 2; i < NF; i++) if ($i == "*" || $i ~ /^\//) { n[++k] = $(i + 1); i++ }
			owner[n[k - 1]] = w[2]; fd[n[k - 1]] = w[4]; other[n[k - 1]] = n[k]
		}
		END { for (i in owner) if (owner[i] == pid && owner[other[i]] == peer) print fd[i] }'
}
# Types by their number: the order of enum ipc_type.
declare -A NUMBER
n=0
while read -r name; do
	NUMBER[$name]=$n
	n=$((n + 1))
done < <(sed -n '/^enum ipc_type/,/^}/s/^\t\(IPC_[A-Z0-9_]*\).*/\1/p' "$TREE/deliver/ipc.h")
le() { printf "%0$((2 * $1))x" "$2" | fold -w 2 | tac | tr -d '\n'; } # OCTETS NUMBER
packet() { # TYPE REF BODY
	printf '%s0000%s%s' "$(le 2 "${NUMBER[$1]:-$1}")" "$(le 4 "$2")" "$3"
}
string() { printf '%s%s' "$(le 2 "${#1}")" "$(printf '%s' "$1" | od -An -tx1 | tr -d ' \n')"; }
SEEN=
to() { SEEN="$SEEN$1 $2"$'\n'; } # LIAR PEER: one of the pairs
said_to() { # PID PEER PACKET
	local fd
	fd=$(channel "$1" "$2")
	[ -n "$fd" ] || { echo "no channel from $1 to $2"; return 1; }
	"$O/tests/inject" "$1" write "$fd" "hex:$3" $((${#3} / 2))
}

printf 'local-domains mail.example\n' | cat - <(relay 1) | config
pids() { queue=$(role_pid queue) net=$(role_pid net) dns=$(role_pid dns); }
all() { # each of them is there, joined to the others
	local i
	for ((i = 0; i < 400; i++)); do
		pids
		[ -n "$queue" ] && [ -n "$net" ] && [ -n "$dns" ] &&
			[ -n "$(channel "$net" "$queue")" ] && [ -n "$(channel "$net" "$dns")" ] && return
		sleep 0.05
	done
	return 1
}
N=0
works() { # and so does the mail
	N=$((N + 1))
	printf 'Subject: w\n\nlast of s%s\n' $N | submit alice bob
	await -t 30 text /var/mail/bob "last of s$N"
}

# The parent may have ended it before it was let go.
told() { [ "$1" = ok ] || [ "$1" = "inject: it has ended" ]; }
tells() { # WHAT LIAR PEER ENDS PACKET [WHO ELSE BEGINS ANEW]
	WHAT="$2 to $3: $1" ENDS=$4 ITS_PID=${!4} ELSE=${6:-}
	to "$2" "$3"
	check "$WHAT" told "$(said_to "${!2}" "${!3}" "$5" 2>&1)"
}
ends() {
	local stays was
	check "$WHAT: $ENDS is ended" await -t 20 dead "$ITS_PID"
	check "$WHAT: it comes again" all
	for stays in queue net dns; do
		case " $ENDS $ELSE " in *" $stays "*) ;; *)
			was=stays_$stays
			same "$WHAT: $stays lives" "${!was}" "${!stays}" ;;
		esac
	done
	stays_queue=$queue stays_net=$net stays_dns=$dns
}
lie() {
	tells "$@"
	ends
}
agent() { # one whose roles come again at once: it has not seen many of them go
	[ -z "$AGENT" ] || same "the parent was there all the time" "$parent" "$(cat $PIDFILE)"
	stop_agent
	start_agent
	parent=$AGENT
	all
	stays_queue=$queue stays_net=$net stays_dns=$dns
}
agent
printf 'Subject: w\n\nlast of waits\n' | submit alice x@far.example
check "a message waits" await text $LOG 'deferred to=<x@far.example>'

# What a role may not say at all; the last word: who else begins anew with it.
lie "what the queue says" net parent net "$(packet IPC_DONE 0 '')"
lie "a type that there is not" dns parent dns "$(packet 9999 0 00)"
lie "a user without an end to his name" queue parent queue "$(packet IPC_FORK_USER 1 00ffff4142)" "net dns"
check "and mail is delivered" works
# Between two of them the channel ends at once, and then, within 10 s, the one that
# has lost it.
to dns net
check "dns to net: an answer that does not parse" told \
    "$(said_to "$dns" "$net" "$(packet IPC_DNS_ANSWER 1 "$(printf 'ff%.0s' {1..40})")" 2>&1)"
check "net has seen it" await text $LOG 'net: role-misbehaved role=dns'
lie "what the parent says" net queue net "$(packet IPC_FORKED 1 '')" dns
check "and mail is delivered" works

# What it may say, of what nobody has asked for: it is not believed.
before=$(ls $SPOOL/queue)
for ref in 1 4294967295; do
	said_to "$net" "$queue" "$(packet IPC_NET_ANSWER $ref "$(le 4 0)00$(string 2.0.0)$(string 'it is there')$(string x)00")"
	said_to "$net" "$queue" "$(packet IPC_NET_END $ref '')"
	said_to "$dns" "$net" "$(packet IPC_DNS_ANSWER $ref "$(printf '00%.0s' {1..60})")"
done >/dev/null
check "answers to what was not asked: mail is delivered" works
same "and what waits is still there" "$before" "$(ls $SPOOL/queue)"

# alice's process, which stands before the lock of her mailbox, says of a message
# for her and bob that its file is damaged; and of her own that it is there.
umask 022
lock() { echo $$ >/var/mail/alice.lock; }
unlock() { echo 999999 >/var/mail/alice.lock; } # who is not there holds nothing
at_lock() { # [OTHER THAN]
	local i
	for ((i = 0; i < 400; i++)); do
		user=$(pgrep -f '^deliver: user alice' | grep -v -x "${1:-none}" | tail -n 1)
		[ -n "$user" ] && [ -n "$(channel "$user" "$queue")" ] &&
			grep -q '^Seccomp:.2' "/proc/$user/status" && return
		sleep 0.05
	done
	return 1
}
lock
printf 'Subject: x\n\nlast of both\n' | submit bob alice bob
check "a process of alice's waits" at_lock
pids
same "it says that the message is damaged" ok "$(said_to "$user" "$queue" "$(packet IPC_BOX_FAIL 0 "03$(string $'4.3.0\nX: y')$(string 'no such thing')")" 2>&1)"
check "bob has it" await text /var/mail/bob 'last of both'
same "nothing is in quarantine" "" "$(ls $SPOOL/quarantine)"
check "hers waits" await text $LOG 'deferred to=<alice@mail.example>'
printf 'Subject: x\n\nlast of never\n' | submit bob alice
check "another one of hers" at_lock
same "it says \"never\", and a status of two lines" ok "$(said_to "$user" "$queue" "$(packet IPC_BOX_FAIL 0 "02$(string $'5.1\nX-Evil: y')$(string 'no such thing')")" 2>&1)"
check "bob hears of it" await text /var/mail/bob 'last of never'
refute "without that line" grep '^X-Evil' /var/mail/bob
rm /var/mail/alice.lock
sendmail -q
check "and comes" await text /var/mail/alice 'last of both'

# The parent, who can end each of them at any time.
agent
for role in net dns queue; do
	case $role in dns) type=IPC_DNS_ASK ;; *) type=IPC_DONE ;; esac
	lie "what the other may say" parent $role $role "$(packet $type 0 0000000000)" "$([ $role != queue ] || echo net dns)"
done
check "and mail is delivered" works

# Until the dns role has ended: a user's process and the queue.
agent
tells "what dns says" net dns dns "$(packet IPC_DNS_ANSWER 1 "$(printf '00%.0s' {1..12})")"
to user queue
GONE='role-ended role=user user=alice' # before it was done
gone=$(grep -c "$GONE" $LOG)
lock
printf 'Subject: x\n\nlast of u1\n' | submit bob alice
check "a process of alice's waits once more" at_lock
same "it has one channel" 1 \
    "$(ss -xap | grep -c "u_seq.*pid=$user,")"
check "it says what the queue says" told "$(said_to "$user" "$queue" "$(packet IPC_BOX_OPEN 0 '')" 2>&1)"
check "the queue hears it no more" await text $LOG 'role-ended role=user user=alice reason="a message that the table'
check "and asks another one" at_lock "$user"
to queue user
check "the queue says to that one what it would say itself" told \
    "$(said_to "$queue" "$user" "$(packet IPC_BOX_LOCKED 0 "$(printf '00%.0s' {1..16})")" 2>&1)"
unlock
check "it ends" await count $LOG $((gone + 2)) "$GONE"
check "the message comes" await text /var/mail/alice 'last of u1'
lock
printf 'Subject: x\n\nlast of u2\n' | submit bob alice
check "a third one" at_lock
check "the queue names another file for her mailbox" told \
    "$(said_to "$queue" "$user" "$(packet IPC_BOX_AT 0 "$(string /home/alice/taken)")" 2>&1)"
unlock
check "it ends as well" await count $LOG $((gone + 3)) "$GONE"
check "the message comes all the same" await text /var/mail/alice 'last of u2'
refute "and not there" test -e /home/alice/taken
ends
check "and mail is delivered" works

# Until net has ended: who writes to terminals, and the queue.
tells "recipients of no message" queue net net "$(packet IPC_NET_RCPT 77 "$(le 4 0)$(le 2 0)")" dns
check "alice logs in" session alice alice
terminal() { # KIND WORDS
	printf 'Subject: x\n\nlast of %s\n' "$2" | submit bob -O Terminal="$1" alice
}
to tty queue
hold
terminal soml t1
check "a process that writes to terminals" held 'deliver: tty alice'
check "it says what the queue says" told "$(said_to "$ITS" "$queue" "$(packet IPC_TTY_LOOK 0 "00$(string shown)")" 2>&1)"
check "the queue hears it no more: she has mail" await text /var/mail/alice 'last of t1'
kill -CONT "$ITS"
check "it ends" await dead "$ITS"
hold
terminal soml t2
check "another one" held 'deliver: tty alice'
check "it says what there is not, in two lines" told \
    "$(said_to "$ITS" "$queue" "$(packet IPC_TTY_DONE 0 "ff$(string $'no\nX-Evil: y')")" 2>&1)"
check "she has mail again" await text /var/mail/alice 'last of t2'
check "in the log that is one line" grep -q 'not-shown.*text="no.*X-Evil: y"' $LOG
kill -CONT "$ITS"

# The queue stands still between the channel to tty and the job, which is its one word.
to queue tty
strace -o /tmp/steps -e trace=epoll_ctl -e inject=epoll_ctl:signal=STOP -p "$queue" 2>/tmp/attached &
STRACE=$!
check "the queue is traced" await text /tmp/attached attached
terminal soml t3
joined() { # it goes on until it has that channel
	local i
	for ((i = 0; i < 2000; i++)); do
		if tail -n 1 /tmp/steps | grep -q 'stopped by SIGSTOP'; then
			ITS=$(pgrep -f '^deliver: tty alice') && [ -n "$(channel "$queue" "$ITS")" ] && break
			kill -CONT "$queue"
		fi
		sleep 0.01
	done
	kill "$STRACE"
	wait "$STRACE" 2>/dev/null
	[ -n "$ITS" ]
}
ITS=
check "it has a channel to tty" joined
check "it says what tty says" told "$(said_to "$queue" "$ITS" "$(packet IPC_TTY_DONE 0 "00$(string x)")" 2>&1)"
check "tty ends" await dead "$ITS"
kill -CONT "$queue"
check "she has mail" await text /var/mail/alice 'last of t3'
refute "and has seen nothing" grep 't3' /tmp/screen.alice
ends
check "and mail is delivered" works

# What deliver-mime prints goes to a server: as text.
mkdir /tmp/relay
smtpd 1 /tmp/relay
if [ -x /usr/libexec/bellman/deliver-mime ]; then
	hold
	printf 'Subject: x\n\n%01200d\n' 0 | submit alice long@far.example
	check "deliver-mime" held_mime
	evil=$'Subject: x\r\n\r\nx\r\n.\r\nMAIL FROM:<evil@far.example>\r\n\n.\nMAIL FROM:<evil@far.example>\n'
	same "it prints the end of a text, and commands" ok \
	    "$("$O/tests/inject" "$ITS" write 1 "hex:$(printf %s "$evil" | od -An -v -tx1 | tr -d ' \n')" ${#evil} 2>&1)"
	kill -CONT "$ITS"
	check "the server has a text" await text /tmp/relay/log 'DATA 250'
	refute "and no more commands" grep 'MAIL evil' /tmp/relay/log
	same "they stand in the text" 2 "$(grep -c '^MAIL FROM:<evil' /tmp/relay/1.msg)"
else
	skip "no GMime here: deliver-mime was not built"
fi
sendmail -q
check "what has waited all the time is delivered" await text $LOG 'delivered to=<x@far.example>'
same "once" 1 "$(cat /tmp/relay/*.msg | grep -c '^last of waits')"

# By the table: who may say something to whom.  What the parent may say to all goes
# to those who have a channel to him.
sed -n 's/^\t\[IPC_.*{ ROLE_\([A-Z]*\), \(ROLE_\)\{0,1\}\([A-Z]*\),.*/\1 \3/p' "$TREE/deliver/ipc.c" | tr A-Z a-z |
	sed 's/parent roles/parent queue\nparent net\nparent dns/' >/tmp/pairs
echo 'dns parent' >>/tmp/pairs # a channel by which nothing may be said
same "each has lied to each whom it can reach" "$(sort -u /tmp/pairs)" "$(sort -u <<<"${SEEN%?}")"
for last in both u1 u2 t1 t2 t3; do
	same "alice has $last once" 1 "$(grep -c "^last of $last\$" /var/mail/alice)"
done
same "nothing that was sent is lost" "$N" "$(grep -c '^last of s' /var/mail/bob)"
same "and the parent was there all the time" "$parent" "$(cat $PIDFILE)"
finish
