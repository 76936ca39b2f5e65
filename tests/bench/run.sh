#!/bin/bash
# run.sh   the benchmark: the floor, Bellman, and the other mail systems that can
# be had here, each in a private copy of this machine (root.sh) of its own, asked
# in turn for one test after the other, some rounds of that; then the table.
# Nothing is installed on the machine itself.  See README beside it.
# Environment: O, the build folder; ROUNDS; PEERS; TESTS; RT=1 for the real-time
# class, where a machine is not quiet; LESS=10 for a tenth of the messages.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
HERE=tests/bench
W=$O/bench
ROUNDS=${ROUNDS:-3}
LESS=${LESS:-1}
TESTS=${TESTS:-$(sed -n 's/^\([A-Z][A-Z0-9]*\)|.*/\1/p' $HERE/rows)}
export O

# Those that a goal names; the others, who are slower, get one round of a few
# tests, with a fifth of the messages.
MAIN='postfix dma'
BRIEF='exim4 opensmtpd nullmailer msmtp sendmail'
BRIEF_TESTS='S1 D1000 B1'
if [ -n "${PEERS:-}" ]; then MAIN=$PEERS BRIEF=; fi

for who in $MAIN; do
	[ -e "$HERE/peers/$who.sh" ] || {
		echo "no peer $who: there are $(cd $HERE/peers && echo *.sh)" >&2
		exit 64
	}
done
for test in $TESTS; do
	grep -q "^$test|" $HERE/rows || {
		echo "no test $test: there are" $(sed -n 's/^\([A-Z][A-Z0-9]*\)|.*/\1/p' $HERE/rows) >&2
		exit 64
	}
done

[ "$(id -u)" = 0 ] || { echo "make bench needs root" >&2; exit 1; }
rm -rf "$W"
mkdir -p "$W/disk"
raw=$W/raw.txt
: >"$raw"
declare -A IN OUT PID

become() { # in place of this shell: who ends the session ends all of it
	if [ "${RT:-}" = 1 ] && chrt -r 1 true 2>/dev/null; then exec chrt -r 1 "$@"; fi
	exec "$@"
}

package_of() { sed -n 's/^set=//p' "$HERE/peers/$1.sh" 2>/dev/null; }

open_session() { # WHO
	local in out
	mkfifo "$W/$1.in" "$W/$1.out"
	exec {in}<>"$W/$1.in" {out}<>"$W/$1.out"
	IN[$1]=$in OUT[$1]=$out
	local less=$LESS
	case " $BRIEF " in *" $1 "*) less=$((LESS * 5)) ;; esac
	become env DISK="$W/disk" tests/root.sh $HERE/inside.sh "$1" "$less" \
	    <"$W/$1.in" >"$W/$1.out" 2>"$W/$1.log" &
	PID[$1]=$!
}

ask() { # WHO: an answer in $reply, after what was asked
	local line
	reply='- | no answer'
	while read -r -t "${2:-180}" -u "${OUT[$1]}" line; do
		case $line in
		RESULT\ *)
			reply=${line#RESULT }
			return 0
			;;
		esac
	done
	return 1
}

close_session() { # its namespaces, and all in them, end with it
	kill "${PID[$1]}" 2>/dev/null
	wait "${PID[$1]}" 2>/dev/null
	unset "PID[$1]"
}
finish() {
	local who
	for who in "${!PID[@]}"; do close_session "$who"; done
	rm -rf "$W/disk" "$W"/*.in "$W"/*.out
}
trap finish EXIT
trap 'exit 130' INT TERM

measure() { # ROUND WHO TEST
	[ -n "${PID[$2]:-}" ] || return 0
	echo "$3 $connections $seconds" >&"${IN[$2]}"
	ask "$2" || close_session "$2"
	echo "$1 $2 $3 $reply" >>"$raw"
}

# --- who can be had ---

sets=
for who in $MAIN $BRIEF; do sets="$sets $(package_of "$who")"; done
# shellcheck disable=SC2086 # words
tests/fetch.sh "$O" $sets
here=
for who in bellman floor $MAIN $BRIEF; do open_session "$who"; done
for who in bellman floor $MAIN $BRIEF; do
	ask "$who" 300
	echo "0 $who up $reply" >>"$raw"
	case $reply in
	up*) here="$here $who" ;;
	*)
		close_session "$who"
		sed "s/^/$who: /" "$W/$who.log" >&2
		;;
	esac
done

# --- the rounds ---

for ((round = 1; round <= ROUNDS; round++)); do
	for test in $TESTS; do
		case $test in P*) [ "$round" = 1 ] || continue ;; esac
		connections=5
		for who in $here; do # Bellman first: the floor has as many connections
			seconds=20 # at most; the rate is then of what has arrived
			case " $BRIEF " in
			*" $who "*)
				case "$round $BRIEF_TESTS " in 1\ *"$test "*) ;; *) continue ;; esac
				seconds=8
				;;
			esac
			[ -t 2 ] && printf '\r\033[Kround %s of %s: %s %s' "$round" "$ROUNDS" "$test" "$who" >&2
			measure "$round" "$who" "$test"
			if [ "$who" = bellman ]; then
				most=$(sed -n 's/.* most=\([0-9]*\).*/\1/p' <<<"$reply")
				[ "${most:-0}" -lt 1 ] || connections=$most
			fi
		done
	done
done
[ -t 2 ] && printf '\r\033[K' >&2
awk -v order="floor bellman $MAIN $BRIEF" -v rounds="$ROUNDS" -v less="$LESS" -f $HERE/table.awk $HERE/rows "$raw" |
	tee "$W/table.txt"
