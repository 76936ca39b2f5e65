#!/bin/bash
# bench.sh - one submission against its floor, in the private root.  The spool
# must be on a disk for a sync to cost what it costs: `make bench` lends one.
. "$(dirname "$0")/lib.sh"

disk=/disk
mkdir -p "$disk/drop" "$disk/floor"
chown bellman:bellman "$disk/drop"
chmod 1770 "$disk/drop"
chmod 777 "$disk/floor"
mount --bind "$disk/drop" $SPOOL/drop
as alice "$O/tests/bench_submit" "${ROUNDS:-300}" "$disk/floor" "$O/tests/bench_floor" \
    /usr/sbin/sendmail bob 2>/dev/null
umount $SPOOL/drop
