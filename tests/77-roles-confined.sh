#!/bin/bash
# Each role tries what it must not: a process of the running agent is made to do
# the calls, as by somebody who has taken it over.  What its uid alone would allow
# is refused by the bounds (deliver/bounds.c).
. "$(dirname "$0")/lib.sh"
[ -z "$SANITIZED" ] || { skip "with a sanitizer calls are not bounded"; finish; }
[ "$(uname -m)" = x86_64 ] || { skip "calls are injected on x86-64 only"; finish; }

O_RDWR=2 O_CREAT=64 HERE=-100
printf 'all may read and write this\n' >/srv/open
chmod 666 /srv/open
mkdir -m 1777 /srv/free
tries() { # WHAT PID WANTED CALL...
	local what=$1 pid=$2 want=$3
	shift 3
	same "$what: $*" "$want" "$("$O/tests/inject" "$pid" "$@" 2>&1)"
}

# What no role may but those that start programs: WHAT PID
nothing_new() {
	tries "$1" "$2" EPERM clone 17
	tries "$1" "$2" EPERM execve /bin/true 0 0
	tries "$1" "$2" EPERM kill "$AGENT" 0
	alike "$1" "$2"
}
alike() {
	tries "$1" "$2" EPERM ptrace 16 1
	tries "$1" "$2" EPERM process_vm_readv "$2" 0 0 0 0 0
	tries "$1" "$2" EPERM unshare 0x10000000
	tries "$1" "$2" EPERM mount x /srv/free tmpfs 0 0
	tries "$1" "$2" EPERM bpf 0 0 0
	tries "$1" "$2" EPERM io_uring_setup 1 0
}
no_network() {
	tries "$1" "$2" EPERM socket 2 1 0
	tries "$1" "$2" EPERM socket 10 2 0
	tries "$1" "$2" EPERM socket 16 3 0
	tries "$1" "$2" ok socket 1 2 0 # the log
}
no_file() { # nothing is written, or read if it says so
	tries "$1" "$2" EACCES openat $HERE /srv/open $O_RDWR
	tries "$1" "$2" EACCES openat $HERE /srv/free/new $((O_RDWR | O_CREAT)) 0600
	[ -z "${3:-}" ] || tries "$1" "$2" EACCES openat $HERE /srv/open 0
}
limits() { # WHAT PID: no children, whatever the kernel has
	same "$1: no_new_privs, and a filter" "1 2" \
	    "$(awk '$1 ~ /^(NoNewPrivs|Seccomp):$/ { printf "%s%s", s, $2; s = " " }' "/proc/$2/status")"
	same "$1: no child" 0 "$(awk '/^Max processes/ { print $4 }' "/proc/$2/limits")"
}

start_agent
landlock=yes
grep -q 'no Landlock' $LOG && { landlock= && skip "this kernel has no Landlock"; }
lock() { [ -z "$landlock" ] || "$@"; }

queue=$(role_pid queue) net=$(role_pid net) dns=$(role_pid dns)
for role in queue net dns; do
	pid=${!role}
	nothing_new $role "$pid"
	lock no_file $role "$pid" $([ $role != dns ] || echo read)
	limits $role "$pid"
	tries $role "$pid" ok openat $HERE /etc/passwd 0
done
no_network queue "$queue"
tries queue "$queue" EPERM symlinkat x $HERE $SPOOL/queue/x
tries queue "$queue" EPERM mknodat $HERE $SPOOL/queue/x 010666 0
tries queue "$queue" ok openat $HERE $SPOOL/queue/.tried $((O_RDWR | O_CREAT)) 0600 \
    -- unlinkat $HERE $SPOOL/queue/.tried 0
for role in net dns; do
	pid=${!role}
	tries $role "$pid" EPERM unlinkat $HERE /srv/free/x 0
	tries $role "$pid" EPERM renameat2 $HERE /srv/open $HERE /srv/free/x 0
	tries $role "$pid" EPERM listen 0 1
	[ -z "$landlock" ] || tries $role "$pid" EACCES socket 2 1 0 -- bind '$' in:2601 16
	tries $role "$pid" ok socket 2 2 0
done

# A user's processes.  One stands before a lock, the others where they have been
# bounded: at the limit, which is the last.
umask 022
echo "$$" >/var/mail/alice.lock
printf 'Subject: x\n\nx\n' | submit bob alice
box() { pgrep -f '^deliver: user alice' >/tmp/pid && grep -q '^Seccomp:.2' "/proc/$(tail -n 1 /tmp/pid)/status"; }
at_lock() {
	local i
	for ((i = 0; i < 200; i++)); do
		box && return
		sleep 0.05
	done
	return 1
}
check "a process of alice stands before the lock of her mailbox" at_lock
pid=$(tail -n 1 /tmp/pid)
nothing_new mailbox "$pid"
no_network mailbox "$pid"
lock no_file mailbox "$pid"
limits mailbox "$pid"
lock tries mailbox "$pid" EACCES openat $HERE /home/alice/new $((O_RDWR | O_CREAT)) 0600
lock tries mailbox "$pid" EACCES openat $HERE /home/alice/.bashrc $O_RDWR
tries mailbox "$pid" ok openat $HERE /var/mail/alice.tried $((O_RDWR | O_CREAT)) 0600 \
    -- unlinkat $HERE /var/mail/alice.tried 0
rm -f /var/mail/alice.lock
check "then it writes" await -t 40 mbox /var/mail/alice 1
check "drained" drained 40

held() { # TITLE: starts the agent's next process of that name, stopped; PID
	await -t 20 text /tmp/trace 'prlimit64(' || { cat /tmp/trace /tmp/attached; return 1; }
	PID=$(awk '/prlimit64\(/ { print $1; exit }' /tmp/trace)
	kill "$STRACE"
	wait "$STRACE" 2>/dev/null
	tr -d '\0' <"/proc/$PID/cmdline" | grep "^deliver: $1"
}
hold() { # before the message is sent
	rm -f /tmp/trace /tmp/attached
	strace -f -o /tmp/trace -e trace=prlimit64 -e inject=prlimit64:signal=STOP:when=1 -p "$AGENT" 2>/tmp/attached &
	STRACE=$!
	await text /tmp/attached attached
}
go_on() {
	kill -CONT "$PID"
	check "$1: it goes on" drained 40
}

echo '/home/bob/filed' >/home/bob/.forward
chown bob: /home/bob/.forward
hold
printf 'Subject: x\n\nx\n' | submit alice bob
check "a process that reads bob's .forward" held 'user bob'
nothing_new .forward "$PID"
no_network .forward "$PID"
lock no_file .forward "$PID"
limits .forward "$PID"
tries .forward "$PID" EPERM unlinkat $HERE /home/bob/.forward 0
hold
kill -CONT "$PID"
check "a process that writes bob's file" held 'user bob'
nothing_new file "$PID"
no_network file "$PID"
limits file "$PID"
tries file "$PID" EPERM symlinkat x $HERE /home/bob/x
go_on file
check "it is there" grep -q '^x$' /home/bob/filed

finish
