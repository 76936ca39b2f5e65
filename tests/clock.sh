#!/bin/bash
# clock.sh - the soak (soak.sh) on a kernel of its own whose clock jumps: make
# check-clock MINUTES=10.  CLOCK_REALTIME is one for all of a machine, and this
# machine's is left alone; so a user-mode Linux is started, which is a kernel that
# runs as a process, with this machine's files as they are to read, and its own clock,
# memory and processes.  In it root.sh makes its copy as it does elsewhere.  It is
# slow: a program takes some tenths of a second to start.
# Exit: as the soak's; 77 when there is none here.
set -u

outside() {
	local kernel overlay log status cpu
	kernel=$(command -v linux.uml) || { echo "clock.sh: no linux.uml (Debian: user-mode-linux)" >&2; exit 77; }
	[ "$(id -u)" = 0 ] || { echo "clock.sh: needs root" >&2; exit 77; }
	overlay=$(find /usr/lib/uml/modules -name overlay.ko | tail -n 1)
	TREE=$(cd "$(dirname "$0")/.." && pwd -P)
	O=$(cd "$TREE" && cd "${O:-build}" && pwd -P)
	log=$(mktemp)
	# On one processor: its processes are run by turns, and those of two would
	# wait for each other's.  What the kernel does not know is its first
	# program's environment.
	cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
	TMPDIR=/dev/shm timeout -k 10 $((SOAK_MINUTES * 120 + 3600)) \
	    taskset -c "$cpu" "$kernel" rootfstype=hostfs ro mem=1536M quiet \
	    con=null con0=null,fd:1 "init=$TREE/tests/clock.sh" \
	    CLOCK_INSIDE=1 "TREE=$TREE" "O=$O" "OVERLAY=$overlay" \
	    "SOAK_MINUTES=$SOAK_MINUTES" "SOAK_SEED=${SOAK_SEED:-1}" \
	    </dev/null 2>&1 | sed -u 's,\r,,g' | tee "$log"
	status=$(sed -n 's/^clock.sh: exit \([0-9]*\)$/\1/p' "$log" | tail -n 1)
	rm -f "$log"
	[ -n "$status" ] || echo "clock.sh: that kernel came to no end" >&2
	exit "${status:-1}"
}

inside() { # process 1 of that kernel
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
	cd /
	mount -t proc proc /proc
	[ -z "$OVERLAY" ] || insmod "$OVERLAY"
	O=$O SOAK_JUMPS=1 SOAK_MINUTES=$SOAK_MINUTES SOAK_SEED=$SOAK_SEED \
	    "$TREE/tests/root.sh" "$TREE/tests/soak.sh"
	echo "clock.sh: exit $?"
	sleep 1 # for the console
	echo o >/proc/sysrq-trigger
	sleep 60
}

if [ -n "${CLOCK_INSIDE:-}" ] && [ $$ = 1 ]; then inside; else outside; fi
