# lib.sh - for the stories tests/NN-name.sh: source it first, call finish last.
# A story runs in the private copy of the machine that root.sh makes; started
# outside, it goes there by itself.
# shellcheck shell=bash
if [ -z "${PRIVATE_ROOT:-}" ]; then
	exec "$(dirname "${BASH_SOURCE[0]}")/root.sh" "$(cd "$(dirname "$0")" && pwd)/${0##*/}" "$@"
fi

shopt -s lastpipe # `text | exits ...` counts here, not in a child

NAME=${0##*/}
NAME=${NAME%.sh}
PASSED=0 FAILED=0
LOG=/var/log/mail.log
SPOOL=/var/spool/bellman
CONF=/etc/bellman/bellman.conf
PIDFILE=/run/bellman/deliver.pid
OUT=/tmp/out # what the last command of check, fails or rc said
AGENT=
: >"$CONF"
: >"$OUT"

pass() {
	PASSED=$((PASSED + 1))
	echo "ok - $*"
}

fail() { # WHAT: the reason is in $OUT
	FAILED=$((FAILED + 1))
	echo "not ok - $*"
	sed 's/^/# /' "$OUT" | tail -n ${FAIL_LINES:-12}
}

check() { # WHAT COMMAND...: it succeeds
	local what=$1
	shift
	if "$@" >"$OUT" 2>&1; then pass "$what"; else
		echo "($* -> $?)" >>"$OUT"
		fail "$what"
	fi
}

refute() { # WHAT COMMAND...: it fails
	local what=$1
	shift
	if "$@" >"$OUT" 2>&1; then
		echo "($* succeeded)" >>"$OUT"
		fail "$what"
	else pass "$what"; fi
}

same() { # WHAT WANTED GOT
	if [ "$2" = "$3" ]; then pass "$1"; else
		printf 'wanted: %s\ngot:    %s\n' "$2" "$3" >"$OUT"
		fail "$1"
	fi
}

exits() { # WHAT STATUS COMMAND...: with that exit status; output in $OUT
	local what=$1 want=$2 rc
	shift 2
	"$@" >"$OUT" 2>&1
	rc=$?
	if [ $rc = "$want" ]; then pass "$what"; else
		echo "($* -> $rc, wanted $want)" >>"$OUT"
		fail "$what"
	fi
}

said() { # WHAT PATTERN: the last command of exits or check said it
	if grep -q -E -e "$2" "$OUT"; then pass "$1"; else
		echo "(no line like: $2)" >>"$OUT"
		fail "$1"
	fi
}

on_terminal() { # COLUMNS COMMAND...: what a terminal gets
	/usr/bin/python3 - "$@" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
out = b""
try:
    while piece := os.read(fd, 65536):
        out += piece
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(out.replace(b"\r\n", b"\n"))
PY
}

skip() { # WHY: one part of a story
	echo "skip: $NAME: $*"
}

finish() {
	stop_agent
	local f
	for f in /tmp/agent.err.*; do # of sanitized programs
		if [ -e "$f" ] && grep -q -E 'Sanitizer|runtime error' "$f"; then
			cp "$f" "$OUT"
			fail "no sanitizer speaks up"
		fi
	done
	if [ -n "${WATCHED:-}" ]; then
		cat /tmp/watched/* 2>/dev/null | grep -v -E '^--|arning: ' >"$OUT"
		echo "# memcheck: $(find /tmp/watched -type f | wc -l) programs"
		if grep -q '^==' "$OUT"; then fail "memcheck finds nothing"; else pass "memcheck finds nothing"; fi
	fi
	# 99 is how a sanitized program ends (sanitize.c)
	if grep -E 'status=(99|-1 signal=(4|6|7|8|11))\b' $LOG >"$OUT" 2>/dev/null; then
		fail "no process of the agent fails"
	fi
	if [ $FAILED -gt 0 ]; then
		tail -n 15 "$LOG" 2>/dev/null | sed 's/^/# log: /'
		cat /tmp/agent.err.* 2>/dev/null | head -n 5 | sed 's/^/# agent: /'
	fi
	echo "$NAME: $PASSED passed, $FAILED failed"
	[ $FAILED = 0 ]
	exit
}

await() { "$O/tests/await" "$@"; }
[ -z "${WATCHED:-}" ] || export AWAIT_TIMES=10 # valgrind takes its time

as() { # USER COMMAND...
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --init-groups --reset-env "$@"
}

submit() { # USER ARGUMENTS... <message
	local user=$1
	shift
	as "$user" /usr/sbin/sendmail "$@"
}

session() { # MANY USER: as many messages, in one dialogue
	awk -v many="$1" -v to="$2" 'BEGIN {
		print "EHLO x"
		for (n = 1; n <= many; n++)
			printf "MAIL FROM:<>\nRCPT TO:<%s>\nDATA\nSubject: %d\n\nfirst of s%d\nlast of s%d\n.\n", to, n, n, n
		print "QUIT"
	}' | /usr/sbin/sendmail -bs
}

config() { # the settings from now on: stdin
	cat >"$CONF"
}

start_agent() { # [ARGUMENTS...]
	rm -f /run/bellman/control
	/usr/sbin/deliver "$@" >/dev/null 2>/tmp/agent.err.$$.$RANDOM &
	AGENT=$!
	await -t 10 exists /run/bellman/control
}

stop_agent() {
	[ -n "$AGENT" ] || return 0
	kill -TERM "$AGENT" 2>/dev/null
	await -t 15 dead "$AGENT" || kill -KILL "$AGENT"
	wait "$AGENT" 2>/dev/null
	AGENT=
}

drained() { await -t "${1:-20}" empty $SPOOL/drop $SPOOL/queue $SPOOL/queue/.intents; }

messages() { # MBOX: how many it holds
	if [ -e "$1" ]; then
		awk 'blank && /^From / { n++ } { blank = $0 == "" } BEGIN { blank = 1 } END { print n + 0 }' "$1"
	else echo 0; fi
}

# The pid of a role, by the end of its process title.
role_pid() { pgrep -f "^deliver: $1"; }

# unpack SET: a server of Debian that fetch.sh has; fails if it has it not.  What
# its package would do when it is installed is the story's.  The names that are
# ours stay ours.
unpack() {
	local deb
	[ -e "$O/pkgs/$1/complete" ] || return 1
	for deb in "$O/pkgs/$1"/*.deb; do
		[ -e "$deb" ] || continue # all of it is on this machine
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x --keep-directory-symlink -C / \
			    --exclude=./usr/sbin/sendmail --exclude=./usr/lib/sendmail \
			    --exclude=./usr/bin/mailq --exclude=./usr/bin/newaliases || return 1
	done
	ldconfig
}

# smtpd PORT FOLDER [RULES...]: a scripted SMTP server, see smtpd.py; ready on
# return.
smtpd() {
	mkdir -p "$2"
	/usr/bin/python3 "$TREE/tests/smtpd.py" "$@" >"$2/out" 2>&1 &
	SMTPD=$!
	await exists "$2/ready" || cat "$2/out"
}

stop_smtpd() {
	kill "$SMTPD" 2>/dev/null
	wait "$SMTPD" 2>/dev/null
}

relay() { # PORT: the settings of a relay on this machine
	printf 'relay main {\n\thost 127.0.0.1 %s\n\ttls never\n}\n' "$1"
}
