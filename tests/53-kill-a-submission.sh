#!/bin/bash
# kill -9 of sendmail at each of its system calls in turn: either it said 0 and
# the message is there, once and whole, or it is not there; and nothing is left.
. "$(dirname "$0")/lib.sh"

echo 'hold yes' >$CONF # the agent comes afterwards
text() { printf 'Subject: %s\n\nfirst of %s\nlast of %s\n' "$1" "$1" "$1"; }

# All calls of an undisturbed run, but for the program's own start: each as
# NAME and which of that name it is, for strace counts by name.
text count | strace -u alice -o /tmp/trace /usr/sbin/sendmail -i bob 2>/dev/null
sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' /tmp/trace | awk '{ print $1, ++n[$1] }' |
	sed -n '/^getresgid 1$/,$p' | grep -v '^exit_group' >/tmp/calls
calls=$(wc -l </tmp/calls)
check "the calls are known" test "$calls" -gt 30
rm -f $SPOOL/drop/*

said=' ' killed=0 n=0
while read -r name which; do
	n=$((n + 1))
	text "k$n" >/tmp/text
	if strace -u alice -o /dev/null -e "inject=$name:signal=KILL:when=$which" \
	    /usr/sbin/sendmail -i bob </tmp/text; then
		said="$said$n "
	else
		killed=$((killed + 1))
	fi
done </tmp/calls 2>/dev/null # the shell says "Killed" each time
same "each of them was killed" "$calls" "$killed"

echo >$CONF
deliver -q
lost='' torn='' left=$(find $SPOOL/drop $SPOOL/queue -type f)
for ((n = 1; n <= calls; n++)); do
	heads=$(grep -c "^first of k$n\$" /var/mail/bob)
	tails=$(grep -c "^last of k$n\$" /var/mail/bob)
	case $said in *" $n "*) [ "$heads" = 1 ] || lost="$lost $n" ;; esac
	[ "$heads" = "$tails" ] && [ "$heads" -le 1 ] || torn="$torn $n"
done
same "what was acknowledged is there" "" "$lost"
same "nothing is torn or doubled" "" "$torn"
same "nothing is left in the spool" "" "$left"
same "nothing is in quarantine" "" "$(ls $SPOOL/quarantine)"
echo "# $killed killed; $(messages /var/mail/bob) arrived all the same"
finish
