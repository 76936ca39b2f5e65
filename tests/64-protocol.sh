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
	spin "$@" -a spool.pml && gcc -O0 -w -DSAFETY -o pan pan.c && ./pan -m100000 -n -w18 && [ ! -e spool.pml.trail ]
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

model() { # SIDE PROCESS FLAGS...: the steps it takes undisturbed
	local side=$1 process=$2
	shift 2
	spin -T -n1 -DKILLS=0 -DCUTS=0 -DDEATHS=0 "$@" spool.pml |
		sed -n "s/^ *step $process //p" | grep -x -F -f <(sed -n "s/^$side \([a-z_]*\) .*/\1/p" "$MODEL/steps") | uniq
}
real() { # SIDE <TRACE
	awk -v side="$1" -F '\t' 'NR == FNR { split($1, w, " "); if (w[1] == side) {
		re[++n] = substr($1, length(w[1] w[2]) + 3); name[n] = w[2] } next }
		/ = -1 / { next }
		{ for (i = 1; i <= n; i++) if ($0 ~ re[i]) { print name[i]; next } }' "$MODEL/steps" - | uniq
}
printf 'Subject: s\n\nhi\n' | strace -f -y -u alice -o /tmp/trace /usr/sbin/sendmail bob 2>/dev/null
same "a submission takes the model's steps" "$(model submit 1 -DONE -DTRACE)" "$(real submit </tmp/trace)"
printf 'Subject: s\n\nhi\n' | submit alice bob 2>/dev/null
strace -f -y -o /tmp/trace deliver -q
same "two messages are delivered by the model's steps" "$(model agent 0 -DREADY -DLOCAL -DTRACE)" "$(real agent </tmp/trace)"
# A recipient who has it and one who waits: what the journal says, and when.
echo 'list: :include:/nonexistent/list' >>/etc/aliases
printf 'Subject: s\n\nhi\n' | submit alice bob list 2>/dev/null
strace -f -y -o /tmp/trace deliver -q
same "a delivery that is not the last takes the model's steps" "$(model agent 0 -DONE -DTRACE | sed /box_unlock/q)" "$(real agent </tmp/trace)"
finish
