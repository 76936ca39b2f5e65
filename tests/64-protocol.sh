#!/bin/bash
# The protocol's model holds with a crash between any two steps, fails where a
# step is left out or moved, and takes the steps that the programs take.
. "$(dirname "$0")/lib.sh"
MODEL=$TREE/tests/model
command -v spin >/dev/null || { echo "spin is not installed"; exit 77; }
mkdir -p /tmp/model && cd /tmp/model || exit 1
cp "$MODEL/spool.pml" .

holds() { # FLAGS...: all that may happen was looked at, and is right
	rm -f pan* ./*.trail
	spin "$@" -a spool.pml && gcc -O0 -w -DSAFETY -o pan pan.c && ./pan -m100000 -n -w18 >pan.out && [ ! -e spool.pml.trail ] &&
		! grep -q 'max search depth too small' pan.out
}
breaks() { # FLAGS...: a fault is found
	rm -f pan* ./*.trail
	spin "$@" -a spool.pml && gcc -O0 -w -DSAFETY -o pan pan.c && ./pan -m100000 -n -w18 && [ -e spool.pml.trail ]
}
KILL='-DREADY -DKILLS=1 -DDEATHS=0' CUT='-DREADY -DLOCAL -DKILLS=0 -DCUTS=1 -DDEATHS=0'
check "two messages, the agent killed twice" holds -DREADY -DKILLS=2
check "two messages, and a power cut" holds $CUT
check "a submission, it and the agent killed" holds -DONE -DKILLS=1 -DDEATHS=1
check "a submission, and a power cut" holds -DONE -DLOCAL -DKILLS=0 -DCUTS=1 -DDEATHS=0
check "a submission that was killed, and a power cut" holds -DONE -DLOCAL -DKILLS=0 -DCUTS=1 -DDEATHS=1
for broken in INTENT_AFTER NO_MARK FORGET_FIRST NO_CHECK; do
	check "a kill breaks $broken" breaks $KILL -DBROKEN_$broken
done
for broken in INTENT_UNSYNCED REMOVE_FIRST BOX_UNSYNCED CHECK_BEFORE_SCAN; do
	check "a power cut breaks $broken" breaks $CUT -DBROKEN_$broken
done
check "a power cut breaks NO_SYNC" breaks -DONE -DLOCAL -DKILLS=0 -DCUTS=1 -DDEATHS=0 -DBROKEN_NO_SYNC
check "a death and a power cut break TAKE_UNSYNCED" breaks -DONE -DLOCAL -DKILLS=0 -DCUTS=1 -DDEATHS=1 -DBROKEN_TAKE_UNSYNCED
check "a death breaks COMPLETE_FIRST" breaks -DONE -DLOCAL -DKILLS=0 -DBROKEN_COMPLETE_FIRST
check "no lock breaks a submission" breaks -DONE -DLOCAL -DKILLS=0 -DDEATHS=0 -DBROKEN_NO_LOCK
MAILDIR='-DREADY -DLOCAL -DDEATHS=0 -DMAILDIR'
check "two messages into a Maildir that is read, the agent killed twice" holds $MAILDIR -DKILLS=2
check "the same, and a power cut" holds $MAILDIR -DKILLS=1 -DCUTS=1
for broken in INTENT_AFTER FORGET_FIRST NO_CHECK; do
	check "a kill breaks $broken with a Maildir" breaks $MAILDIR -DKILLS=1 -DBROKEN_$broken
done
for broken in FILE_UNSYNCED FOLDER_UNSYNCED; do
	check "a power cut breaks $broken" breaks $MAILDIR -DKILLS=0 -DCUTS=1 -DBROKEN_$broken
done

model() { # SIDE PROCESS FLAGS...: the steps it takes undisturbed
	local side=$1 process=$2
	shift 2
	spin -T -n1 -DKILLS=0 -DCUTS=0 -DDEATHS=0 "$@" spool.pml |
		sed -n "s/^ *step $process //p" | grep -x -F -f <(sed -n "s/^$side \([a-z_]*\) .*/\1/p" "$MODEL/steps") | seen
}
seen() { grep -v -x -E "${UNSEEN:-none}" | uniq; }
steps() { # SIDE <TRACE: each line that is one, by its number, and which
	awk -v side="$1" -F '\t' 'NR == FNR { split($1, w, " "); if (w[1] == side) {
		re[++n] = substr($1, length(w[1] w[2]) + 3); name[n] = w[2] } next }
		/ = -1 / { next }
		{ for (i = 1; i <= n; i++) if ($0 ~ re[i]) { print FNR, name[i]; next } }' "$MODEL/steps" -
}
real() { steps "$1" | cut -d' ' -f2 | seen; }
takes() { # WHAT MODEL'S-STEPS SIDE: /tmp/trace shows the same
	local where
	same "$1" "$2" "$(real "$3" </tmp/trace)"
	# and is another where two of them have changed places
	for where in $(steps "$3" </tmp/trace | grep -v -E " (${UNSEEN:-none})\$" | awk '$2 != before && before { print from "-" $1 } { before = $2; from = $1 }'); do
		[ "$2" != "$(swapped "$where" </tmp/trace | real "$3")" ] || echo "$where"
	done >/tmp/blind
	same "$1: in no other order" "" "$(cat /tmp/blind)"
}
swapped() { # N-M: these lines of it
	awk -v n="${1%-*}" -v m="${1#*-}" '{ line[NR] = $0 } END { for (i = 1; i <= NR; i++) print line[i == n ? m : i == m ? n : i] }'
}
# Of each step stands there what shows it, but of append_part, which is half of append.
same "each step of the model has its row" "$(cut -d' ' -f2 "$MODEL/steps" | sort | xargs)" \
    "$(sed -n 's/^mtype = {\(.*\)};.*/\1/p' spool.pml | tr -d ' ' | tr , '\n' | grep -v '^append_part$' | sort | xargs)"
letter() { printf 'Subject: s\n\nhi\n' | submit alice "$@" 2>/dev/null; }

printf 'Subject: s\n\nhi\n' | strace -f -y -u alice -o /tmp/trace /usr/sbin/sendmail bob 2>/dev/null
takes "a submission takes the model's steps" "$(model submit 1 -DONE -DTRACE)" submit
letter bob
strace -f -y -s 200 -o /tmp/trace deliver -q
takes "two messages are delivered by the model's steps" "$(model agent 0 -DREADY -DLOCAL -DTRACE)" agent
# What a crash has left: a submission that was never complete, an intent not whole.
printf 'x\n' | strace -f -u alice -o /dev/null -e inject=flock:signal=KILL:when=1 /usr/sbin/sendmail bob 2>/dev/null
check "a submission was killed" test "$(find $SPOOL/drop -type f | wc -l)" = 1
strace -f -y -s 200 -o /tmp/trace deliver -q
takes "what it left is removed by the model's steps" "$(model agent 0 -DONE -DHALF -DLOCAL -DTRACE)" agent
letter bob
letter bob
install -o bellman -g bellman -m 600 /dev/null $SPOOL/queue/.intents/intent-0000000000000000
strace -f -y -s 200 -o /tmp/trace deliver -q
takes "an intent that is not whole goes by them, before its mailbox is opened" \
    "$(model agent 0 -DREADY -DTORN_INTENT -DLOCAL -DTRACE)" agent
echo 'local maildir ~/Maildir' | config
letter bob
letter bob
strace -f -y -s 200 -o /tmp/trace deliver -q
UNSEEN='box_.*lock' # there is none
takes "two messages come into a Maildir by them" "$(model agent 0 -DREADY -DLOCAL -DTRACE -DMAILDIR)" agent
# A recipient elsewhere, whose server takes it while the mailbox is locked (which is
# asked for again and again); and one who is the last.
smtpd 2525 /tmp/relay
relay 2525 | config
for last in bob ''; do
	[ -z "$last" ] || echo "$$" >/var/mail/bob.lock
	: >$LOG
	letter ops@remote.example $last
	strace -f -y -s 200 -o /tmp/trace deliver -q &
	check "the server has it" await text $LOG 'delivered to=<ops@remote.example>'
	[ -z "$last" ] || echo 999999 >/var/mail/bob.lock
	wait $!
	takes "a server's answer is noted by them${last:+, while another waits}" \
	    "$(model agent 0 -DONE -DTRACE -DSERVER $([ "$last" ] || echo -DFAR))" agent
done
stop_smtpd
: >$CONF
UNSEEN=
# A recipient who has it and one who waits: what the journal says, and when.
echo 'list: :include:/nonexistent/list' >>/etc/aliases
letter bob list
strace -f -y -s 200 -o /tmp/trace deliver -q
takes "a delivery that is not the last takes the model's steps" "$(model agent 0 -DONE -DTRACE | sed /box_unlock/q)" agent
finish
