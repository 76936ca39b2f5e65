# kills.sh - for the stories that kill the agent's processes at their system
# calls, one in turn: source it after lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154
CALLS=openat,fcntl,flock,link,linkat,unlink,unlinkat,renameat2,renameat,rename,pwrite64,write,fsync,fdatasync,syncfs,ftruncate,fallocate,close,sendmsg,recvmsg
MOST=${KILL_MOST:-${MOST:-4}} # calls of one name and place; make check-faults takes all

TO=bob FROM=
fill() { # TAG SETTINGS: three messages, as if written before the agent came
	echo 'hold yes' >$CONF
	for m in a b c; do
		printf 'Subject: %s\n\nfirst of %s\nlast of %s\n' "$1$m" "$1$m" "$1$m" |
			/usr/sbin/sendmail -i ${FROM:+-f "$FROM"} "$TO" 2>/dev/null
	done
	echo "$2" >$CONF
}
undisturbed() { # SETTINGS PLACE: its calls there, "NAME COUNT" for the busiest process
	fill count "$1"
	rm -rf /tmp/trace && mkdir /tmp/trace
	# shellcheck disable=SC2086 # a place is an option and its value, or none
	strace -ff -o /tmp/trace/p $2 -e "trace=$CALLS" deliver -q
	for f in /tmp/trace/p.*; do
		sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$f" | sort | uniq -c
	done | sort -k2,2 -k1,1nr | awk '!seen[$2]++ { print $2, $1 }'
}
bad() { # MARKS...: what is not there exactly once, from first to last line
	local mark
	for mark; do
		[ "$(grep -c "^first of $mark\$" /tmp/got) $(grep -c "^last of $mark\$" /tmp/got)" = "1 1" ] ||
			printf ' %s' "$mark"
	done
}
recover() { deliver -q; }
LEAST=15
kills=0 met=0 hung=0 marks=
total=0 # of the story
disturb() { # SETTINGS PLACE
	local name most k began
	undisturbed "$1" "$2" >/tmp/calls
	while read -r name most; do
		[ "$most" -le "$MOST" ] || most=$MOST
		for ((k = 1; k <= most; k++)); do
			kills=$((kills + 1)) total=$((total + 1))
			fill "k$kills" "$1"
			rm -f /tmp/one /tmp/two
			began=$SECONDS
			marks="$marks k${kills}a k${kills}b k${kills}c"
			# shellcheck disable=SC2086
			timeout -s KILL 20 strace -f -o /tmp/one $2 -e "trace=$CALLS" \
			    -e "inject=$name:signal=KILL:when=$k" deliver -q
			! grep -q 'killed by SIGKILL' /tmp/one || met=$((met + 1))
			recover
			# A process that is begun again is killed again: that is none.
			[ $((SECONDS - began)) -lt 60 ] ||
				[ "$(cat /tmp/one /tmp/two 2>/dev/null | grep -c 'killed by SIGKILL')" -gt 4 ] ||
				hung=$((hung + 1))
		done
	done </tmp/calls
}
figures() { # WHAT MARKS...: what /tmp/got has of them
	local what=$1 mark heads tails lost=0 twice=0 torn=0
	shift
	for mark; do
		heads=$(grep -c "^first of $mark\$" /tmp/got)
		tails=$(grep -c "^last of $mark\$" /tmp/got)
		[ "$tails" -gt 0 ] || lost=$((lost + 1))
		[ "$tails" -le 1 ] || twice=$((twice + 1))
		[ "$heads" = "$tails" ] || torn=$((torn + 1))
	done
	echo "# $what: kills $kills, met $met, messages $#, lost $lost, twice $twice, torn $torn, hung $hung"
}
outcome() { # WHAT COMMAND that prints all of bob's mail
	local what=$1
	shift
	"$@" >/tmp/got
	check "$what: the kills met a process" test "$met" -ge $((kills * 9 / 10)) -a "$kills" -ge "$LEAST"
	# shellcheck disable=SC2086
	same "$what: each message is there once and whole ($kills kills)" "" "$(bad $marks)"
	same "$what: the spool is empty" "" "$(find $SPOOL -type f)"
	# shellcheck disable=SC2086
	figures "$what" $marks
	same "$what: nothing hangs" 0 $hung
	kills=0 met=0 hung=0 marks=
}
