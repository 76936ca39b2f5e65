# errors.sh - for the story of the errors: source it after lib.sh.  One system
# call goes amiss in one process (amiss.c), one in turn, and each is accounted
# for: what has become of which message.
# shellcheck shell=bash disable=SC2034,SC2053,SC2154
[ -z "$SANITIZED" ] || { skip "a sanitizer makes calls of its own"; finish; }
AMISS="$O/tests/amiss -o /tmp/amiss"
$AMISS parent write 1 short true
[ $? != 77 ] || { skip "not on this kind of machine"; finish; }
# The words of a story are a piece of it.
[ $# = 0 ] || ERROR_ONLY=$1 ERROR_ROLES=${*:2}

# What each call may answer.  close is made before it answers ("after,"): no kernel
# leaves the descriptor open.
ERRORS='read EIO EINTR
pread64 EIO EINTR
write EIO ENOSPC EDQUOT EINTR short short,ENOSPC
writev EIO ENOSPC EDQUOT EINTR short short,ENOSPC
pwrite64 EIO ENOSPC EDQUOT EINTR short short,EDQUOT
open EMFILE EACCES ENOMEM
openat EMFILE EACCES ENOMEM EIO ENOSPC EDQUOT
openat2 EMFILE EACCES ENOMEM EIO
close after,EIO after,EINTR
close_range EMFILE ENOMEM
fstat EIO
newfstatat EIO EACCES ENOMEM
statx EIO EACCES ENOMEM
access EIO EACCES
faccessat2 EIO EACCES
readlink EIO EACCES
readlinkat EIO EACCES
mmap ENOMEM
munmap ENOMEM
mprotect ENOMEM
brk ENOMEM
mremap ENOMEM
fcntl EINTR ENOLCK
flock EINTR ENOLCK
fsync EIO ENOSPC EDQUOT
fdatasync EIO ENOSPC EDQUOT
syncfs EIO ENOSPC
sync_file_range EIO ENOSPC
ftruncate EIO EINTR
fallocate ENOSPC EDQUOT EINTR
fchmod EIO EDQUOT
fchown EIO EDQUOT
utimensat EIO EACCES
mkdir ENOSPC EACCES
mkdirat ENOSPC EACCES
link EIO EDQUOT ENOSPC
linkat EIO EDQUOT ENOSPC
unlink EIO EACCES
unlinkat EIO EACCES
rename ENOSPC EACCES
renameat ENOSPC EACCES
renameat2 ENOSPC EACCES
getdents64 EIO
statfs EIO
fstatfs EIO
pipe2 EMFILE ENFILE
dup EMFILE
dup2 EMFILE EINTR
dup3 EMFILE EINTR
socket EMFILE ENOBUFS
socketpair EMFILE
bind EACCES
listen EADDRINUSE
accept4 EMFILE ENOMEM
connect EINTR EACCES
sendto ENOBUFS EINTR
sendmsg EINTR ENOMEM
recvfrom EINTR ENOMEM
poll EINTR ENOMEM
ppoll EINTR ENOMEM
epoll_create1 EMFILE ENOMEM
epoll_ctl ENOMEM ENOSPC
epoll_wait EINTR
epoll_pwait EINTR
signalfd4 EMFILE
memfd_create EMFILE
inotify_init1 EMFILE
inotify_add_watch ENOSPC ENOMEM
clone EAGAIN ENOMEM
clone3 EAGAIN ENOMEM
execve EACCES ENOMEM
wait4 EINTR
waitid EINTR
pidfd_open EMFILE ENOMEM
setgroups ENOMEM
setresgid EAGAIN
setresuid EAGAIN
setuid EAGAIN
prlimit64 EPERM
prctl EINVAL ENOMEM
seccomp ENOMEM
landlock_create_ruleset ENOMEM EMFILE
landlock_add_rule ENOMEM
landlock_restrict_self ENOMEM
chdir EACCES EIO
fchdir EACCES EIO
getcwd EACCES ENOMEM
getrandom EINTR
recvmsg EINTR ENOMEM
lseek EIO
ioctl EIO ENOMEM
shutdown ENOBUFS
setsockopt ENOMEM
getsockopt ENOMEM
getsockname ENOBUFS
getpeername ENOBUFS
exit_group'
# What cannot fail, but for arguments that no program gives it: a kernel that answers
# these with an error is none that we could run on.
NEVER='alarm arch_prctl clock_gettime clock_nanosleep fadvise64 futex getegid geteuid getgid getgroups
getpgrp getpid getppid getresgid getresuid getrusage gettid getuid kill madvise restart_syscall rseq
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend sched_getaffinity sched_yield
set_robust_list set_tid_address setitimer setpgid setsid sigaltstack sysinfo tgkill times
umask uname'
# And each of them may be the last that its process came to: kill -9 before it.
HOWS=${ERROR_HOWS:-errors kill}
errors_of() {
	awk -v name="$1" -v hows="$HOWS" '$1 == name {
		$1 = ""
		print hows ~ /errors/ ? $0 : "", hows ~ /kill/ ? "kill" : ""
	}' <<<"$ERRORS"
}

# Of the calls of one name, process and site, which differ in their turn alone, so
# many: the first, and one of those that follow (see FAULTS).
MOST=${ERROR_MOST:-${MOST:-1}}
ONLY=${ERROR_ONLY:-}          # the words of what is to be tried; all
turn=0
its_turn() { # one in EVERY, from the one of ERROR_FIRST on
	turn=$((turn + 1))
	[ $((turn % EVERY)) = $((${ERROR_FIRST:-0} % EVERY)) ]
}
wanted() { # WORD
	[ -z "$ONLY" ] || [[ " $ONLY " == *" $1 "* ]]
}

# A file of faults "N GROUP ROLE CALL WHEN HOW RC" (RC: - where it has not met its
# call, = where it was tried again then), and one of what is expected
# "MARK N PLACE" for account.
exec 3>&1
: >/tmp/faults
: >/tmp/expected
: >/tmp/unknown
total=0 left=0
AGAIN=1 # what is not met is tried so often once more

# try FUNCTION GROUP ROLE CALL WHEN HOW: one fault, and how what met it ended.
try() {
	local what=$1 group=$2 rc again
	shift 2
	fault "$@"
	[[ $2 == *@* ]] || return 0
	for ((again = 0; again < AGAIN; again++)); do
		[ $rc = - ] || return 0
		sed -i '$s/-$/=/' /tmp/faults # once more, with nothing made yet
		[ -n "$AGENT" ] || afresh
		fault "$@"
	done
	[ $rc != - ] || echo "$group $*" >>/tmp/missed
}
fault() {
	total=$((total + 1))
	rm -f /tmp/amiss
	$what "$@"
	rc=$?
	grep -q ' done$' /tmp/amiss || rc=-
	echo "$total $group $* $rc" >>/tmp/faults
	[ "$rc" = - ] || [ "$rc" -lt 128 ] || echo "# fault $(tail -n 1 /tmp/faults)" >&3
}
met() { # FUNCTION ROLE CALL WHEN HOW: one that has to meet its call
	local what=$1
	shift
	try "$what" "$group" "$@"
	tail -n 1 /tmp/faults | grep -- ' -$' >>/tmp/unmet
}

# ROLES <"ROLE CALL@SITE COUNT": the calls of these of which nothing is said above.
unknown() {
	awk -v roles=" $1 " 'index(roles, " " $1 " ") { sub(/@.*/, "", $2); print $2 }' | sort -u | grep -v -x -F -f <(
		sed 's/ .*//' <<<"$ERRORS"
		tr ' ' '\n' <<<"$NEVER"
	)
}

# As before the first pass: what is made once is made again.
afresh() {
	local file
	rm -f /var/lib/bellman/*.tdb
	for file in /var/mail/alice /var/mail/bob /home/alice/archive; do
		[ ! -e $file ] || cat $file >>/tmp/before.${file##*/}
		rm -f $file
	done
}
# each FUNCTION GROUP ROLES <"ROLE CALL@SITE COUNT": all that is wanted.
each() {
	local what=$1 group=$2 roles=$3 role name most k how
	unknown "$roles" </tmp/counts >>/tmp/unknown
	while read -r role name most; do
		[[ " $roles " == *" $role "* ]] || continue
		[ "$most" -le "$MOST" ] || most=$MOST
		for ((k = 1; k <= most; k++)); do
			for how in $(errors_of "${name%@*}"); do
				# the loader's: see FAULTS
				[[ $role/$name/$k/$how/$group != parent/mmap@ld/1/ENOMEM/@(pass|token|beside|fresh|setup|message|import|shown|check|handoff) ]] || continue
				# how sendmail is killed is 53's
				[ "$how $what" != "kill sendmail_fault" ] || continue
				[ -z "${ERROR_FAULT:-}" ] || [[ "$role $name $k $how" == $ERROR_FAULT ]] || continue # a pattern
				its_turn || continue
				[ $SECONDS -lt "${ERROR_TIME:-1000000}" ] || { echo "# stopped before: $role $name $k $how" >&3; return; }
				try "$what" "$group" "$role" "$name" $k "$how"
			done
		done
	done
}

expect() { # MARK PLACE: it is to be found there
	echo "$1 $total $2" >>/tmp/expected
}

# What the agent PID holds at rest: "WHO DESCRIPTORS", and "children PID N".
at_rest() {
	local role pid
	echo "descriptors parent $(find "/proc/$1/fd" -mindepth 1 | wc -l)"
	for role in queue net dns; do
		pid=$(pgrep -P "$1" -f "^deliver: $role")
		[ -z "$pid" ] || echo "descriptors $role $(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
	done
	echo "children parent $(pgrep -c -P "$1")"
}
# PID FAULT <what it held at rest: once its mail has gone it holds no more.
no_growth() {
	local what role most pid agent=$1
	shift
	while read -r what role most <&4; do
		pid=$agent
		[ "$role" = parent ] || pid=$(pgrep -P "$agent" -f "^deliver: $role")
		[ -z "$pid" ] || await -t 10 "$what" "$pid" "$most" || {
			echo "$total $group $*: $role had $most $what"
			ls -l "/proc/$pid/fd"
			pgrep -a -P "$agent"
		} >>/tmp/grown
	done 4<&0
}

# Files that are nobody's: ROLE CALL WHEN HOW.  What a process was about to remove when
# it was killed, or could not, may be there: a dot-lock until the next delivery,
# and in a Maildir what stands in its tmp.
strays() {
	local path
	find /var/mail /home /run/bellman /var/lib/bellman ! -type d | while read -r path; do
		case $path in
		/var/mail/alice | /var/mail/bob | /var/mail/root | /home/*/.[bp]* | /home/alice/.forward) continue ;;
		/home/alice/archive | /home/alice/Maildir/new/* | /home/alice/got.* | /home/alice/kept.*) continue ;;
		/run/bellman/*.pid | /run/bellman/control | /run/bellman/submit | /run/bellman/lock) continue ;;
		/var/lib/bellman/*.tdb) continue ;;
		esac
		# A cache that could not be read is moved aside, and made anew.
		case "$2 $4/$path" in
		*' kill/'*.lock | unlink*.lock | *' kill/'*/.*.bellman | unlink*/.*.bellman | *' kill/'*/Maildir/tmp/* | unlink*/Maildir/tmp/* | *' '*/var/lib/bellman/*.tdb.bad | *' '*/var/lib/bellman/*.tdb.damaged)
			echo "$total $group $*: $path" >>/tmp/documented
			;;
		*) echo "$total $group $*: $path" >>/tmp/strays ;;
		esac
		rm -f "$path"
	done
}

# Nothing may be left in the spool after what follows each.
settle() {
	empties "$@"
	strays "$@"
}
empties() {
	[ -n "$(find $SPOOL -type f)" ] || return 0
	timeout -s KILL 60 deliver -q
	[ -n "$(find $SPOOL -type f)" ] || return 0
	timeout -s KILL 60 deliver -q # what was put off by the first for another's sake
	[ -n "$(find $SPOOL -type f)" ] || return 0
	left=$((left + 1))
	echo "# left by fault $total: $group $*" >&3
	echo "left by fault $total: $(find $SPOOL -type f)" >>/tmp/left
	timeout -s KILL 60 deliver -q
}

# account PLACE <MAIL: how often each mark that is expected there was found, as
# "PLACE MARK FAULT HEADS TAILS"; "once" is exactly so.
account() {
	awk -v place="$1" '
		FILENAME != "-" { if ($3 == place) fault[$1] = $2; next }
		/^first of / { heads[$3]++ }
		/^last of / { tails[$3]++ }
		END {
			for (m in fault)
				print place, m, fault[m], heads[m] + 0, tails[m] + 0
			for (m in tails) # of a refused one, or by a wrong way
				if (!(m in fault))
					print place, m, "none", heads[m] + 0, tails[m] + 0
		}' /tmp/expected -
}

# <TABLE, without what could not be said, and is there all the same, once and whole.
unsaid() { awk 'FILENAME != "-" { u[$1]; next } $3 != "none" || $4 != 1 || $5 != 1 || !($2 in u)' /tmp/unsaid -; }

# The table with a last word for each line: "once", or what went wrong.  Twice is
# "again" where it is documented: a command, SMTP and LMTP (RFC 1047).  A .forward
# that may not be read is not used, and the mailbox gets what it would have
# named: "unused".
judged() { # TABLE
	awk '
		FILENAME == "/tmp/faults" {
			closed[$1] = $3 == "user" && $6 == "EACCES"
			next
		}
		{ line[++n] = $0; tails[$1, $2] = $5 }
		END {
			for (i = 1; i <= n; i++) {
				split(line[i], f)
				m = f[2]
				word = "once"
				if (f[4] != f[5]) word = "torn"
				else if (f[5] > 1) word = f[1] ~ /command|smtp|lmtp|relay|shown/ ? "again" : "twice"
				else if (f[5] == 0) word = "lost"
				if (word == "lost" && closed[f[3]] && f[1] != "mailbox" &&
				    tails["mailbox", m] == 1 && !tails["archive", m] &&
				    !tails["Maildir", m] && !tails["command", m])
					word = "unused"
				print line[i], word
			}
		}' /tmp/faults "$1"
}
# The sums by group and role.
figures() { # TABLE
	judged "$1" | awk '
		FILENAME == "/tmp/faults" {
			w = at[$1] = $2 " " $3
			if ($7 == "=") next
			if ($7 == "-") {
				unmet[w]++
				next
			}
			faults[w]++
			if ($6 ~ /^short/) shorts[w]++
			if ($6 == "kill") kills[w]++
			if ($7 == 137) hung[w]++
			else if ($7 >= 128) signals[w]++
			next
		}
		{ w = at[$3]; n[w]++; sum[w, $6]++ }
		END {
			for (w in faults)
				printf "# %s: errors %d, short writes %d, kills %d, messages %d, lost %d, twice %d, torn %d, hung %d, signals %d, again %d, unused %d, not met %d\n",
				    w, faults[w] - shorts[w] - kills[w], shorts[w], kills[w], n[w], sum[w, "lost"],
				    sum[w, "twice"], sum[w, "torn"], hung[w], signals[w],
				    sum[w, "again"], sum[w, "unused"],
				    unmet[w]
		}' /tmp/faults - | sort
}
wrong() { # TABLE: what is lost, torn or there twice, and by which fault
	judged "$1" | awk '
		FILENAME == "/tmp/faults" { text[$1] = $0; next }
		$3 != "none" && $6 ~ /^(lost|torn|twice)$/ {
			print $6, $1, $2, "by", text[$3]
		}' /tmp/faults -
}
