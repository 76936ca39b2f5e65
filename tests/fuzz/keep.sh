#!/bin/bash
# keep.sh FOLDER - what the fuzz targets in FOLDER have found goes into found/, where
# the next run begins: of all inputs those that reach something of their own.
cd "$(dirname "$0")/../.." || exit 1
for target in "$1"/tests/fuzz/*_fuzz; do
	[ -x "$target" ] || continue
	name=${target##*/} kept=$PWD/tests/fuzz/found/${target##*/}
	kept=${kept%_fuzz}.tar.gz
	new=$(mktemp -d) old=$(mktemp -d)
	[ ! -f "$kept" ] || tar -xzf "$kept" -C "$old"
	if timeout 300 "$target" -merge=1 -rss_limit_mb=1024 -verbosity=0 "$new" "$old" "$1/corpus/$name" \
	    >"$target.merge" 2>&1; then
		tar -czf "$kept" -C "$new" --sort=name --mtime=@0 --owner=0 --group=0 .
		echo "$name: $(find "$new" -type f | wc -l) inputs"
	else
		echo "$name: not merged; $target.merge says why"
	fi
	rm -rf "$new" "$old"
done
