#!/bin/bash
# A system call that fails, one in turn: of sendmail, and of every process of a
# delivery.  Nothing that was acknowledged is lost, nothing is torn or doubled,
# nothing waits for ever.  A sample; `make check-faults` takes them all.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/kills.sh"
[ -z "$SANITIZED" ] || { skip "a sanitizer makes calls of its own"; finish; }
MOST=${KILL_MOST:-2} LEAST=1

# sendmail itself: what it says is true.
EVERY=${ERROR_EVERY:-12}
echo 'hold yes' >$CONF
strace -f -o /tmp/calls.of -e "trace=$(cut -d' ' -f1 <<<"$ERRORS" | paste -sd,)" \
    /usr/sbin/sendmail -i bob <<<$'Subject: count\n\nfirst of count\nlast of count' 2>/dev/null
sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' /tmp/calls.of | sort | uniq -c >/tmp/counts
said_yes='count' said_no='' untrue=''
while read -r most name; do
	for ((k = 1; k <= most; k++)); do
		for error in $(errors_of "$name"); do
			its_turn || continue
			kills=$((kills + 1))
			mark=s$kills
			printf 'Subject: %s\n\nfirst of %s\nlast of %s\n' $mark $mark $mark |
				timeout -s KILL 20 strace -o /tmp/one -e "trace=$name" \
				    -e "inject=$name:error=$error:when=$k" /usr/sbin/sendmail -i bob >/dev/null 2>&1
			rc=$?
			! grep -q INJECTED /tmp/one || met=$((met + 1))
			case $rc in
			0) said_yes="$said_yes $mark" ;;
			6[4-9] | 7[0-8]) said_no="$said_no $mark" ;;
			*) untrue="$untrue $name:$error:$k=$rc" ;;
			esac
		done
	done
done </tmp/counts
: >$CONF
deliver -q
same "sendmail ends as sysexits has it" "" "$untrue"
cp /var/mail/bob /tmp/got
# shellcheck disable=SC2086
same "what it has taken is there once and whole ($kills errors)" "" "$(bad $said_yes)"
for mark in $said_no; do grep -x "last of $mark" /tmp/got; done >/tmp/untrue
same "what it has refused is not" "" "$(cat /tmp/untrue)"
# shellcheck disable=SC2086
figures "sendmail, errors" $said_yes
check "the errors met it" test "$met" -ge $((kills / 2)) -a "$kills" -ge 1
rm -f /var/mail/bob
kills=0 met=0

EVERY=${ERROR_EVERY:-30}
disturb_by_errors '' ''
outcome "mbox, errors" cat /var/mail/bob
EVERY=${ERROR_EVERY:-45}
disturb_by_errors 'local maildir ~/Maildir' ''
outcome "Maildir, errors" sh -c 'cat /home/bob/Maildir/new/*'
finish
