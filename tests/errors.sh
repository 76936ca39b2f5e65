# errors.sh - for the story of the errors: source it after lib.sh.  One system
# call goes amiss in one process (amiss.c), one in turn, and each is accounted
# for: what has become of which message.
# shellcheck shell=bash disable=SC2034,SC2154

# What each call may answer.  close and recvmsg are left out: an answer that is
# made up leaves the descriptor, or the packet, where no kernel would.
ERRORS='read EIO EINTR
pread64 EIO EINTR
write EIO ENOSPC EDQUOT EINTR short short,ENOSPC
writev EIO ENOSPC EDQUOT EINTR short short,ENOSPC
pwrite64 EIO ENOSPC EDQUOT EINTR short short,EDQUOT
open EMFILE EACCES ENOMEM
openat EMFILE EACCES ENOMEM
fstat EIO
newfstatat EIO EACCES ENOMEM
faccessat2 EIO EACCES
mmap ENOMEM
brk ENOMEM
mremap ENOMEM
fcntl EINTR ENOLCK
flock EINTR ENOLCK
fsync EIO ENOSPC EDQUOT
fdatasync EIO ENOSPC EDQUOT
syncfs EIO ENOSPC
ftruncate EIO EINTR
fallocate ENOSPC EDQUOT EINTR
fchmod EIO EDQUOT
fchown EIO EDQUOT
mkdir ENOSPC EACCES
mkdirat ENOSPC EACCES
link EIO EDQUOT
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
setgroups ENOMEM
setresgid EAGAIN
setresuid EAGAIN
prctl EINVAL
chdir EACCES EIO
getrandom EINTR'
errors_of() { awk -v name="$1" '$1 == name { $1 = ""; print }' <<<"$ERRORS"; }

MOST=${KILL_MOST:-${MOST:-3}} # calls of one name and process; make check-faults takes all
ONLY=${ERROR_ONLY:-}          # the words of what is to be tried; all
turn=0
its_turn() { # one in EVERY, from the one of ERROR_FIRST on
	turn=$((turn + 1))
	[ $((turn % EVERY)) = $((${ERROR_FIRST:-0} % EVERY)) ]
}
wanted() { # WORD
	[ -z "$ONLY" ] || [[ " $ONLY " == *" $1 "* ]]
}

# A file of faults "N GROUP ROLE CALL WHEN HOW RC", and one of what is expected
# "MARK N PLACE" for account.
: >/tmp/faults
: >/tmp/expected
total=0 left=0

# each FUNCTION GROUP ROLES <"ROLE CALL COUNT": FUNCTION ROLE CALL WHEN HOW for
# all that is wanted.
each() {
	local what=$1 group=$2 roles=$3 role name most k how rc
	while read -r role name most; do
		[[ " $roles " == *" $role "* ]] || continue
		[ "$most" -le "$MOST" ] || most=$MOST
		for ((k = 1; k <= most; k++)); do
			for how in $(errors_of "$name"); do
				# the loader's own first page: see FAULTS
				[ "$group/$role/$name/$k" != pass/parent/mmap/1 ] || continue
				its_turn || continue
				total=$((total + 1))
				rm -f /tmp/amiss
				$what "$role" "$name" $k "$how"
				rc=$?
				grep -q ' done$' /tmp/amiss || rc=-
				echo "$total $group $role $name $k $how $rc" >>/tmp/faults
			done
		done
	done
}

expect() { # MARK PLACE: it is to be found there
	echo "$1 $total $2" >>/tmp/expected
}

# Nothing may be left in the spool after what follows each.
settle() {
	[ -n "$(find $SPOOL -type f)" ] || return 0
	deliver -q
	[ -n "$(find $SPOOL -type f)" ] || return 0
	deliver -q # what was put off by the first for another's sake
	[ -n "$(find $SPOOL -type f)" ] || return 0
	left=$((left + 1))
	echo "left by fault $total: $(find $SPOOL -type f)" >>/tmp/left
	deliver -q
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

# The sums by group and role, and what went wrong: PLACES are those where a
# message may come twice.
figures() { # TABLE of account
	awk '
		FILENAME == "/tmp/faults" {
			at[$1] = $2 " " $3; text[$1] = $0
			if ($7 == "-") next
			faults[at[$1]]++
			if ($6 ~ /^short/) shorts[at[$1]]++
			if ($7 >= 128 && $7 != 137) signals[at[$1]]++
			if ($7 == 137) hung[at[$1]]++
			next
		}
		{
			w = at[$3]; n[w]++
			if ($5 == 0) lost[w]++
			if ($5 > 1 && $1 ~ /command|smtp/) again[w]++
			else if ($5 > 1) twice[w]++
			if ($4 != $5) torn[w]++
		}
		END {
			for (w in faults)
				printf "# %s: faults %d (short writes %d), messages %d, lost %d, twice %d, torn %d, hung %d, ended by a signal %d; documented: again %d\n",
				    w, faults[w], shorts[w], n[w], lost[w], twice[w], torn[w], hung[w], signals[w], again[w]
		}' /tmp/faults "$1" | sort
}
amiss_lines() { # TABLE CONDITION: the faults whose messages fulfil it
	awk -v condition="$2" '
		FILENAME == "/tmp/faults" { text[$1] = $0; next }
		condition == "lost" && $5 == 0 ||
		condition == "torn" && $4 != $5 ||
		condition == "twice" && $5 > 1 && $1 !~ /command|smtp/ {
			print $1, $2, "heads", $4, "tails", $5, "by", text[$3]
		}' /tmp/faults "$1"
}
