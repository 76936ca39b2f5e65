# calls.sh - for the stories that disturb sendmail at its system calls, one in
# turn, by strace: source it after lib.sh.  A message can come by several ways:
#
#     short      sendmail -i bob: all of it in one write
#     long       the same, written as it comes
#     header     sendmail -t
#     dialogue   sendmail -bs, two messages
#     socket     without the group, by /run/bellman/submit
#
# shellcheck shell=bash disable=SC2034,SC2154
WAYS='short long header dialogue socket'
WHOLE=${KILL_MOST:+yes} # make check-faults: each call

LONG=$(yes 'one of many lines, so that the message is written as it comes' | head -c 200000)
text() { # MARK [MORE]
	printf 'Subject: %s\n\nfirst of %s\n%s\nlast of %s\n' "$1" "$1" "${2:-}" "$1"
}
input() { # WAY MARK
	local part
	case $1 in
	long) text "$2" "$LONG" ;;
	header) echo 'To: bob'; text "$2" ;;
	dialogue)
		echo 'EHLO x'
		for part in a b; do
			printf 'MAIL FROM:<>\nRCPT TO:<bob>\nDATA\n'
			text "$2$part"
			echo .
		done
		echo QUIT
		;;
	*) text "$2" ;;
	esac
}
program() { # WAY
	case $1 in
	header) echo sendmail -t ;;
	dialogue) echo sendmail -bs ;;
	socket) echo setpriv --no-new-privs sendmail -i bob ;;
	*) echo sendmail -i bob ;;
	esac
}

undisturbed=0
# The calls of an undisturbed run into /tmp/calls, but for the program's own start:
# NAME and which of that name it is, for strace counts by name.
calls_of() { # WAY
	local mark=undisturbed-$1-$((undisturbed += 1))
	input "$1" "$mark" >/tmp/text
	# shellcheck disable=SC2046 # words
	timeout 20 strace -u alice -o /tmp/trace $(program "$1") </tmp/text >/tmp/said 2>&1
	told "$1" "$mark" $?
	counted /tmp/trace | sed -n '/^getresgid 1$/,$p' >/tmp/calls
}
counted() { # TRACE
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$1" | awk '{ print $1, ++n[$1] }'
}

# What was said of each message goes into a file "MARK STATUS": 0, an exit status
# or reply that refuses it, or 128 and more where the end was a signal's.
: >/tmp/told
told() { # WAY MARK STATUS: with what was said in /tmp/said
	if [ "$1" != dialogue ]; then
		echo "$2 $3" >>/tmp/told
		return
	fi
	# the last reply to each transaction; where there is none it was cut off
	awk -v mark="$2" '
		/^250 2\.1\.5/ { n++; next }
		n && !(n in end) && !/^354/ { end[n] = $1 }
		END {
			for (i = 1; i <= 2; i++)
				print mark substr("ab", i, 1), !(i in end) ? 999 : end[i] == 250 ? 0 : end[i] % 100
		}' /tmp/said >>/tmp/told
}

# What bob has against what was said: one line for each that is wrong.
accounts() { # MAILBOX
	cat "$1" | awk '
		FILENAME == ARGV[1] { status[$1] = $2; next }
		/^first of / { heads[$3]++ }
		/^last of / { tails[$3]++ }
		END {
			for (m in status) {
				h = heads[m] + 0
				t = tails[m] + 0
				if (h != t) print "torn", m, status[m]
				else if (h > 1) print "twice", m, status[m]
				else if (status[m] == 0 && h == 0) print "lost", m, status[m]
				else if (status[m] > 0 && status[m] < 128 && h) print "refused, and there", m, status[m]
			}
		}' /tmp/told -
}
arrived() { # MAILBOX: how many are there that were not acknowledged
	cat "$1" | awk '
		FILENAME == ARGV[1] { unsaid[$1] = $2 > 0; next }
		/^last of / { n += unsaid[$3] }
		END { print n + 0 }' /tmp/told -
}

# disturb WAY MARK CALL WHICH SIGNAL: STATUS, as sendmail ended; by 124 it hung.
# A file of its own: by the socket somebody may still read the one before.
disturb() {
	rm -f /tmp/text
	input "$1" "$2" >/tmp/text
	# shellcheck disable=SC2046 # words
	timeout 20 strace -u alice -o /dev/null -e trace="$3" -e inject="$3:signal=$5:when=$4" \
	    $(program "$1") </tmp/text >/tmp/said 2>&1
	STATUS=$?
	told "$1" "$2" $STATUS
}

nobody_left() {
	local pid
	for pid in $(pgrep -x sendmail); do await -t 5 dead "$pid" || return; done
}

# child MARK [CALL WHICH [SIGNAL]]: a dialogue, of which the child that has the group
# gets a signal behind that call (by KILL it ends before it).  One that is stopped
# goes on when BESIDE has been run.  Adds to hung.
mkfifo /tmp/in
BESIDE=true hung=0
child() {
	local mark=$1 signal=${4:-KILL} pid child strace
	: >/tmp/said
	rm -f /tmp/attached
	setpriv --reuid=alice --regid=alice --init-groups sendmail -bs </tmp/in >/tmp/said 2>&1 &
	pid=$!
	exec 9>/tmp/in
	await text /tmp/said 220
	child=$(pgrep -P $pid)
	strace -o /tmp/trace ${2:+-e "trace=$2" -e "inject=$2:signal=$signal:when=$3"} -p "$child" 2>/tmp/attached &
	strace=$!
	await text /tmp/attached attached
	input dialogue "$mark" >&9
	exec 9>&-
	if [ "$signal" = STOP ]; then
		await -t 20 text /tmp/trace 'stopped by SIGSTOP'
		$BESIDE
		kill -CONT "$child"
	fi
	await -t 20 dead $pid || { hung=$((hung + 1)); kill -KILL $pid; }
	wait $pid 2>/dev/null
	wait $strace 2>/dev/null
	told dialogue "$mark"
}
