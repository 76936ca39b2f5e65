#!/bin/bash
# check.sh [TEST...]   runs all tests of the build folder O (or those named),
# prints each one's closing line as it ends, then the totals; non-zero when any
# failed.  A TEST is a program, or a story: a script, and words for it if it has any
# (quoted).  Stories run side by side, JOBS at a time: each has a machine of its own.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
export O
logs=$O/check
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0
JOBS=${JOBS:-4}

total() { # PASSED FAILED
	passed=$((passed + $1)) failed=$((failed + $2))
}

name_of() { # TEST
	local name=${1##*/}
	echo "${name// /-}"
}
story() {
	local name start=$SECONDS
	name=$(name_of "$1")
	mkdir -p "$logs/$name.disk"
	# shellcheck disable=SC2086 # words
	DISK=$logs/$name.disk timeout "${STORY_TIME:-600}" tests/root.sh $1 >"$logs/$name.log" 2>&1 </dev/null
	echo $? >"$logs/$name.rc"
	echo "$((SECONDS - start)) s $name" >>"$logs/times"
	rm -rf "$logs/$name.disk"
}

story_result() {
	local name log rc line script=${1##*/}
	name=$(name_of "$1")
	script=${script%%.sh*}
	log=$logs/$name.log
	rc=$(cat "$logs/$name.rc")
	grep -a -E '^(skip|not ok|#)' "$log"
	if [ "$rc" = 77 ]; then
		echo "${name/.sh/}: skipped: $(tail -1 "$log")"
		skipped=$((skipped + 1))
		return
	fi
	line=$(grep -a -E "^$script: [0-9]+ passed, [0-9]+ failed" "$log" | tail -1)
	if [ -z "$line" ]; then
		tail -5 "$log"
		line="$script: 0 passed, 1 failed"
	fi
	line=${line#"$script"}
	echo "${name/.sh/}$line"
	skips=$(grep -s -a -c '^skip' "$log") # nothing, where the log is gone: still a failure
	skipped=$((skipped + ${skips:-0}))
	# shellcheck disable=SC2046 # two numbers
	total $(echo "$line" | sed 's/.*: \([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/')
}

units() {
	local start=$SECONDS
	tests/units.sh "${units[@]}" >"$logs/units.log" 2>&1 </dev/null
	echo "$((SECONDS - start)) s units" >>"$logs/times"
}
units_result() {
	local test ok bad skip
	cat "$logs/units.log"
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
}

units=() stories=()
if [ $# -gt 0 ]; then
	for test; do
		case $test in *.sh | *.sh\ *) stories+=("$test") ;; *) units+=("$test") ;; esac
	done
else
	for test in tests/*_test.c; do
		[ -e "$test" ] && units+=("$O/${test%.c}")
	done
	# What takes longest comes first, so that none of it is alone at the end.
	mapfile -t stories <<<"$(printf '%s\n' tests/{54,64,41,79,71,40,10,65,55,58,75}-*.sh \
	    tests/[0-9][0-9]-*.sh tests/manuals.sh | awk '!seen[$0]++')"
fi

declare -A what=()
started() { what[$!]=$1; }
# One ends, and is told of.
ended() {
	local pid
	wait -n -p pid
	case ${what[$pid]} in units) units_result ;; *) story_result "${what[$pid]}" ;; esac
	unset "what[$pid]"
}
if [ "${#units[@]}" -gt 0 ]; then
	units &
	started units
fi
if [ "${#stories[@]}" -gt 0 ]; then
	tests/fetch.sh "$O" || exit 1
fi
for test in "${stories[@]}"; do
	while [ ${#what[@]} -ge "$JOBS" ]; do ended; done
	story "$test" &
	started "$test"
done
while [ ${#what[@]} -gt 0 ]; do ended; done

# Once more, next to each other, for who sees but the end of it.
for test in "${stories[@]}"; do
	test=$(name_of "$test")
	grep -a '^not ok' "$logs/$test.log" | sed "s/^not ok -/failed: ${test/.sh/}:/"
done
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed = 0 ] && [ $passed -gt 0 ]
