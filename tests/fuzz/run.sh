#!/bin/bash
# run.sh FOLDER EACH - runs each fuzz target in FOLDER for so many seconds, one on each
# processor.  What is found goes into FOLDER/corpus, never into the seeds; a fault,
# into FOLDER.
out=$1 each=$2
cd "$(dirname "$0")/../.." || exit 1

one() { # TARGET: what it said, where it failed; and its word in TARGET.rc
	local name=${1##*/} found seeds
	name=${name%_fuzz}
	mkdir -p "$out/corpus/${name}_fuzz"
	# what earlier, longer runs have found
	found=tests/fuzz/found/$name.tar.gz
	[ ! -f "$found" ] || tar -xzf "$found" -C "$out/corpus/${name}_fuzz"
	seeds=tests/fuzz/corpus/$name
	[ -d "$seeds" ] || seeds=$out/corpus/${name}_fuzz
	"$1" -max_total_time="$each" -rss_limit_mb=1024 -verbosity=0 -artifact_prefix="$out/" \
	    "$out/corpus/${name}_fuzz" "$seeds" >"$1.log" 2>&1
	echo $? >"$1.rc"
}

targets=("$out"/tests/fuzz/*_fuzz)
rm -f "$out"/tests/fuzz/*_fuzz.rc
for target in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	one "$target" &
done
wait
passed=0 bad=0
for target in "${targets[@]}"; do
	if [ "$(cat "$target.rc")" = 0 ]; then
		passed=$((passed + 1))
	else
		bad=$((bad + 1))
		tail -n 30 "$target.log"
	fi
done
echo "fuzz: $passed passed, $bad failed"
[ $bad = 0 ] && [ $passed -gt 0 ]
