#!/bin/bash
# analyze.sh - gcc -fanalyzer over all parts.  Prints what it finds; what it is
# wrong about stands in the table below with the reason why.
set -u
cd "$(dirname "$0")/.." || exit 1
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

# FILE KIND: the warning's name without -Wanalyzer-; then why it is none.
known() {
	cat <<-'X'
	common/conf* malloc-leak      conf_free frees it: gcc 12 loses what hangs on an array that grows
	deliver/main.c malloc-leak    at the end of the process
	deliver/ipc.c malloc-leak     it is in the list of what waits for room
	X
}
is_known() { # FILE KIND
	local file kind why
	known | while read -r file kind why; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in $file) [ "$kind" != "$2" ] || echo yes ;; esac
	done | grep -q yes
}

flags=$(pkg-config --cflags libbsd-overlay)
find common sendmail deliver -name '*.c' ! -name unitab.c | sort >"$out/files"
if pkg-config --exists gmime-3.0; then
	flags="$flags $(pkg-config --cflags gmime-3.0)"
else
	sed -i '/^deliver\/mime\//d' "$out/files"
fi
xargs -P "$(nproc)" -n 1 sh -c 'gcc -std=c17 -D_GNU_SOURCE -I. -O1 '"$flags"' -fanalyzer -fno-diagnostics-show-caret -fdiagnostics-path-format=none -S -o /dev/null "$0" 2>"'"$out"'/$(echo "$0" | tr / _).said" || echo "$0: not compiled"' <"$out/files"

found=0 left=0
while IFS= read -r line; do
	file=${line%%:*}
	kind=$(sed -n 's/.*\[-Wanalyzer-\([a-z-]*\)\].*/\1/p' <<<"$line")
	if is_known "$file" "$kind"; then
		left=$((left + 1))
	else
		found=$((found + 1))
		echo "$line"
	fi
done < <(cat "$out"/*.said | grep -E '\[-Wanalyzer-' | sort -u)
echo "analyze: $(wc -l <"$out/files") files, $found findings, $left that are none (see tests/analyze.sh)"
[ $found = 0 ]
