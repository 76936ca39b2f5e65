#!/bin/bash
# What an administrator runs, deliver --setup, --import, --check and --handoff, with a
# system call that fails or is the last (kill -9), one in turn: each file is the old
# one or the new one and never open to more, what is said is so, and all of it is
# there after the next run.  A sample; `make check-faults` takes them all.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/errors.sh"

C=/tmp/certs
R=/tmp/theirs
WORD=Tr0ub4dor-and-3
NET=$(getent group bellman-net | cut -d: -f3) QUEUE=$(getent group bellman | cut -d: -f3)
FILES='bellman.conf secrets aliases'
"$TREE/tests/certs.sh" $C
cp $C/ca.pem /usr/share/test-ca.pem
ln -sf /usr/share/test-ca.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in $C/ca.pem).0"
(umask 077; echo $WORD >/tmp/word)
printf '%s\n' 1 alerts@gmail.com $WORD alice >/tmp/answers
mkdir -p $R/etc/nullmailer
echo "relay.example smtp --port=465 --ssl --user=alerts --pass=$WORD" >$R/etc/nullmailer/remotes
echo alice@remote.example >$R/etc/nullmailer/adminaddr
echo alerts@relay.example >$R/etc/nullmailer/allmailfrom
chmod -R go-w $R

place() { # of a file
	case $1 in aliases) echo /etc/aliases ;; *) echo /etc/bellman/$1 ;; esac
}
# As it was before: settings of somebody, or the sample alone.
old() {
	local name
	rm -rf /tmp/old /etc/bellman/* /etc/aliases*
	mkdir /tmp/old
	if [ $group = fresh ]; then
		{ echo 'relay none'; cat "$TREE/bellman.conf.sample"; } >/tmp/old/bellman.conf
	else
		echo 'hostname before.example' >/tmp/old/bellman.conf
		echo 'before.example jdoe 0ld-w0rd' >/tmp/old/secrets
		echo 'ops: bob' >/tmp/old/aliases
	fi
	for name in $FILES; do
		[ ! -e /tmp/old/$name ] || cp /tmp/old/$name "$(place $name)"
	done
	[ $group != check ] || ways
	chmod 644 $CONF
	chown root:bellman-net /etc/bellman/secrets
	chmod 640 /etc/bellman/secrets
	chown root:bellman /etc/aliases
	chmod 640 /etc/aliases
} 2>/dev/null
ways() { # what --check is to walk
	printf 'relay main {\n\thost relay.example 465\n}\nsender *@* <alerts@relay.example>\n' >$CONF
	printf 'relay.example jdoe %s\n' $WORD >/etc/bellman/secrets
	cp $CONF /etc/bellman/secrets /tmp/old
}

run() { # [AMISS...]: the program of the group
	local again=--no-test
	[ $# = 0 ] || again=
	case $group in
	setup) "$@" deliver --setup --force --no-message $again --send relay --account alerts@relay.example \
	    --relay relay.example --user jdoe --root-to alice --password-stdin </tmp/word ;;
	fresh) "$@" deliver --setup --no-message --no-test $force </tmp/answers ;;
	message)
		[ $# != 0 ] || again='--no-test --no-message'
		"$@" deliver --setup --force --no-test $again --send none --root-to ''
		;;
	import) "$@" deliver --import --root $R --write --force ;;
	shown) "$@" deliver --import --root $R ;;
	check) "$@" deliver --check ;;
	esac >/tmp/said 2>/tmp/complaint
}

untrue() { echo "$group $*" >>/tmp/untrue; }
is() { # old|new NAME
	if [ -e /tmp/$1/$2 ]; then cmp -s /tmp/$1/$2 "$(place $2)"; else [ ! -e "$(place $2)" ]; fi
}
all() { # old|new
	local name
	for name in $FILES; do is "$1" $name || return 1; done
}
# The files, as lines of the table that account makes of mail: one that is neither
# the old nor the new one is torn.
whole() { # ROLE CALL WHEN HOW
	local name heads tails
	for name in $FILES; do
		heads=1 tails=1
		is old $name || is new $name || {
			tails=0
			[ -e "$(place $name)" ] || heads=0
		}
		echo "$name f$total $total $heads $tails"
	done >>/tmp/table
	for name in bellman.conf secrets; do # what is replaced has been kept
		is old $name || [ ! -e /tmp/old/$name ] || [ $group = fresh ] ||
			cat "$(place $name)".old* 2>/dev/null | grep -q -F -f /tmp/old/$name ||
			echo "$total $group $*: $name is not kept" >>/tmp/unkept
	done
}
# Who may read them and what begins with their names; none other is there but after
# a kill, until the next run.
closed() { # ROLE CALL WHEN HOW
	local line
	find /etc/bellman /etc/aliases* -type f -printf '%p %U:%G %m\n' | while read -r line; do
		case $line in
		/etc/bellman/secrets*' 0:0 6'[04]0 | /etc/bellman/secrets*" 0:$NET 6"[04]0) ;;
		/etc/bellman/bellman.conf*' 0:0 6'[04][04] | /etc/aliases*' 0:0 6'[04]0 | /etc/aliases*" 0:$QUEUE 6"[04]0) ;;
		/etc/aliases*' 0:0 644') [ ! -e /tmp/old/aliases ] || echo "$total $group $*: $line" ;;
		*) echo "$total $group $*: $line" ;;
		esac
	done >>/tmp/open
	grep -r -l -F -e $WORD /etc/bellman /etc/aliases* /tmp/said /tmp/complaint /var/log |
		grep -v '^/etc/bellman/secrets' | sed "s|^|$total $group $*: the password is in |" >>/tmp/open
}
litter() { # ROLE CALL WHEN HOW
	find /etc/bellman /etc/aliases* -type f | grep -v -E '/(bellman\.conf|secrets)(\.old(\.[0-9]+)?)?$|/aliases$' |
		sed "s|^|$total $group $*: |"
}

# files_fault: --setup and --import.
files_fault() { # ROLE CALL WHEN HOW, or -c
	local rc killed='' force='' name
	old
	rm -f /var/mail/root
	: >$LOG
	[ $group != message ] || start_agent # a new one: who reads anew too often waits longer each time
	[ "$1" != -c ] || {
		run "$O/tests/amiss" -c -o /tmp/counts
		rc=$?
		stop_agent
		rm -rf /tmp/new
		mkdir /tmp/new
		for name in $FILES; do cp "$(place $name)" /tmp/new 2>/dev/null; done
		cp /tmp/said /tmp/truth
		force=--force
		run # what is behind the settings when it has been there: no comments of the sample
		cp $CONF /tmp/bare
		return $rc
	}
	run timeout -s KILL 20 $AMISS "$@"
	rc=$?
	sort -u /tmp/complaint >>/tmp/complaints
	[ "$1 $4" != 'parent kill' ] || killed=1
	whole "$@"
	closed "$@"
	if [ "$4" = kill ]; then litter "$@" >>/tmp/documented; else litter "$@" >>/tmp/strays; fi
	told "$@"
	stop_agent
	[ $group != shown ] || { all old || untrue "$*: something is written"; return $rc; }
	run
	[ $? != 73 ] || ! grep -q -e '--force' /tmp/complaint || force=--force
	[ -z "$force" ] || run
	! cmp -s $CONF /tmp/bare || cp /tmp/new/bellman.conf $CONF
	all new || echo "$total $group $*: $(cat /tmp/complaint)" >>/tmp/incomplete
	closed "$@"
	litter "$@" >>/tmp/strays
	return $rc
}
# What it says is so, and how it ends.  Sets rc, where that is the loader's.
told() { # ROLE CALL WHEN HOW
	local name
	case "$rc $2" in "127 mprotect"* | 127*@ld) rc=71 ;; esac
	case $rc in 0 | 6[4-9] | 7[0-8] | 137) ;; *) untrue "$*: $rc" ;; esac
	[ -z "$killed" ] || return 0
	for name in $FILES; do
		! grep -q "^Wrote $(place $name)\.\$" /tmp/said || is new $name || untrue "$*: $name is not written"
	done
	! grep -q 'othing was written' /tmp/said /tmp/complaint || all old || untrue "$*: something is written"
	if [ $rc = 0 ]; then
		case $group in
		shown) cmp -s /tmp/truth /tmp/said || untrue "$*: $(diff /tmp/truth /tmp/said)" ;;
		message)
			all new || untrue "$*: not all is written"
			grep -q 'cannot be told' /tmp/said || await -t 10 text $LOG 'agent: reloaded' >/dev/null || untrue "$*: the agent is not told"
			await -t 10 text /var/mail/root 'Bellman carries the mail' >/dev/null || untrue "$*: no message"
			;;
		*)
			all new || untrue "$*: not all is written"
			same_modes || untrue "$*: $(stat -c '%n %a' /etc/bellman/* /etc/aliases)"
			;;
		esac
	elif ! grep -q -E '^(deliver|bellman): [^ ]+ .|while loading shared|TLS data structures|glibc' /tmp/complaint; then
		case $2 in write*) ;; *) untrue "$*: $rc, and it says nothing" ;; esac
	fi
	! grep -E '(there (is|are) no|no file)' /tmp/complaint || untrue "$*: $(cat /tmp/complaint)"
}
same_modes() {
	local aliases="0:$QUEUE 640"
	[ -e /tmp/old/aliases ] || aliases='0:0 644'
	[ "$(stat -c '%u:%g %a' $CONF /etc/bellman/secrets /etc/aliases | xargs)" = "0:0 644 0:$NET 640 $aliases" ]
}

# One sentence that says what could not be seen is no verdict.
unseen() { [ "$(grep -c '^>' /tmp/differs)" = 1 ] && grep -q '^> .*cannot be read: ' /tmp/differs; }
check_fault() { # ROLE CALL WHEN HOW, or -c
	local rc killed=''
	old
	[ "$1" != -c ] || { run "$O/tests/amiss" -c -o /tmp/counts; rc=$?; cp /tmp/said /tmp/truth; return $rc; }
	run timeout -s KILL 20 $AMISS "$@"
	rc=$?
	[ "$1 $4" != 'parent kill' ] || killed=1
	case "$rc $2" in "127 mprotect"* | 127*@ld) rc=71 ;; esac
	case $rc in 0 | 6[4-9] | 7[0-8] | 137) ;; *) untrue "$*: $rc" ;; esac
	all old || untrue "$*: something is written"
	[ -z "$(litter "$@")" ] || untrue "$*: $(litter "$@")"
	if [ -n "$killed" ]; then :; elif [ $rc = 0 ]; then
		diff /tmp/truth /tmp/said >/tmp/differs || unseen || untrue "$*: $(cat /tmp/differs)"
	elif [ ! -s /tmp/complaint ] && cmp -s /tmp/truth /tmp/said; then
		untrue "$*: $rc, and it says nothing"
	else
		{ cat /tmp/complaint; diff /tmp/truth /tmp/said; } | sort -u >>/tmp/complaints
	fi
	return $rc
}

# Two that the other host takes, and one that it does not yet.
handoff_fault() { # ROLE CALL WHEN HOW, or -c
	local rc killed='' to n
	rm -f /tmp/smtp/accept
	echo 'hold yes' >$CONF
	for to in far@far.example bob later@far.example; do
		printf 'Subject: x\n\nfirst of h%s%s\nlast of h%s%s\n' $total "${to%@*}" $total "${to%@*}" | sendmail -i $to
		[ $to = later@far.example ] || deliver -q
		expect "h$total${to%@*}" smtp
	done
	if [ "$1" = -c ]; then
		"$O/tests/amiss" -c -o /tmp/counts deliver --handoff 127.0.0.1:2525 >/tmp/said 2>/tmp/complaint
	else
		timeout -s KILL 25 $AMISS "$@" deliver --handoff 127.0.0.1:2525 >/tmp/said 2>/tmp/complaint
	fi
	rc=$?
	[ "$1 $4" != 'parent kill' ] || killed=1
	case "$rc $2" in "127 mprotect"* | 127*@ld) rc=71 ;; esac
	case $rc in 0 | 6[4-9] | 7[0-8] | 137) ;; *) untrue "$*: $rc" ;; esac
	n=$(find $SPOOL/drop $SPOOL/queue -maxdepth 1 -type f | wc -l)
	[ "$n" != 0 ] || untrue "$*: what was refused is gone"
	if [ -n "$killed" ]; then :; elif [ $rc = 0 ]; then
		untrue "$*: $n wait, and it says $(cat /tmp/said)"
	elif grep -q 'are gone' /tmp/said && ! tail -n 2 /tmp/said | grep -q " $n wait"; then
		untrue "$*: $n wait, and it says $(cat /tmp/said)"
	elif ! grep -q 'are gone' /tmp/said && [ ! -s /tmp/complaint ]; then
		untrue "$*: $rc, and it says nothing"
	fi
	cat /tmp/complaint >>/tmp/complaints
	: >/tmp/smtp/accept
	timeout -s KILL 60 deliver --handoff 127.0.0.1:2525 >/tmp/said 2>&1 || echo "$total $group $*: $(cat /tmp/said)" >>/tmp/incomplete
	[ -z "$(find $SPOOL -type f)" ] || { echo "$group $*: $(find $SPOOL -type f)" >>/tmp/left; deliver --handoff 127.0.0.1:2525; }
	strays "$@"
	return $rc
}

# What once went wrong, and is tried each time.
on() { # PATH FUNCTION ROLE CALL WHEN HOW
	local AMISS="$AMISS -P $1"
	shift
	met "$@"
}
once() {
	case $group in
	fresh) on /tmp/answers files_fault parent read 20 EIO ;; # the password was who gets root's mail
	import)
		on /etc/bellman/secrets files_fault parent newfstatat 2 EIO # the old one was not kept
		met files_fault parent rename 1 kill                       # the new one lay about for ever
		met files_fault parent openat2 4 EIO                       # "there are no settings"
		on /etc/group files_fault parent openat 1 EMFILE           # "there is no group"
		;;
	shown) on /tmp/said files_fault parent write 1 ENOSPC ;; # all was well
	message)
		on /run/bellman/deliver.pid files_fault parent openat 2 EMFILE # the agent was not told
		on /run/bellman/deliver.pid files_fault parent openat 3 EMFILE # it waited a minute for no pass
		;;
	check)
		on /tmp/said check_fault parent write 2 EIO # all was well
		met check_fault net recvmsg 1 ENOMEM        # it walked to nobody, and all was well
		met check_fault dns setuid 1 kill           # for half a minute nobody answered
		met check_fault parent socketpair 3 EMFILE  # nor then
		;;
	handoff)
		met handoff_fault start prctl 1 kill   # it said nothing
		met handoff_fault start prctl 1 EINVAL # nor then
		met handoff_fault start epoll_create1 1 EMFILE
		on $SPOOL/queue handoff_fault parent openat 3 EMFILE # all was gone
		;;
	esac
}

for file in untrue unkept open incomplete strays documented table left complaints; do : >/tmp/$file; done
{
	for group in setup fresh message import shown; do
		wanted $group || continue
		EVERY=${ERROR_EVERY:-61}
		[ $group != setup ] ||
			smtpd 465 /tmp/relay "cert=$C/right.pem,$C/right.key" wrapped user=jdoe,/tmp/word sender=alerts@relay.example
		files_fault -c || echo "$group: $(cat /tmp/complaint)" >>/tmp/incomplete
		[ -n "${ERROR_ROLES:-}" ] || once
		each files_fault $group "${ERROR_ROLES:-parent start mailq}" </tmp/counts
		[ $group != setup ] || stop_smtpd
	done
	if wanted check; then
		EVERY=${ERROR_EVERY:-127}
		group=check
		smtpd 465 /tmp/walked "cert=$C/right.pem,$C/right.key" wrapped user=jdoe,/tmp/word sender=alerts@relay.example
		check_fault -c || echo "$group: $(cat /tmp/said)" >>/tmp/incomplete
		[ -n "${ERROR_ROLES:-}" ] || once
		each check_fault check "${ERROR_ROLES:-parent start net dns}" </tmp/counts
		stop_smtpd
	fi
	if wanted handoff; then
		EVERY=${ERROR_EVERY:-299}
		group=handoff
		smtpd 2525 /tmp/smtp
		total=$((total + 1))
		handoff_fault -c
		[ -n "${ERROR_ROLES:-}" ] || once
		each handoff_fault handoff "${ERROR_ROLES:-parent start queue net dns}" </tmp/counts
		sed 's/\r$//' /tmp/smtp/*.msg | account smtp >>/tmp/table
	fi
} >/tmp/noise 2>&1
met=$(grep -c -v -- '[-=]$' /tmp/faults)
[ "$total" = 0 ] || check "the errors met a process" test "$met" -ge $((total / 2)) -a "$met" -ge 1
same "what once went wrong was tried" "" "$(cat /tmp/unmet 2>/dev/null)"
same "each file is the old one or the new one, each message there once and whole ($met errors)" "" "$(wrong /tmp/table)"
same "what is replaced is kept" "" "$(cat /tmp/unkept)"
same "none is open to more than at the end, and nobody sees the password" "" "$(cat /tmp/open)"
same "no file is left behind" "" "$(cat /tmp/strays)"
same "what is said is so, and the end is of sysexits" "" "$(cat /tmp/untrue)"
same "run again it is complete" "" "$(cat /tmp/incomplete /tmp/left)"
same "each call has its errors, or cannot fail" "" "$(sort -u /tmp/unknown)"
same "nothing hangs" "" "$(grep ' 137$' /tmp/faults)"
same "nothing is ended by a signal" "" "$(awk '$7 + 0 >= 128 && $7 != 137' /tmp/faults)"
figures /tmp/table
sed 's/^/# not met: /' /tmp/missed 2>/dev/null
[ ! -s /tmp/documented ] || echo "# left where something was killed: $(wc -l </tmp/documented)"
[ ! -d /disk ] || cp /tmp/complaints /tmp/noise /tmp/untrue /tmp/documented /tmp/counts /tmp/faults /disk
finish
