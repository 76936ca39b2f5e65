#!/bin/bash
# A system call that fails, or writes less than it was asked to, or is the last
# (kill -9), one in turn: of sendmail, and of every process of a pass, of an agent
# that stays, and of one that ends.  Nothing that was acknowledged is lost, nothing
# is torn or doubled, nothing waits for ever.  A sample; `make check-faults` takes
# them all.  With words a piece of it: what (ERROR_ONLY), and which roles.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/errors.sh"

letter() { # MARK
	printf 'Subject: %s\n\nfirst of %s\n' "$1" "$1"
	[ $group != large ] || cat /tmp/lines
	echo "last of $1"
}
yes 'a line of a long message, which is written before its end is known' | head -n 2000 >/tmp/lines

# sendmail itself, with a short message, with one that is written as it comes, with
# -t, by the agent's socket, and in a dialogue: what it says is true.
hand_in() { # MARK [COMMAND...]: did it say that it has taken the message?
	local mark=$1
	shift
	case $group in
	dialogue)
		{
			printf 'EHLO x\nMAIL FROM:<>\nRCPT TO:<bob>\nDATA\n'
			letter "$mark"
			printf '.\nQUIT\n'
		} | timeout -s KILL 40 "$@" /usr/sbin/sendmail -bs >/tmp/reply 2>/dev/null
		rc=$?
		grep -q '^250 .*queued as' /tmp/reply
		return
		;;
	header) { echo 'To: bob'; letter "$mark"; } | timeout -s KILL 40 "$@" /usr/sbin/sendmail -t ;;
	client) letter "$mark" | timeout -s KILL 40 "$1" -u alice "${@:2}" /usr/sbin/sendmail -i bob ;;
	*) letter "$mark" | timeout -s KILL 40 "$@" /usr/sbin/sendmail -i bob ;;
	esac >/tmp/reply 2>&1
	rc=$?
	[ $rc = 0 ]
}
sendmail_fault() { # ROLE CALL WHEN HOW
	local rc
	if hand_in "s$total" $AMISS "$@"; then
		expect "s$total" sendmail
		[ $rc != 0 ] || return 0
	else
		# What it could not say is no lie (it polls before it says it).
		case "$group $1 ${2%@*}" in
		"dialogue parent write" | "dialogue parent poll" | "client parent recv"* | "client parent poll") echo "s$total" >>/tmp/unsaid ;;
		esac
	fi
	case $rc in
	0 | 6[4-9] | 7[0-8]) ;;
	# not ours: the loader found no room
	127) [ "$1 ${2%@*}" = "parent mmap" ] || [ "$1 ${2%@*}" = "parent mprotect" ] || echo "$group $*: $rc" >>/tmp/untrue ;;
	*) echo "$group $*: $rc" >>/tmp/untrue ;;
	esac
	[ $rc != 0 ] || [ $group = dialogue ] || echo "$group $*: $rc" >>/tmp/untrue
	return $rc
}
tried=0
: >/tmp/untrue
: >/tmp/unsaid
if wanted sendmail; then
	EVERY=${ERROR_EVERY:-19}
	echo 'hold yes' >$CONF
	for group in short large header dialogue client; do
		[ $group != client ] || start_agent
		rm -f /tmp/counts
		hand_in count "$O/tests/amiss" -c -o /tmp/counts
		each sendmail_fault $group "parent start" </tmp/counts
	done
	stop_agent
	: >$CONF
	tried=$total
	same "sendmail ends as sysexits has it" "" "$(cat /tmp/untrue)"
	deliver -q
	sed -i '/ of count$/d' /var/mail/bob
	account sendmail </var/mail/bob | unsaid >/tmp/table
	same "what it has taken is there once and whole ($total errors)" "" \
	    "$(wrong /tmp/table)"
	same "what it has refused is not" "" "$(sed -n 's/^sendmail s\([0-9]*\) none .*/\1/p' /tmp/table |
		while read -r n; do grep "^$n " /tmp/faults; done)"
	same "sendmail: the spool is empty" "" "$(find $SPOOL -type f)"
	same "sendmail: nothing hangs" "" "$(grep ' 137$' /tmp/faults)"
	check "the errors met it" test "$(grep -c -v -- '[-=]$' /tmp/faults)" -ge $((total / 2)) -a "$total" -ge 1
	figures /tmp/table
	rm -f /var/mail/bob
	: >/tmp/faults
	: >/tmp/expected
fi

# A pass with all kinds of deliveries: mailboxes, a file, a Maildir, a command,
# an alias, a list in a file, a bounce, a server whose name is looked up, and one
# that speaks LMTP.
group=pass
smtpd 2525 /tmp/smtp >/dev/null
smtpd 2424 /tmp/lmtp lmtp >/dev/null
cat >/usr/local/bin/keep <<'Y'
#!/bin/sh
cat >"$HOME/kept.$$" && mv "$HOME/kept.$$" "$HOME/got.$$.$(date +%N)"
Y
chmod 755 /usr/local/bin/keep
printf '\\alice\n|/usr/local/bin/keep\n/home/alice/archive\n/home/alice/Maildir/\n' >/home/alice/.forward
chown alice:alice /home/alice/.forward
ALIASES='team: bob
list: :include:/etc/list'
echo "$ALIASES" >/etc/aliases
echo bob >/etc/list
settings() {
	cat >$CONF <<-'Y'
		relay main {
			host relay.example 2525
			tls never
		}
		relay near {
			protocol lmtp
			host 127.0.0.1 2424
			tls never
		}
		route domain near.example relay near
		local-domains mail.example
	Y
}
send_all() { # TAG [NOBODY]: one of each, and what is to become of them
	local to place nobody=${2:-nosuchuser}
	{
		echo 'EHLO x'
		for to in alice team list "$nobody" far@far.example box@near.example; do
			printf 'MAIL FROM:<bob>\nRCPT TO:<%s>\nDATA\n' "$to"
			letter "$1${to%@*}"
			echo .
		done
		echo QUIT
	} | sendmail -bs >/dev/null
	for place in mailbox archive Maildir command; do expect "$1alice" $place; done
	for to in team list "${nobody%@*}"; do expect "$1$to" bob; done
	expect "$1far" smtp
	expect "$1box" lmtp
}
pass_fault() {
	echo 'hold yes' >$CONF
	send_all "p$total"
	settings
	passes "$@"
}
passes() { # ROLE CALL WHEN HOW, or -c; within PATIENCE seconds
	local rc
	if [ "$1" = -c ]; then
		"$O/tests/amiss" -c -o /tmp/counts deliver -q
		return
	fi
	timeout -s KILL ${PATIENCE:-25} $AMISS "$@" deliver -q 2>>/tmp/said
	rc=$?
	settle "$@"
	return $rc
}
far_fault() { # one message alone, so that its opens can be told by their number
	echo 'hold yes' >$CONF
	letter "p${total}far" | sendmail -i -f bob far@far.example
	settings
	expect "p${total}far" smtp
	passes "$@"
}
bob_fault() { # the same for one mailbox
	echo 'hold yes' >$CONF
	letter "p${total}one" | sendmail -i bob
	settings
	expect "p${total}one" bob
	passes "$@"
}
row() { # PATH ROLE CALL WHEN HOW
	local what=pass_fault
	case $1 in "$SPOOL"/*) what=far_fault ;; esac
	AMISS="$O/tests/amiss -o /tmp/amiss -P $1"
	shift
	met $what "$@"
	AMISS="$O/tests/amiss -o /tmp/amiss"
}
listens() { # PID FILE: it is there, or will not be, since that process has ended
	local i
	for ((i = 0; i < 20; i++)); do
		await -t 1 exists "$2" >/dev/null 2>&1 && return
		kill -0 "$1" 2>/dev/null || return
	done
}
warm() { # [USER...]: what is opened with the first message, for good
	[ $# != 0 ] || set -- bob alice
	letter warm | sendmail -i "$@"
	drained
}
# An agent that stays takes over what comes, and rebuilds its map: the queue's.
stay_fault() { # ROLE CALL WHEN HOW, or -c
	local rc=0 tracer
	settings
	echo "$ALIASES" >/etc/aliases
	start_agent
	mailq >/dev/null # it answers: the queue is there
	warm
	at_rest "$AGENT" >/tmp/rest
	rm -f /tmp/amiss
	"$O/tests/amiss" -o /tmp/amiss -p "$(role_pid queue)" "$@" &
	tracer=$!
	await -t 10 text /tmp/amiss held
	printf '%s\nnew%s: alice\n' "$ALIASES" "$total" >/etc/aliases
	newaliases >/dev/null 2>&1
	for place in team "new$total"; do
		letter "a$total$place" | sendmail -i $place
	done
	# In queue/ it may be put off; in drop/ nobody would know of it.
	await -t 3 empty $SPOOL/drop $SPOOL/queue >/dev/null 2>&1 ||
		await -t 30 empty $SPOOL/drop >/dev/null 2>&1 || rc=137
	[ -n "$(find $SPOOL/queue -type f)" ] || no_growth "$AGENT" "$@" </tmp/rest
	kill -TERM "$AGENT"
	await -t 20 dead "$AGENT" || rc=137
	kill -KILL "$AGENT" 2>/dev/null
	wait "$AGENT" "$tracer" 2>/dev/null
	AGENT=
	settle "$@"
	[ "$1" != -c ] || return 0
	expect "a${total}team" bob
	for place in mailbox archive Maildir command; do expect "a${total}new$total" $place; done
	return $rc
}
# An agent that is told to end while it has mail under way.
end_fault() { # ROLE CALL WHEN HOW, or -c
	local rc=0 tracer
	settings
	rm -f /run/bellman/control /tmp/end
	if [ "$1" = -c ]; then
		"$O/tests/amiss" -c -w /tmp/end -o /tmp/counts deliver &
	else
		$AMISS -w /tmp/end "$@" deliver &
	fi
	tracer=$!
	listens $tracer /run/bellman/control
	send_all "e$total" nosuch@far.example # of a user of its own it asks the agent
	: >/tmp/end
	kill -TERM "$(cat $PIDFILE)" 2>/dev/null
	await -t 20 dead $tracer || rc=137
	kill -KILL $tracer 2>/dev/null
	wait $tracer || rc=$?
	settle "$@"
	return $rc
}
# A relay that wants a token, which a command prints.
token_fault() { # ROLE CALL WHEN HOW, or -c
	echo 'hold yes' >$CONF
	letter "o${total}far" | sendmail -i -f bob far@far.example
	expect "o${total}far" relay
	printf 'relay main {\n\thost relay.example 465\n\tca /usr/share/test-ca.pem\n\tuser jdoe\n\tauth xoauth2\n\ttoken /usr/local/bin/token\n}\n' >$CONF
	PATIENCE=40 passes "$@"
}
both() { # of /tmp/first and /tmp/counts, into this
	awk '!($1 " " $2 in n) || $3 > n[$1 " " $2] { n[$1 " " $2] = $3 }
		END { for (site in n) print site, n[site] }' /tmp/first /tmp/counts | sort >/tmp/both
	cp /tmp/both /tmp/counts
}
# An agent of which the queue could not read queue/ to its end (the two calls
# before are of .intents/), or open a file in drop/, when it was told of it: it
# looks again by itself.
look_again() { # PATH ROLE CALL WHEN HOW
	local rc=0 path=$1 tracer
	shift
	echo 'hold yes' >$CONF
	letter "l${total}queue" | sendmail -i bob 2>/dev/null
	[ "$path" = $SPOOL/queue ] || rm -f $SPOOL/drop/*
	deliver -q # into queue/, where it is held
	settings
	rm -f /run/bellman/control
	"$O/tests/amiss" -o /tmp/amiss -P "$path" "$@" deliver &
	tracer=$!
	listens $tracer /run/bellman/control
	[ "$path" = $SPOOL/queue ] || letter "l${total}drop" | sendmail -i bob
	await -t 20 empty $SPOOL/drop $SPOOL/queue || rc=137
	kill -TERM "$(cat $PIDFILE)"
	wait $tracer
	settle "$@"
	case $path in *queue) expect "l${total}queue" bob ;; *) expect "l${total}drop" bob ;; esac
	return $rc
}
again() { # PATH ROLE CALL WHEN HOW
	local path=$1
	shift
	look() { look_again "$path" "$@"; }
	met look "$@"
}
# newaliases, mailq with an agent and without, sendmail -q, and a deliver -q beside an
# agent: each says what is so, or that it could not.
ask_fault() { # ROLE CALL WHEN HOW, or -c
	local rc=0 amiss="$AMISS $*" agent=$AGENT
	[ "$1" != -c ] || amiss="$O/tests/amiss -c -o /tmp/counts"
	case $group in
	newaliases)
		printf '%s\nnew%s: bob\n' "$ALIASES" $total >/etc/aliases
		timeout -s KILL 40 $amiss newaliases
		;;
	mailq | offline) timeout -s KILL 40 $amiss mailq ;;
	flush)
		letter "q${total}odq" | sendmail -odq -i bob
		expect "q${total}odq" bob
		timeout -s KILL 40 $amiss sendmail -q
		;;
	beside) timeout -s KILL 40 $amiss deliver -q ;;
	esac >/tmp/reply 2>&1
	rc=$?
	# not ours: what glibc (2.36) makes of a break that moves once, and then not
	[ $rc != 134 ] || ! grep -q 'glibc error: malloc assertion failure in sysmalloc' /tmp/reply || rc=71
	case "$rc $2" in "127 mprotect"* | 127*@ld) rc=71 ;; esac # nor what it says before main
	case $rc in 0 | 6[4-9] | 7[0-8] | 137) ;; *) echo "$group $*: $rc" >>/tmp/untrue ;; esac
	sed -E 's/ *[0-9]+ ?[smh]\b/ AGE/; /^held$/d' /tmp/reply >/tmp/told
	[ "$1" != -c ] || cp /tmp/told /tmp/truth
	if [ "$rc $group ${2%@*}" = "0 beside write" ]; then
		: # nothing is to be done, which is all that it could not say
	elif [ $rc = 0 ] && [ "$4" != kill ]; then
		cmp -s /tmp/told /tmp/truth || echo "$group $*: $(diff /tmp/truth /tmp/told)" >>/tmp/untrue
		[ $group != newaliases ] || grep -aq "new$total" /var/lib/bellman/aliases.tdb || echo "$group $*: not there" >>/tmp/untrue
	elif [ $rc != 0 ] && [ ! -s /tmp/told ]; then
		case $2 in write*) ;; *) echo "$group $*: it says nothing" >>/tmp/untrue ;; esac
	fi
	case $group in
	newaliases)
		for place in team "new$total"; do
			letter "q$total$place" | sendmail -i $place
			expect "q$total$place" bob
		done
		;;
	flush) sendmail -q ;;
	beside)
		letter "q${total}bob" | sendmail -i bob
		expect "q${total}bob" bob
		;;
	offline) return $rc ;;
	mailq) no_growth "$agent" "$@" </tmp/rest; return $rc ;;
	esac >/dev/null 2>&1
	await -t 10 empty $SPOOL/drop $SPOOL/queue || echo "$group $*: it waits" >>/tmp/left
	no_growth "$agent" "$@" </tmp/rest
	strays "$@"
	return $rc
}
# A role that cannot be bounded does nothing: CALL HOW, as strace has it, for all
# processes and each time.
unbounded() {
	total=$((total + 1))
	echo 'hold yes' >$CONF
	letter "b$total" | sendmail -i bob
	settings
	expect "b$total" bob
	timeout -s KILL 90 strace -f -o /dev/null -e "trace=$1" -e "inject=$1:$2" deliver -q
	echo "$total bounds start $1 1 $2 $?" >>/tmp/faults
	! grep -q "^first of b$total\$" /var/mail/bob || echo "$1 $2" >>/tmp/unbounded
	settle
}
# Terminals, and a text to be put into seven bits: of the roles that a pass has
# for them alone.
show_fault() {
	local kind
	echo 'hold yes' >$CONF
	for kind in saml soml send; do
		letter "t$total$kind" | submit bob -i -O Terminal=$kind alice
	done
	printf 'Subject: \303\251\n\nfirst of t%sfar\n\303\251\nlast of t%sfar\n' "$total" "$total" |
		submit bob -i far@far.example
	settings
	echo 'terminal-rate 0 0' >>$CONF # or each waits for the one before
	expect "t${total}saml" mailbox
	for kind in soml send; do expect "t$total$kind" shown; done
	expect "t${total}far" smtp
	PATIENCE=75 passes "$@"
}
# One who cannot have the group hands in by the agent's socket.
socket_fault() {
	local rc tracer pid
	settings
	rm -f /run/bellman/control /run/bellman/submit
	if [ "$1" = -c ]; then "$O/tests/amiss" -c -o /tmp/counts deliver; else $AMISS "$@" deliver; fi &
	tracer=$!
	listens $tracer /run/bellman/control && listens $tracer /run/bellman/submit
	pid=$(cat $PIDFILE)
	[ "$1" != -c ] || [ -e /tmp/rest.socket ] || { warm bob; at_rest "$pid" >/tmp/rest.socket; }
	letter "u$total" | timeout -s KILL 40 setpriv --reuid=alice --regid=alice --clear-groups \
	    --no-new-privs /usr/sbin/sendmail -i bob >/tmp/reply 2>&1
	rc=$?
	if [ $rc = 0 ]; then expect "u$total" socket; else
		# What it could not say is no lie.
		case "$2 $4" in sendmsg* | sendto* | write* | poll* | *kill) echo "u$total" >>/tmp/unsaid ;; esac
	fi
	[ "$rc ${2%@*}" != "127 mprotect" ] || rc=71 # not ours: RELRO
	case $rc in 0 | 6[4-9] | 7[0-8] | 137) ;; *) echo "$group $*: $rc" >>/tmp/untrue ;; esac
	await -t 3 empty $SPOOL/drop $SPOOL/queue >/dev/null 2>&1 && no_growth "$pid" "$@" </tmp/rest.socket
	kill -TERM "$(cat $PIDFILE)" 2>/dev/null
	await -t 20 dead $tracer || rc=137
	kill -KILL $tracer 2>/dev/null
	wait $tracer
	settle "$@"
	return $rc
}
: >/tmp/untrue
: >/tmp/unsaid
: >/tmp/grown
: >/tmp/unbounded
: >/tmp/strays
: >/tmp/documented
{
	if wanted pass; then
		EVERY=${ERROR_EVERY:-199}
		pass_fault -c # with what it makes once
		cp /tmp/counts /tmp/first
		total=$((total + 1))
		pass_fault -c
		both
		if [[ ${ERROR_ROLES:-parent} == *parent* ]]; then # what once went wrong
			row /etc/shells user openat 1 EMFILE # "he has no login shell"
			row pipe: user write 1 ENOMEM        # half a message was all of it
			row /etc/passwd queue openat 1 EMFILE # "there is no such user"
			row $SPOOL/queue/ queue openat 3 ENOMEM # nobody would send it
			row / parent socketpair 4 EMFILE     # queue and net were never joined
			row socket: net sendto 2 ENOBUFS     # waited for what nobody asked for
			met pass_fault queue unlinkat 1 EACCES # its bounce was made again
			for k in 11 12; do met pass_fault start close_range $k ENOSYS; done # before 5.9: a role kept what its parent had open
			for k in 4 5 6 7 8; do # with nothing left to do: its pass waited for ever
				try bob_fault pass user close $k kill
			done
		fi
		each pass_fault pass "${ERROR_ROLES:-parent start queue net dns user}" </tmp/counts
	fi
	if wanted stay; then
		EVERY=${ERROR_EVERY:-139}
		group=stay
		stay_fault -c
		cp /tmp/amiss /tmp/counts
		[ -n "${ERROR_ROLES:-}" ] || met stay_fault queue fallocate 1 ENOSPC # a name was left out
		each stay_fault stay "${ERROR_ROLES:-queue}" </tmp/counts
	fi
	if wanted end; then
		EVERY=${ERROR_EVERY:-199}
		group=end AGAIN=4 # what is under way then differs
		end_fault -c
		each end_fault end "${ERROR_ROLES:-parent start queue net dns user}" </tmp/counts
		AGAIN=1
	fi
	if wanted again; then
		group=again
		again $SPOOL/queue queue getdents64 3 EIO # what stood before that was all of it
		again $SPOOL queue openat 1 EMFILE # it might write nothing there, for good
		again $SPOOL/drop/3 queue openat 1 EMFILE # an id's: nobody tells of it twice
	fi
	if wanted ask; then
		EVERY=${ERROR_EVERY:-97}
		for group in newaliases flush beside mailq offline; do
			settings
			case $group in mailq | offline) echo 'hold yes' >$CONF ;; esac
			[ $group = offline ] || start_agent
			[ $group != mailq ] || letter waits | sendmail -i bob
			case $group in mailq | offline) ;; *) warm ;; esac
			mailq
			[ $group = offline ] || at_rest "$AGENT" >/tmp/rest
			ask_fault -c
			[ $group != newaliases ] || [ -n "${ERROR_ROLES:-}" ] ||
				AMISS="$AMISS -P $PIDFILE" met ask_fault parent openat 1 EMFILE # it said that no agent runs
			[ $group != offline ] || [ -n "${ERROR_ROLES:-}" ] || {
				met ask_fault start openat 1 kill # it said nothing
				AMISS="$AMISS -P $SPOOL" met ask_fault start pread64 1 EIO # it left the message out
			}
			each ask_fault $group "${ERROR_ROLES:-parent start}" </tmp/counts
			stop_agent
		done
		settings
		deliver -q
		sed -i '/ of \(waits\|warm\)$/d' /var/mail/bob
	fi
	if wanted bounds; then
		group=bounds
		calls='landlock_restrict_self'
		[ "${ERROR_EVERY:-}" != 1 ] ||
			calls='landlock_create_ruleset landlock_add_rule landlock_restrict_self prlimit64 setgroups setresgid setresuid'
		for call in $calls; do unbounded $call error=ENOMEM; done
		unbounded prctl error=ENOMEM:when=4 # the filter: the others are those of the identity
		# It would never ask a directory over the network.
		cp /etc/nsswitch.conf /tmp/nsswitch.conf
		sed -i 's/^passwd:.*/passwd: files ldap/' /etc/nsswitch.conf
		AMISS="$AMISS -P /etc/nsswitch.conf" met bob_fault queue openat 1 EMFILE
		grep -q 'unbounded role=queue .*ldap' $LOG || echo nsswitch.conf >>/tmp/unbounded
		cp /tmp/nsswitch.conf /etc/nsswitch.conf
		# For the C library what may not be read is no file.
		chmod 600 /etc/nsswitch.conf
		total=$((total + 1))
		letter "p${total}one" | sendmail -i bob
		expect "p${total}one" bob
		deliver -q
		grep -q "^first of p${total}one\$" /var/mail/bob || echo "nsswitch.conf that may not be read" >>/tmp/unbounded
		chmod 644 /etc/nsswitch.conf
		# What fails in one role ends that one, and nobody works in its place.
		for role in net dns user; do
			what=pass_fault
			[ $role != user ] || what=bob_fault # alice's runs commands: it has other calls
			for call in 'landlock_restrict_self 1 Landlock' 'prctl 4 seccomp'; do
				set -- $call
				met $what $role "$1" "$2" ENOMEM
				grep -q "$role: error what=\"it cannot be bounded ($3)" $LOG || echo "$role $call" >>/tmp/unbounded
			done
		done
		# A conversion that could not be is not the message's own fault.
		: >/tmp/smtp/seven
		echo 'hold yes' >$CONF
		total=$((total + 1))
		printf 'Subject: \303\251\n\nfirst of p%sfar\n\303\251\nlast of p%sfar\n' "$total" "$total" |
			submit bob -i far@far.example
		expect "p${total}far" smtp
		settings
		for n in 1 2 3 4; do
			rm -f /tmp/amiss
			timeout -s KILL 25 $AMISS deliver-mime landlock_restrict_self 1 ENOMEM deliver -q
			grep -q ' done$' /tmp/amiss || echo "deliver-mime $n" >>/tmp/unmet
		done
		rm -f /tmp/smtp/seven
		deliver -q
	fi
	if wanted show; then
		EVERY=${ERROR_EVERY:-97}
		group=show
		. "$TREE/tests/ttys.sh"
		session alice alice
		: >/tmp/smtp/seven
		show_fault -c
		each show_fault show "${ERROR_ROLES:-tty mime deliver-mime}" </tmp/counts
		rm -f /tmp/smtp/seven
	fi
	if wanted token; then
		EVERY=${ERROR_EVERY:-97}
		group=token
		"$TREE/tests/certs.sh" /tmp/certs
		cp /tmp/certs/ca.pem /usr/share/test-ca.pem
		echo ya29.abc >/tmp/bearer
		printf '#!/bin/sh\nprintf "ya29.abc\\n3600\\n"\n' >/usr/local/bin/token
		chmod 755 /usr/local/bin/token
		smtpd 465 /tmp/relay cert=/tmp/certs/right.pem,/tmp/certs/right.key wrapped token=jdoe,/tmp/bearer
		token_fault -c
		[ -n "${ERROR_ROLES:-}" ] || met token_fault parent waitid 1 EINTR # its end was not seen
		each token_fault token "${ERROR_ROLES:-parent start token net}" </tmp/counts
	fi
	if wanted socket; then
		EVERY=${ERROR_EVERY:-127}
		group=socket
		socket_fault -c # what is held at rest
		total=$((total + 1))
		socket_fault -c
		each socket_fault socket "${ERROR_ROLES:-parent start submit}" </tmp/counts
	fi
} >/dev/null 2>&1
{
	cat /tmp/before.alice /var/mail/alice | account mailbox
	cat /tmp/before.archive /home/alice/archive | account archive
	cat /home/alice/Maildir/new/* | account Maildir
	cat /home/alice/got.* | account command
	cat /tmp/before.bob /var/mail/bob >/tmp/bob
	account bob </tmp/bob
	account socket </tmp/bob
	sed 's/\r//g; s/^| //' /tmp/screen.alice | cat - /var/mail/alice /tmp/before.alice /tmp/bob | account shown
	for place in smtp lmtp relay; do sed 's/\r$//' /tmp/$place/*.msg | account $place; done
} 2>/dev/null | unsaid | grep -v -E ' (count[a-z]*|a[0-9]*team|a[0-9]*new[0-9]*) none ' >/tmp/table
met=$(grep -c -v -- '[-=]$' /tmp/faults)
[ "$total" = "$tried" ] ||
	check "the errors met a process" test "$met" -ge $(((total - tried) / 2)) -a "$met" -ge 1
same "what once went wrong was tried" "" "$(cat /tmp/unmet 2>/dev/null)"
same "each message is there, once, and whole ($met errors)" "" \
    "$(wrong /tmp/table)"
same "the spool is empty" "" "$(cat /tmp/left 2>/dev/null; find $SPOOL -type f)"
same "each call has its errors, or cannot fail" "" "$(sort -u /tmp/unknown)"
same "no role works that cannot be bounded" "" "$(cat /tmp/unbounded)"
same "nothing holds more than before" "" "$(cat /tmp/grown)"
same "no file is left behind" "" "$(cat /tmp/strays)"
same "who asks is told the truth, and ends as sysexits has it" "" "$(cat /tmp/untrue)"
same "what the socket has refused is not there" "" "$(sed -n 's/^socket u\([0-9]*\) none .*/\1/p' /tmp/table |
	while read -r n; do grep "^$n " /tmp/faults; done)"
same "nothing hangs" "" "$(grep ' 137$' /tmp/faults)"
same "nothing is ended by a signal" "" "$(awk '$7 + 0 >= 128 && $7 != 137' /tmp/faults)"
figures /tmp/table
sed 's/^/# not met: /' /tmp/missed 2>/dev/null
[ ! -s /tmp/documented ] || echo "# left where something was killed, or could not remove it: $(wc -l </tmp/documented)"
finish
