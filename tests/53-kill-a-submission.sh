#!/bin/bash
# kill -9 of sendmail at each of its system calls in turn, by each way a message
# can come: either it was acknowledged and is there, once and whole, or it is there
# whole or not at all; and nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/calls.sh"

echo 'hold yes' >$CONF # the agent comes afterwards
kills=0
campaign() { # WAY LEAST: it makes more calls than these
	local way=$1 name which n=0 met=0 hung=0
	calls_of "$way"
	check "$way: the calls are known" test "$(wc -l </tmp/calls)" -gt "$2"
	while read -r name which; do
		n=$((n + 1))
		disturb "$way" "$way$n" "$name" "$which" KILL
		[ $STATUS != 137 ] || met=$((met + 1))
		[ $STATUS != 124 ] || hung=$((hung + 1))
	done </tmp/calls 2>/dev/null # the shell says "Killed" each time
	same "$way: each of them was killed" "$n" "$met"
	same "$way: nothing hangs" 0 $hung
	kills=$((kills + n))
	echo "# $way: killed $met"
}
campaign short 60
campaign long 70
campaign header 60
campaign dialogue 80
check "dialogue: its child is gone with it" nobody_left

# The child of a dialogue, which has the group, as the dialogue goes on.
hung=0 n=0 met=0
child unkilled
counted /tmp/trace >/tmp/calls
check "a dialogue's child: the calls are known" test "$(wc -l </tmp/calls)" -gt 20
while read -r name which <&4; do
	n=$((n + 1))
	child "child$n" "$name" "$which"
	! grep -q 'killed by SIGKILL' /tmp/trace || met=$((met + 1))
done 4</tmp/calls
# Before it waits for the first request: what its parent does not call.
for name in dup2 close_range; do
	n=$((n + 1))
	input dialogue child$n >/tmp/text
	timeout 20 strace -f -u alice -o /tmp/trace -e trace=$name -e "inject=$name:signal=KILL:when=1" \
	    sendmail -bs </tmp/text >/tmp/said 2>&1
	told dialogue child$n
	! grep -q 'killed by SIGKILL' /tmp/trace || met=$((met + 1))
done 2>/dev/null
same "a dialogue's child: each of them was killed" $n $met
same "a dialogue's child: nothing hangs" 0 $hung
check "a dialogue's child: and nobody is left" nobody_left
kills=$((kills + n))
echo "# child: killed $met"

# By the socket the agent's submit role writes: the client is killed.
: >$CONF
start_agent
campaign socket 20
check "the agent takes what is complete, and removes what is not" drained
stop_agent
deliver -q
same "what was acknowledged is there, nothing is torn or doubled ($kills kills)" "" "$(accounts /var/mail/bob)"
same "nothing is left in the spool" "" "$(find $SPOOL/drop $SPOOL/queue -type f)"
same "nothing is in quarantine" "" "$(ls $SPOOL/quarantine)"
echo "# $kills killed; $(arrived /var/mail/bob) messages arrived all the same"
finish
