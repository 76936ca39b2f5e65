#!/bin/bash
# A process of the agent that has been taken over says to each other one it can
# reach what it must not: nonsense, what another role may say, what does not
# parse.  One end of that channel ends and comes again, the others live, and what
# waits is delivered.
. "$(dirname "$0")/lib.sh"
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
say() { # PID PEER PACKET
	local fd
	fd=$(channel "$1" "$2")
	[ -n "$fd" ] || { echo "no channel from $1 to $2"; return 1; }
	"$O/tests/inject" "$1" write "$fd" "hex:$3" $((${#3} / 2))
}

printf 'local-domains mail.example\n' | cat - <(relay 1) | config
start_agent
PARENT=$AGENT
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
lie() { # WHAT LIAR PEER ENDS PACKET [WHO ELSE BEGINS ANEW]
	local what="$2 to $3: $1" ends=${!4} peer stays was
	peer=$PARENT
	[ "$3" = parent ] || peer=${!3}
	check "$what" told "$(say "${!2}" "$peer" "$5" 2>&1)"
	check "$what: $4 is ended" await -t 20 dead "$ends"
	check "$what: it comes again" all
	for stays in queue net dns; do
		case " $4 $6 " in *" $stays "*) ;; *)
			was=stays_$stays
			same "$what: $stays lives" "${!was}" "${!stays}" ;;
		esac
	done
	stays_queue=$queue stays_net=$net stays_dns=$dns
}
all
stays_queue=$queue stays_net=$net stays_dns=$dns
printf 'Subject: w\n\nlast of waits\n' | submit alice x@far.example
check "a message waits" await text $LOG 'deferred to=<x@far.example>'

# What a role may not say at all; the last word: who else begins anew with it.
lie "what the queue says" net parent net "$(packet IPC_DONE 0 '')"
lie "a type that there is not" dns parent dns "$(packet 9999 0 00)"
lie "a user without an end to his name" queue parent queue "$(packet IPC_FORK_USER 1 00ffff4142)" "net dns"
check "and mail is delivered" works
# Between two of them the channel ends at once, and then the one that has lost it.
check "dns to net: an answer that does not parse" told \
    "$(say "$dns" "$net" "$(packet IPC_DNS_ANSWER 1 "$(printf 'ff%.0s' {1..40})")" 2>&1)"
lie "what the parent says" net queue net "$(packet IPC_FORKED 1 '')" dns
check "and mail is delivered" works

# What it may say, of what nobody has asked for: it is not believed.
before=$(ls $SPOOL/queue)
for ref in 1 4294967295; do
	say "$net" "$queue" "$(packet IPC_NET_ANSWER $ref "$(le 4 0)00$(string 2.0.0)$(string 'it is there')$(string x)00")"
	say "$net" "$queue" "$(packet IPC_NET_END $ref '')"
	say "$dns" "$net" "$(packet IPC_DNS_ANSWER $ref "$(printf '00%.0s' {1..60})")"
done >/dev/null
check "answers to what was not asked: mail is delivered" works
same "and what waits is still there" "$before" "$(ls $SPOOL/queue)"

# alice's process, which stands before the lock of her mailbox, says of a message
# for her and bob that its file is damaged; and of her own that it is there.
umask 022
echo $$ >/var/mail/alice.lock
printf 'Subject: x\n\nlast of both\n' | submit bob alice bob
at_lock() {
	local i
	for ((i = 0; i < 400; i++)); do
		user=$(pgrep -f '^deliver: user alice' | tail -n 1)
		[ -n "$user" ] && [ -n "$(channel "$user" "$queue")" ] &&
			grep -q '^Seccomp:.2' "/proc/$user/status" && return
		sleep 0.05
	done
	return 1
}
check "a process of alice's waits" at_lock
pids
same "it says that the message is damaged" ok "$(say "$user" "$queue" "$(packet IPC_BOX_FAIL 0 "03$(string $'4.3.0\nX: y')$(string 'no such thing')")" 2>&1)"
check "bob has it" await text /var/mail/bob 'last of both'
same "nothing is in quarantine" "" "$(ls $SPOOL/quarantine)"
check "hers waits" await text $LOG 'deferred to=<alice@mail.example>'
printf 'Subject: x\n\nlast of never\n' | submit bob alice
check "another one of hers" at_lock
same "it says \"never\", and a status of two lines" ok "$(say "$user" "$queue" "$(packet IPC_BOX_FAIL 0 "02$(string $'5.1\nX-Evil: y')$(string 'no such thing')")" 2>&1)"
check "bob hears of it" await text /var/mail/bob 'last of never'
refute "without that line" grep '^X-Evil' /var/mail/bob
rm /var/mail/alice.lock
sendmail -q
check "and comes" await text /var/mail/alice 'last of both'
same "once" 1 "$(grep -c '^last of both' /var/mail/alice)"
same "nothing that was sent is lost" "$N" "$(grep -c '^last of s' /var/mail/bob)"
same "and the parent was there all the time" "$PARENT" "$(cat $PIDFILE)"
finish
