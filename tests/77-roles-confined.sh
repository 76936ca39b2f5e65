#!/bin/bash
# Each role tries what it must not: a process of the running agent is made to do
# the calls, as by somebody who has taken it over.  What its uid alone would allow
# is refused by the bounds (deliver/bounds.c); its limits are those of the tables
# of deliver(8), ROLES.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/held.sh"
[ -z "$SANITIZED" ] || { skip "with a sanitizer calls are not bounded"; finish; }
[ "$(uname -m)" = x86_64 ] || { skip "calls are injected on x86-64 only"; finish; }

O_RDWR=2 O_CREAT=64 HERE=-100
printf 'all may read and write this\n' >/srv/open
chmod 666 /srv/open
mkdir -m 1777 /srv/free
chmod 700 /home/*
tries() { # WHAT PID WANTED CALL...
	local what=$1 pid=$2 want=$3
	shift 3
	same "$what: $*" "$want" "$("$O/tests/inject" "$pid" "$@" 2>&1)"
}

MANUAL=$TREE/man/deliver.8
table() { /usr/bin/python3 "$TREE/tests/confined.py" "$MANUAL" "$@"; }

# What no role may but those that start programs: WHAT PID
nothing_new() {
	tries "$1" "$2" EPERM clone 17
	tries "$1" "$2" EPERM execve /bin/true 0 0
	tries "$1" "$2" EPERM kill "$2" 10
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
no_network() { # WHAT PID [ERRNO: it cannot make one for the log either]
	tries "$1" "$2" EPERM socket 2 1 0
	tries "$1" "$2" EPERM socket 10 2 0
	tries "$1" "$2" EPERM socket 16 3 0
	tries "$1" "$2" "${3:-ok}" socket 1 2 0 # the log
}
no_file() { # WHAT PID [ERRNO]: nothing is written, or read if it is said
	tries "$1" "$2" "${3:-EACCES}" openat $HERE /srv/open $O_RDWR
	tries "$1" "$2" "${3:-EACCES}" openat $HERE /srv/free/new $((O_RDWR | O_CREAT)) 0600
	[ -z "${3:-}" ] || tries "$1" "$2" "$3" openat $HERE /srv/open 0
}
# A row of the tables: who it is, its limits, and what follows from its words.
SEEN=
as_said() { # ROW PID [USER [OCTETS]]
	local row=$1 pid=$2
	check "$row: it is who the manual says, and limited so" table "$row" "$pid" "$AGENT" "${@:3}"
	SEEN="$SEEN$row"$'\n'
	[ "$(table "$row" starts)" != nothing ] || nothing_new "$row" "$pid"
	[ "$(table "$row" connects)" != no ] || no_network "$row" "$pid" "${NO_LOG:-}"
	[ "$(table "$row" 'changes files below')" != none ] || lock no_file "$row" "$pid" "${READS:-}"
}

start_agent
landlock=yes
grep -q 'no Landlock' $LOG && { landlock= && skip "this kernel has no Landlock"; }
lock() { [ -z "$landlock" ] || "$@"; }

queue=$(role_pid queue) net=$(role_pid net) dns=$(role_pid dns)
as_said parent "$AGENT"
for role in queue net dns; do
	pid=${!role}
	READS=$([ $role != dns ] || echo EACCES) as_said $role "$pid"
	tries $role "$pid" ok openat $HERE /etc/passwd 0
done
lock no_file queue "$queue"
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

seen() { # PATTERN [STATUS]: one such process, as far as that; ITS
	local i
	for ((i = 0; i < 200; i++)); do
		ITS=$(pgrep -f "$1") && [ "$(wc -w <<<"$ITS")" = 1 ] && grep -q "${2:-.}" "/proc/$ITS/status" && return
		sleep 0.05
	done
	return 1
}
# The others are stopped.
go_on() {
	kill -CONT "$ITS"
	check "$1: it goes on" drained 40
}

# A user's processes.  This one stands before a lock.
umask 022
echo "$$" >/var/mail/alice.lock
printf 'Subject: x\n\nx\n' | submit bob alice
check "a process of alice stands before the lock of her mailbox" seen '^deliver: user alice' '^Seccomp:.2'
as_said 'user, mailbox' "$ITS" alice
lock tries mailbox "$ITS" EACCES openat $HERE /home/alice/new $((O_RDWR | O_CREAT)) 0600
lock tries mailbox "$ITS" EACCES openat $HERE /home/alice/.bashrc $O_RDWR
tries mailbox "$ITS" ok openat $HERE /var/mail/alice.tried $((O_RDWR | O_CREAT)) 0600 \
    -- unlinkat $HERE /var/mail/alice.tried 0
echo 999999 >/var/mail/alice.lock # who is not there holds nothing
check "then it writes" await -t 40 mbox /var/mail/alice 1
check "drained" drained 40

forward() { # LINE: bob's
	echo "$1" >/home/bob/.forward
	chown bob: /home/bob/.forward
}
forward /home/bob/filed
printf 'Subject: x\n\nx\n' | submit alice bob # the parent loads what it needs for that
check "drained" drained 40
rm /home/bob/filed
hold
printf 'Subject: x\n\nx\n' | submit alice bob
check "a process that reads bob's .forward" held 'deliver: user bob'
as_said 'user, forward' "$ITS" bob
tries .forward "$ITS" EPERM unlinkat $HERE /home/bob/.forward 0
hold
kill -CONT "$ITS"
check "a process that writes bob's file" held 'deliver: user bob'
as_said 'user, file' "$ITS" bob
tries file "$ITS" EPERM symlinkat x $HERE /home/bob/x
go_on file
check "it is there" grep -q '^x$' /home/bob/filed

# His command may what he may, and no more.
mkfifo -m 666 /tmp/wait
forward '|cat /tmp/wait -'
printf 'Subject: x\n\nx\n' | submit alice bob
check "bob's command" seen '^cat /tmp/wait'
for ours in $(pgrep -f '^deliver: user bob'); do
	[ "$ours" = "$(ps -o ppid= -p "$ITS" | xargs)" ] && break
done
as_said 'user, command' "$ours" bob
as_said 'user, command' "$ITS" bob
same "it has three descriptors" "0 1 2" "$(find "/proc/$ITS/fd" -type l -printf '%f\n' | sort -n | xargs)"
same "and his own groups" "$(id -G bob)" "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$ITS/status" | xargs)"
for victim in "$AGENT" "$queue" "$net" "$dns"; do
	tries command "$ITS" EPERM kill "$victim" 9
done
tries command "$ITS" EPERM ptrace 16 "$ours"
tries command "$ITS" EACCES openat $HERE "/proc/$ours/mem" $O_RDWR
tries command "$ITS" EPERM setuid 0
for file in $SPOOL/queue $SPOOL/drop /etc/shadow /home/alice/.bashrc /var/mail/alice; do
	tries command "$ITS" EACCES openat $HERE $file 0
done
tries command "$ITS" ok openat $HERE /home/bob/tried $((O_RDWR | O_CREAT)) 0600
tries command "$ITS" ok socket 2 1 0
tries command "$ITS" ok clone 17
: >/tmp/wait
check "it goes on" drained 40
rm /home/bob/.forward

# tty, once it knows the terminals.
. "$TREE/tests/ttys.sh"
check "alice logs in" session alice alice
hold
say send alice 'to alice'
check "a process that writes to terminals" held 'deliver: tty alice'
NO_LOG=EPERM READS=EACCES as_said tty "$ITS"
tries tty "$ITS" EPERM unlinkat $HERE /srv/free/x 0
tries tty "$ITS" EPERM connect 0 in:25 16
tries tty "$ITS" EPERM setuid 0
lock tries tty "$ITS" EACCES openat $HERE /etc/passwd 0
lock tries tty "$ITS" EACCES openat $HERE "/dev/$(tty_of alice)" $O_RDWR
tries tty "$ITS" ok openat $HERE "/dev/$(tty_of alice)" 1
go_on tty
check "it is on her screen" await text /tmp/screen.alice '| to alice'
leave alice


# token: whatever root has named.
mkdir /tmp/relay
"$TREE/tests/certs.sh" /tmp/certs
echo ya29.abc >/tmp/bearer
smtpd 465 /tmp/relay cert=/tmp/certs/right.pem,/tmp/certs/right.key wrapped token=jdoe,/tmp/bearer
stop_agent
printf '#!/bin/sh\nexec cat /tmp/wait\n' >/usr/local/bin/token
chmod 755 /usr/local/bin/token
config <<-'X'
	relay main {
		host relay.example 465
		ca /tmp/certs/ca.pem
		user jdoe
		auth xoauth2
		token /usr/local/bin/token
	}
X
install -g bellman-net -m 640 /dev/null /etc/bellman/secrets
start_agent
queue=$(role_pid queue) net=$(role_pid net) dns=$(role_pid dns)
printf 'Subject: x\n\n%01200d\n' 0 | submit alice ops@remote.example
check "a process that runs the token command" seen '^cat /tmp/wait'
as_said token "$ITS"
alike token "$ITS"
for victim in "$AGENT" "$queue" "$net" "$dns"; do
	tries token "$ITS" EPERM kill "$victim" 9
done
[ -z "$landlock" ] || tries token "$ITS" EACCES socket 2 1 0 -- bind '$' in:2601 16
tries token "$ITS" EPERM setuid 0
for file in $SPOOL/queue /etc/bellman/secrets /home/bob/filed; do
	tries token "$ITS" EACCES openat $HERE $file 0
done
tries token "$ITS" ok socket 2 1 0

# mime, for the long line: before it becomes deliver-mime, and when that has bounded
# itself.
if [ -x /usr/libexec/bellman/deliver-mime ]; then
	hold
	echo ya29.abc >/tmp/wait
	check "a process that is to become deliver-mime" held 'deliver: mime'
	tries mime "$ITS" EPERM clone 17
	tries mime "$ITS" EPERM kill "$ITS" 10
	alike mime "$ITS"
	no_network mime "$ITS"
	lock no_file mime "$ITS" EACCES
	tries mime "$ITS" EPERM unlinkat $HERE /srv/free/x 0
	lock tries mime "$ITS" EACCES execve /bin/true 0 0
	hold 2 "$ITS"
	await text /tmp/trace 'stopped by SIGSTOP' # as it was
	kill -CONT "$ITS"
	check "deliver-mime" held 'deliver-mime' 2
	octets=$(tr '\0' '\n' <"/proc/$ITS/cmdline" | sed -n 3p)
	NO_LOG=EPERM READS=EPERM as_said mime "$ITS" - "$octets"
	tries deliver-mime "$ITS" EPERM openat $HERE /etc/passwd 0
	go_on mime
	check "a line of 1200 is none there" sh -c '! grep -q ILLEGAL /tmp/relay/log && grep -q "^DATA 250" /tmp/relay/log'
else
	echo ya29.abc >/tmp/wait
	skip "no GMime here: deliver-mime was not built"
	SEEN=${SEEN}mime$'\n'
fi

# submit: the submitter's, until it is sendmail.
cat >/tmp/connect.py <<-'X'
	import socket
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	s.connect("/run/bellman/submit")
	s.recv(1)
X
chmod 644 /tmp/connect.py
as alice /usr/bin/python3 /tmp/connect.py &
connected=$!
check "a process that waits for a submission" seen '^deliver: submit' "^Uid:.$(id -u alice)"
as_said submit "$ITS" alice
for victim in "$AGENT" "$queue" "$net" "$dns"; do
	tries submit "$ITS" EPERM kill "$victim" 9
done
tries submit "$ITS" EPERM setuid 0
tries submit "$ITS" EACCES openat $HERE $SPOOL/queue 0
tries submit "$ITS" EACCES openat $HERE /etc/shadow 0
refute "alice cannot trace it" as alice strace -o /dev/null -p "$ITS"
refute "nor look into it" as alice cat "/proc/$ITS/environ"
kill $connected

# The reader of another mailer's settings.
mkdir -p /srv/old/etc/dma
echo 'SMARTHOST relay.example' >/srv/old/etc/dma/dma.conf
mkfifo /tmp/go
(read -r _ </tmp/go; exec deliver --import --from dma --root /srv/old) >/tmp/imported 2>&1 &
hold 4 $!
: >/tmp/go
check "a process that reads settings" held deliver
READS=EACCES as_said import "$ITS"
tries import "$ITS" EPERM unlinkat $HERE /srv/free/x 0
lock tries import "$ITS" EACCES openat $HERE /etc/passwd 0
kill -CONT "$ITS"
check "it goes on" await -t 10 text /tmp/imported relay.example

same "all rows of the manual were tried" "$(table rows)" "$(sort -u <<<"${SEEN%?}")"
stop_smtpd
stop_agent

# What the compiler and the linker were asked for is in the programs.
hardened() { # WHAT PATTERN READELF-OPTION FILE
	check "${4##*/}: $1" sh -c "readelf -W $3 '$4' | grep -q -E '$2'"
}
PROPERTY='x86 feature:.*IBT, SHSTK' # branch targets, and a second stack of return addresses (CET)
without() { # FILE...: which of them, or of their members, have it not
	readelf -nW "$@" 2>/dev/null | awk -v want="$PROPERTY" '/^File: / { if (file && !has) print file; file = $2; has = 0 }
		$0 ~ want { has = 1 } END { if (file && !has) print file }'
	[ $# -gt 1 ] || readelf -nW "$1" | grep -q "$PROPERTY" || echo "$1"
}
find "$O/common" "$O/sendmail" "$O/deliver" -name '*.o' >/tmp/objects
globals() { nm -g --defined-only "$@" | awk '$2 == "T" { print $3, $1 }'; }
globals $(cat /tmp/objects) >/tmp/ours
no_target() { # PROGRAM: which of our global functions in it do not begin with endbr64; in /tmp/targets those that do
	globals "$1" | awk 'NR == FNR { ours[$1]; next } $1 in ours' /tmp/ours - >/tmp/its
	objdump -d --no-show-raw-insn "$1" | awk 'NR == FNR { its[$2] = $1; next }
		/^[0-9a-f]+ <.*>:$/ { name = its[$1]; next }
		name { if ($2 == "endbr64") print name >"/tmp/targets"; else print name; name = "" }' /tmp/its -
}
if readelf -h "$O/sendmail/sendmail" | grep -q DYN && readelf -lW "$O/sendmail/sendmail" | grep -q INTERP; then start=Scrt1.o; else start=rcrt1.o; fi
for program in sendmail/sendmail deliver/deliver deliver/mime/deliver-mime; do
	program=$O/$program name=${program##*/}
	[ -x "$program" ] || continue
	hardened "at any address (PIE)" 'Flags:.*PIE' -d "$program"
	hardened "all is bound at the start" 'BIND_NOW' -d "$program"
	hardened "and read-only then (RELRO)" 'GNU_RELRO' -l "$program"
	hardened "its stack is not run" 'GNU_STACK.* RW ' -l "$program"
	hardened "its stack is guarded" '__stack_chk_fail' -s "$program"
	hardened "libc's checked calls (FORTIFY)" '__[a-z]*_chk' -s "$program"
	# The size of what malloc has given is known to level 3 alone.
	check "$name: FORTIFY is 3" sh -c "objdump -d --disassemble=span_dup '$program' | grep -q 'call.*__memcpy_chk'"
	# Each of our files in it, by what the compiler has written down.
	readelf -W --debug-dump=info "$program" 2>/dev/null | sed -n 's/.*DW_AT_producer.*: //p' | grep -e 'GNU.* -std=c17' |
		grep -v -e '-O[1-3s] .*-fPIE .*-fstack-protector-strong .*-fcf-protection=full' >"$OUT"
	same "$name: no file of ours was compiled without" "" "$(cat "$OUT")"
	# The linker leaves the note away where one input lacks it, as libc's may.
	[ $name = sendmail ] || start=Scrt1.o
	lack=$(for input in $start crti.o crtn.o; do without "$(gcc -print-file-name=$input)"; done)
	[ -n "$lack" ] && [ -n "$(without "$program")" ] ||
		hardened "marked for branch targets, return addresses (CET)" "$PROPERTY" -n "$program"
	same "$name: each global function of ours begins as a branch target (endbr64)" "" "$(no_target "$program")"
	same "$name: which are all that there are" "$(cut -d' ' -f1 /tmp/its | sort)" "$(sort /tmp/targets)"
	check "$name: and many" test "$(wc -l </tmp/its)" -gt 20
done
check "there are objects of ours" test "$(wc -l </tmp/objects)" -gt 200
same "each is marked for CET" "" "$(without $(cat /tmp/objects))"
commands() { # COMMAND...: what it would run, a line each, to compile and to link
	"$@" -s -n -B O=/tmp/none all 2>&1 | sed -e :a -e '/\\$/{N;s/\\\n//;ba' -e '}' >/tmp/commands
	grep -e ' -c -o ' /tmp/commands >/tmp/compile
	grep -e ' -o /tmp/none/[a-z/-]* ' /tmp/commands >/tmp/link
	[ "$(wc -l </tmp/compile)" -gt 200 ] && [ "$(wc -l </tmp/link)" -ge 2 ]
}
not_asked() { # who is compiled or linked without, or with another level behind
	grep -v -e '-D_FORTIFY_SOURCE=3' /tmp/compile
	grep -e '-D_FORTIFY_SOURCE=3.*_FORTIFY_SOURCE' /tmp/compile
	grep -v -E -e ' -(static-)?pie( |$)' /tmp/link
	grep -v -e '-z,relro,-z,now' /tmp/link
}
cd "$TREE" || exit 1
check "what make would run" commands make
same "asks for all of it, for each file" "" "$(not_asked)"
if command -v dpkg-buildflags >/dev/null; then
	make -n -f debian/rules override_dh_auto_build >/tmp/package 2>"$OUT"
	check "what the package's build would run" eval "commands $(cat /tmp/package)"
	same "asks for it as well" "" "$(not_asked)"
else
	skip "no dpkg-dev here: what the package asks for is not known"
fi
finish
