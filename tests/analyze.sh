#!/bin/bash
# analyze.sh [FILE...]   gcc -fanalyzer over all parts, or those files.  Prints
# what it finds; what it is wrong about stands in the table below with the reason
# why.  What was found in a file is kept in $O/analyze, and asked for again when it,
# any header, the flags or the compiler have changed: the next run takes a moment,
# and one that was stopped goes on.  Leaks are not asked for: gcc 12 loses what hangs
# on a struct behind a pointer, and takes all of it for lost; the modules' tests and
# the stories have the leak check of ASan.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
MOST=${ANALYZE_SECONDS:-280} # of the processor, for one file

# FILE KIND: the warning's name without -Wanalyzer-; then why it is none.
known() {
	cat <<-'X'
	deliver/queue/box.c null-dereference       by_ref's: queue.c asks box_owns first
	deliver/queue/look.c null-dereference      the same, look_owns
	deliver/queue/mime.c null-dereference      the same, mime_owns
	deliver/queue/reader.c null-dereference    the same, reader_owns
	deliver/queue/readable.c null-dereference  the same, readable_owns
	deliver/queue/terminal.c null-dereference  the same, terminal_owns
	X
}
is_known() { # FILE KIND
	local file kind why
	known | while read -r file kind why; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in $file) [ "$kind" != "$2" ] || echo yes ;; esac
	done | grep -q yes
}

# One file: what it was asked with, its seconds, then what was found.
one() { # FILE
	local said=$O/analyze/${1//\//_}.said seconds TIMEFORMAT='%U'

	if [ "$said" -nt "$1" ] && [ "$said" -nt "$NEWEST" ] && [ "$(head -n 1 "$said")" = "$KEY" ]; then
		return
	fi
	# shellcheck disable=SC2086 # words
	seconds=$( { time (ulimit -t "$MOST"; $COMMAND -S -o /dev/null "$1" 2>"$said.new" ||
		echo "$1: not compiled [-Wanalyzer-nothing]" >>"$said.new"); } 2>&1 | tail -n 1)
	{ echo "$KEY"; echo "$seconds"; cat "$said.new"; } >"$said.whole"
	rm -f "$said.new"
	mv "$said.whole" "$said"
	echo "$1" >>"$O/analyze/anew"
}
if [ "${1:-}" = --one ]; then
	shift
	for file; do one "$file"; done
	exit
fi

FLAGS=$(pkg-config --cflags libbsd-overlay)
list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT
find common sendmail deliver -name '*.c' ! -name unitab.c | sort >"$list"
[ $# = 0 ] || printf '%s\n' "$@" >"$list"
if pkg-config --exists gmime-3.0; then
	FLAGS="$FLAGS $(pkg-config --cflags gmime-3.0)"
else
	sed -i '/^deliver\/mime\//d' "$list"
fi
COMMAND="gcc -std=c17 -D_GNU_SOURCE -I. -O1 $FLAGS -fanalyzer -Wno-analyzer-malloc-leak"
COMMAND="$COMMAND -fno-diagnostics-show-caret -fdiagnostics-path-format=none"
KEY="$(gcc -dumpfullversion) $MOST $COMMAND"
NEWEST=$(find common sendmail deliver -name '*.h' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
export O MOST COMMAND KEY NEWEST
mkdir -p "$O/analyze"
: >"$O/analyze/anew"
xargs -P "$(nproc)" -n 8 "$0" --one <"$list"

found=0 left=0 seconds=0
while read -r file; do
	said=$O/analyze/${file//\//_}.said
	[ -f "$said" ] || { echo "$file: not looked at"; found=$((found + 1)); continue; }
	while IFS= read -r line; do
		kind=$(sed -n 's/.*\[-Wanalyzer-\([a-z-]*\)\].*/\1/p' <<<"$line")
		if is_known "$file" "$kind"; then
			left=$((left + 1))
		else
			found=$((found + 1))
			echo "$line"
		fi
	done < <(grep -E '\[-Wanalyzer-' "$said" | sort -u)
done <"$list"
taken() { # PROCESSOR SECONDS AND FILE, the longest first
	while read -r file; do
		printf '%s %s\n' "$(sed -n 2p "$O/analyze/${file//\//_}.said")" "$file"
	done <"$list" | sort -rn
}
seconds=$(taken | awk '{ s += $1 } END { printf "%d", s }')
echo "analyze: $(wc -l <"$list") files ($(wc -l <"$O/analyze/anew") of them looked at now; $seconds s of the processor in all, most for $(taken | head -n 3 | awk '{ printf "%s%s %d s", (NR > 1 ? ", " : ""), $2, $1 }')), $found findings, $left that are none (see tests/analyze.sh)"
[ $found = 0 ]
