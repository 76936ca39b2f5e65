#!/bin/bash
# A power cut at any moment of a run: of what was not synced any part is on the
# disk (tests/powercut/README).  The agent starts, nothing that was acknowledged
# is lost, nothing is torn, and what had been under way comes twice at most.
# POWERCUT_IMAGES, POWERCUT_SEED: make check-powercut.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/disks.sh"
IMAGES=${POWERCUT_IMAGES:-30} SEED=${POWERCUT_SEED:-1}
powercut() { python3 "$TREE/tests/powercut/powercut.py" "$@"; }

# Recorded on ext4, where one can be had: what is synced depends on it.
disk=/tmp/image
folders="$SPOOL /var/lib/bellman /var/mail /home"
truncate -s 400M /tmp/image.ext4
mkdir $disk
if mke2fs -q -t ext4 -m 0 /tmp/image.ext4 && mount -o loop /tmp/image.ext4 $disk; then
	for folder in $folders; do
		mkdir -p $disk$folder
		cp -a $folder/. $disk$folder/
		chown --reference=$folder $disk$folder
		chmod --reference=$folder $disk$folder
		mount --bind $disk$folder $folder
	done
else
	skip "no ext4 of our own here: recorded in memory, without syncfs"
fi 2>/dev/null

carol_and_dave
printf 'both: alice, bob\nall: both, carol, dave\nmany: bob%s\n' "$(printf ', r%s@far.example' {1..25})" >/etc/aliases
printf 'From x  Thu Jan  1 00:00:00 1970\nSubject: old\n\nof old\n\n' >/var/mail/bob
chown bob:mail /var/mail/bob
chmod 660 /var/mail/bob
relay 1 | config # nobody listens there

check "the run is recorded, and the trace tells all of it" powercut record /tmp/cut
cat "$OUT"
check "$IMAGES images (seed $SEED): nothing lost, nothing torn, twice at most" powercut images /tmp/cut "$IMAGES" "$SEED"
cat "$OUT" | sed 's/^/# /; s/^# #/#/' | tail -n 40
finish
