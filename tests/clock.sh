#!/bin/bash
# clock.sh - the soak (soak.sh) on a machine of its own (machine/boot.sh) whose clock
# jumps: make check-clock MINUTES=60.  CLOCK_REALTIME is one for all of a machine, and
# this machine's is left alone.  In that one root.sh makes its copy as it does
# elsewhere.
# Exit: the soak's; 77 when there is no such machine here.
set -u
TREE=$(cd "$(dirname "$0")/.." && pwd -P)

outside() {
	local log status
	O=$(cd "$TREE" && cd "${O:-build}" && pwd -P)
	log=$(mktemp) || exit 1
	export O BOOT_SECONDS=$((SOAK_MINUTES * 60 + 2400))
	"$TREE/tests/machine/boot.sh" "$TREE/tests/clock.sh" inside "$O" "$SOAK_MINUTES" "${SOAK_SEED:-1}" 2>&1 |
		sed -u 's,\r,,g' | tee "$log"
	status=${PIPESTATUS[0]}
	[ "$status" = 77 ] || status=$(sed -n 's/^clock.sh: exit \([0-9]*\)$/\1/p' "$log" | tail -n 1)
	rm -f "$log"
	[ -n "$status" ] || echo "clock.sh: that machine came to no end" >&2
	exit "${status:-1}"
}

inside() { # O MINUTES SEED, as process 1
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
	O=$1 SOAK_JUMPS=1 SOAK_MINUTES=$2 SOAK_SEED=$3 "$TREE/tests/root.sh" "$TREE/tests/soak.sh"
	echo "clock.sh: exit $?"
	sleep 1 # for the console
	echo o >/proc/sysrq-trigger
	sleep 60
}

case ${1:-} in
inside) shift; inside "$@" ;;
*) outside ;;
esac
