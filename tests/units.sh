#!/bin/bash
# units.sh TEST...   runs cmocka programs: what failed, and a closing line each.
# As root in the private copy of the machine, where a pty and names are to be
# had; else as it is.
set -u
if [ -z "${PRIVATE_ROOT:-}" ] && [ "$(id -u)" = 0 ]; then
	"${0%/*}/root.sh" "$0" "$@"
	rc=$?
	[ $rc = 77 ] || exit $rc
fi
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp)
# A test's children that end early leave its memory behind.
export ASAN_OPTIONS=detect_leaks=1
for test; do
	name=${test##*/}
	case $name in net_test | net_text_test | misbehave_test) ASAN_OPTIONS=detect_leaks=0 ;; esac
	timeout 120 "$test" >"$log" 2>&1
	rc=$?
	ok=$(grep -c '^\[       OK \]' "$log")
	bad=$(grep -E '^\[  (FAILED|ERROR) +\] [a-z_0-9]+$' "$log" | sort -u | wc -l)
	listed=$(sed -n 's/^ *\([0-9]*\) FAILED TEST(S)$/\1/p' "$log")
	bad=$((${listed:-0} > bad ? listed : bad))
	if [ $rc != 0 ] && [ "$bad" = 0 ]; then
		bad=1
		echo "$name: exit status $rc" >>"$log"
	fi
	[ "$bad" = 0 ] || grep -v -E '^\[ RUN|^\[       OK' "$log"
	if [ $((ok + bad)) = 0 ]; then
		echo "skip: $(tail -n 1 "$log")"
		echo "$name: 0 passed, 0 failed, 1 skipped"
		continue
	fi
	skipped=$(grep -c -E '^\[  SKIPPED \] [a-z_0-9]+$' "$log")
	if [ "$skipped" -gt 0 ]; then
		skipped=$((skipped / 2)) # once as it happens, once in the list
		grep -i -E '^skip:' "$log" || echo "skip: $name: $skipped tests cannot run here"
		echo "$name: $ok passed, $bad failed, $skipped skipped"
	else
		echo "$name: $ok passed, $bad failed"
	fi
	ASAN_OPTIONS=detect_leaks=1
done
rm -f "$log"
