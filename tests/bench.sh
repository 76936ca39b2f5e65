#!/bin/bash
# bench.sh - one submission, and a thousand deliveries, each against its floor, in
# the private root.  The spool
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

# 1000 messages into one mailbox, against a loop over the same files.
MANY=${MANY:-1000}
cp -a $SPOOL/. "$disk/spool"
mkdir -p "$disk/mail"
chown root:mail "$disk/mail"
chmod 2775 "$disk/mail"
mount --bind "$disk/spool" $SPOOL
mount --bind "$disk/mail" /var/mail
echo 'hold yes' >"$CONF"
for ((round = 1; round <= 5; round++)); do
	session $MANY bob >/dev/null
	cp -a $SPOOL/drop "$disk/copies"
	sync -f "$disk/copies"
	floor=$("$O/tests/bench_append" "$disk/copies" "$disk/floor/mbox")
	: >"$CONF"
	before=${EPOCHREALTIME/./}
	deliver -q
	after=${EPOCHREALTIME/./}
	echo 'hold yes' >"$CONF"
	[ "$(messages /var/mail/bob)" = $MANY ] || echo "only $(messages /var/mail/bob) arrived"
	rm -rf /var/mail/bob "$disk/copies" "$disk/floor/mbox"
	echo "$floor $((after - before))"
done | awk '{ floor[NR] = $1; ours[NR] = $3 / 1000; ratio[NR] = ours[NR] / $1; files = $2 }
	END {
		for (i = 1; i <= NR; i++) {
			f += floor[i]; o += ours[i]
			for (k = i; k > 1 && ratio[k] < ratio[k - 1]; k--) {
				t = ratio[k]; ratio[k] = ratio[k - 1]; ratio[k - 1] = t
			}
		}
		printf "%d messages into one mailbox: floor %.1f ms, deliver -q %.1f ms, ratio %.2f (median of %d)\n", \
			files, f / NR, o / NR, ratio[int((NR + 1) / 2)], NR
	}'
umount $SPOOL /var/mail
