#!/bin/bash
# check.sh [TEST...]   runs all tests of the build folder O (or those named),
# prints each one's closing line, then the totals; non-zero when any failed.
# Stories run side by side: each has a machine of its own.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
export O
logs=$O/check
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0
JOBS=${JOBS:-3}

total() { # PASSED FAILED
	passed=$((passed + $1)) failed=$((failed + $2))
}

story() {
	local name=${1##*/} start=$SECONDS
	mkdir -p "$logs/$name.disk"
	DISK=$logs/$name.disk timeout "${STORY_TIME:-600}" tests/root.sh "$1" >"$logs/$name.log" 2>&1 </dev/null
	echo $? >"$logs/$name.rc"
	echo "$((SECONDS - start)) s $name" >>"$logs/times"
	rm -rf "$logs/$name.disk"
}

story_result() {
	local name=${1##*/} log rc line
	log=$logs/$name.log
	rc=$(cat "$logs/$name.rc")
	grep -E '^(skip|not ok|#)' "$log"
	if [ "$rc" = 77 ]; then
		echo "${name%.sh}: skipped: $(tail -1 "$log")"
		skipped=$((skipped + 1))
		return
	fi
	line=$(grep -E "^${name%.sh}: [0-9]+ passed, [0-9]+ failed" "$log" | tail -1)
	if [ -z "$line" ]; then
		tail -5 "$log"
		line="${name%.sh}: 0 passed, 1 failed"
	fi
	echo "$line"
	skips=$(grep -s -c '^skip' "$log") # nothing, where the log is gone: still a failure
	skipped=$((skipped + ${skips:-0}))
	# shellcheck disable=SC2046 # two numbers
	total $(echo "$line" | sed 's/.*: \([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/')
}

units=() stories=()
if [ $# -gt 0 ]; then
	for test; do
		case $test in *.sh) stories+=("$test") ;; *) units+=("$test") ;; esac
	done
else
	for test in tests/*_test.c; do
		[ -e "$test" ] && units+=("$O/${test%.c}")
	done
	stories=(tests/[0-9][0-9]-*.sh tests/manuals.sh)
fi

if [ "${#units[@]}" -gt 0 ]; then
	tests/units.sh "${units[@]}" 2>&1 | tee "$logs/units.log"
	for test in "${units[@]}"; do
		grep -q "^${test##*/}: " "$logs/units.log" || {
			echo "${test##*/}: 0 passed, 1 failed (it never ended)"
			failed=$((failed + 1))
		}
	done
	while read -r ok bad skip; do # no <(...): a bare chroot has no /dev/fd
		[ -n "$ok" ] || continue
		total "$ok" "$bad"
		skipped=$((skipped + ${skip:-0}))
	done <<<"$(sed -n 's/^[a-z0-9_]*_test: \([0-9]*\) passed, \([0-9]*\) failed,* *\([0-9]*\).*/\1 \2 \3/p' "$logs/units.log")"
fi

if [ "${#stories[@]}" -gt 0 ]; then
	tests/fetch.sh "$O" || exit 1
fi
for test in "${stories[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
	story "$test" &
done
wait
for test in "${stories[@]}"; do story_result "$test"; done

# Once more, next to each other, for who sees but the end of it.
for test in "${stories[@]}"; do
	test=${test##*/}
	grep '^not ok' "$logs/$test.log" | sed "s/^not ok -/failed: ${test%.sh}:/"
done
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed = 0 ] && [ $passed -gt 0 ]
