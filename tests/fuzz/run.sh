#!/bin/bash
# run.sh FOLDER EACH - runs each fuzz target in FOLDER for so many seconds.  What is
# found goes into FOLDER/corpus, never into the seeds; a fault, into FOLDER.
out=$1 rc=0 passed=0 bad=0
cd "$(dirname "$0")/../.." || exit 1
for target in "$out"/tests/fuzz/*_fuzz; do
	[ -x "$target" ] || continue
	mkdir -p "$out/corpus/${target##*/}"
	# what earlier, longer runs have found
	found=${target##*/} found=tests/fuzz/found/${found%_fuzz}.tar.gz
	[ ! -f "$found" ] || tar -xzf "$found" -C "$out/corpus/${target##*/}"
	seeds=${target##*/} seeds=tests/fuzz/corpus/${seeds%_fuzz}
	[ -d "$seeds" ] || seeds=$out/corpus/${target##*/}
	if "$target" -max_total_time="$2" -rss_limit_mb=1024 -verbosity=0 -artifact_prefix="$out/" \
	    "$out/corpus/${target##*/}" "$seeds" >"$target.log" 2>&1; then
		passed=$((passed + 1))
	else
		bad=$((bad + 1))
		rc=1
		tail -n 30 "$target.log"
	fi
done
echo "fuzz: $passed passed, $bad failed"
exit $rc
