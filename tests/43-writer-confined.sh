#!/bin/bash
# The process that writes to terminals, seen by the kernel: who it is, what it
# calls and opens once it knows whose terminals there are, and what becomes of a
# terminal that goes to another user at that very moment.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/ttys.sh"

person gina harry
start_agent
check "alice logs in" session alice alice
check "gina has a window" window gina gina

# From here on every writer is stopped when it has looked up the terminals and
# has just confined itself, until somebody lets it go on.
trace() {
	rm -f /tmp/trace /tmp/attached
	strace -f -o /tmp/trace -e inject=landlock_restrict_self:signal=STOP -p "$AGENT" 2>/tmp/attached &
	STRACE=$!
	await text /tmp/attached attached
}
untrace() {
	kill "$STRACE"
	wait "$STRACE" 2>/dev/null
}
stopped() { # sets WRITER
	await -t 30 text /tmp/trace 'landlock_restrict_self(' || return 1
	WRITER=$(awk '/landlock_restrict_self\(/ { print $1; exit }' /tmp/trace)
}
field() { awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' /tmp/status; }

check "the agent is traced" trace
say send alice 'to alice'
if ! check "the writer has confined itself" stopped; then
	skip "this kernel has no Landlock"
	finish
fi
cp "/proc/$WRITER/status" /tmp/status
id=$(id -u bellman-tty)
tty=$(getent group tty | cut -d: -f3)
own=$(getent group bellman | cut -d: -f3)
same "its uid is bellman-tty's, four times" "$id $id $id $id" "$(field Uid)"
same "its group is tty, four times" "$tty $tty $tty $tty" "$(field Gid)"
same "and no other" "$tty" "$(field Groups)"
for set in CapInh CapPrm CapEff CapAmb; do
	same "no capability: $set" 0000000000000000 "$(field $set)"
done
same "no_new_privs" 1 "$(field NoNewPrivs)"
for pid in $AGENT $(pgrep -P "$AGENT"); do
	awk -v tty="$tty" -v own="$own" '$1 == "Gid:" || $1 == "Groups:" { for (i = 2; i <= NF; i++) has[$i] }
		END { exit !((tty in has) && (own in has)) }' "/proc/$pid/status" && echo "$pid"
done >"$OUT"
same "no process of the agent has the groups bellman and tty" "" "$(cat "$OUT")"
kill -CONT "$WRITER"
check "then it writes" await text /tmp/screen.alice '| to alice'
check "and ends" await dead "$WRITER"
check "settled" drained 30
untrace

cat >/tmp/look.py <<'X'
import re, sys
writer, tty, own, name = sys.argv[1:5]
wrong, groups, locked, dev, opened, called = [], {}, False, None, 0, set()
beneath = (r'openat2\(%s, "%s", \{flags=O_WRONLY\|O_NOCTTY\|O_NONBLOCK\|O_CLOEXEC, '
           r'resolve=RESOLVE_NO_MAGICLINKS\|RESOLVE_NO_SYMLINKS\|RESOLVE_BENEATH\}')
known = set("""openat2 pread64 fstat newfstatat ioctl write poll ppoll close sendmsg sendto recvmsg
    epoll_ctl epoll_wait epoll_pwait brk mmap munmap mremap madvise futex getpid clock_gettime
    rt_sigprocmask rt_sigreturn restart_syscall exit_group""".split())
begun = {}
for line in open("/tmp/trace", errors="replace"):
    pid, rest = line.rstrip("\n").split(None, 1)
    if rest.endswith(" <unfinished ...>"):
        begun[pid] = rest[:-len(" <unfinished ...>")]
        continue
    m = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
    if m:
        rest = begun.pop(pid, "") + m[1]
    m = re.match(r"(setgroups\(\d+, \[|setresgid\(|setregid\(|setgid\()([\d, ]*).*= 0$", rest)
    if m:
        has = groups.setdefault(pid, {})
        has[m[1][:7]] = set(re.findall(r"\d+", m[2]))
        if {tty, own} <= set().union(*has.values()):
            wrong.append("both groups: " + line)
    if pid != writer:
        continue
    m = re.match(r'openat\(AT_FDCWD, "/dev", .*O_PATH.*\) = (\d+)', rest)
    if m:
        dev = m[1]
    if rest.startswith(("prctl(PR_SET_SECCOMP", "seccomp(")):
        locked = rest.endswith("= 0")
        continue
    call = re.match(r"(\w+)\(", rest)
    if not locked or not call:
        continue
    called.add(call[1])
    if "EPERM" in rest:
        wrong.append("refused: " + rest)
    if call[1].startswith("open"):
        opened += 1
        if not re.match(beneath % (dev, name), rest):
            wrong.append("opens: " + rest)
if writer not in groups:
    wrong.append("its groups were not seen")
if called - known:
    wrong.append("calls: %s" % sorted(called - known))
if not locked:
    wrong.append("it never gave up its calls")
if opened != 1:
    wrong.append("it opened %d files" % opened)
print("\n".join(wrong))
sys.exit(bool(wrong))
X
check "once confined it opens that one terminal, beneath /dev, and calls nothing unexpected" \
	/usr/bin/python3 /tmp/look.py "$WRITER" "$tty" "$own" "$(tty_of alice)"

# The number of gina's terminal goes to harry between the look-up and the
# opening.
stop_agent
echo 'terminal-pts yes' | config
start_agent
gone=$(tty_of gina)
check "traced once more" trace
say send gina 'for gina alone'
check "the writer has looked up gina's terminal" stopped
leave gina
check "harry has a window now" window harry harry
same "it is the one that was gina's" "$gone" "$(tty_of harry)"
kill -CONT "$WRITER"
check "the writer ends" await dead "$WRITER"
untrace
awk -v pid="$WRITER" '$1 == pid && /openat2\(/ { on = 1; if (!/unfinished/) { print; exit } }
	$1 == pid && on && /openat2 resumed/ { print; exit }' /tmp/trace >"$OUT"
said "it had opened that terminal, which was harry's" '= [0-9]+$'
fd=$(sed -n 's/.*= \([0-9]*\)$/\1/p' "$OUT")
refute "and wrote not one octet to it" grep -E "^$WRITER +writev?\(${fd:-none}," /tmp/trace
refute "harry saw nothing of it" grep -q 'gina' /tmp/screen.harry
finish
