#!/bin/bash
# A power cut under real file systems: ext4, xfs and btrfs on a disk of their own,
# of which copies are made at moments of a run, from beneath, as a disk would be
# found after one (a clone of its file: all that had been written to it until
# then, and nothing of what the kernel still held).  Each copy is mounted, the agent
# started, and all mail counted: nothing that was acknowledged is lost, nothing is
# torn, and what had been under way comes twice at most.
# SNAPSHOTS, of each file system: make check-powercut.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/disks.sh"
MANY=${SNAPSHOTS:-4}
PLACES="$SPOOL /var/lib/bellman /var/mail /home"
STORE=/tmp/store DISK=/tmp/disk
mkdir $STORE $DISK /tmp/was
# Where the disks' files lie a clone is one moment of them.
truncate -s 8G /tmp/store.btrfs
if ! { mkfs.btrfs -q /tmp/store.btrfs && mount -o loop /tmp/store.btrfs $STORE; } >"$OUT" 2>&1; then
	skip "no btrfs of our own here, to make copies of a disk: $(tail -n 1 "$OUT")"
	finish
fi

unshare --time --boottime -1 true 2>"$OUT" || { skip "no name spaces of time here: $(cat "$OUT")"; finish; }
carol_and_dave
printf 'all: bob, carol, dave\n' >/etc/aliases
relay 1 | config # nobody listens there
for place in $PLACES; do
	mkdir -p /tmp/was$place
	cp -a $place/. /tmp/was$place/
done

use() { # IMAGE: it is mounted, and the places are those on it
	mount -o loop "$1" $DISK || return
	for place in $PLACES; do
		[ -d $DISK$place ] || {
			mkdir -p $DISK$place
			cp -a /tmp/was$place/. $DISK$place/
			chown --reference=$place $DISK$place
			chmod --reference=$place $DISK$place
		}
		mount --bind $DISK$place $place || return
	done
	sync -f $DISK
}
put_away() {
	# shellcheck disable=SC2086 # words
	umount -l $PLACES
	umount $DISK
}

submitter() { # NAME: until it is told to end; what has been said 0 for stands in /tmp/acks
	local n=0 to=(bob carol dave all x@far.example)
	until [ -e /tmp/enough ]; do
		n=$((n + 1))
		{
			printf 'Subject: %s\n\nfirst of %s.%s\n' $n "$1" $n
			head -n $((n * 37 % 300)) /tmp/lines
			echo "last of $1.$n"
		} | submit alice -i ${to[n % 5]} 2>/dev/null && echo "$1.$n ${to[n % 5]}" >>/tmp/acks
	done
}
yes 'From a line of some length that has to be whole' | head -n 300 >/tmp/lines

copies() { # FILE KIND: so many copies of a disk in use
	local i
	start_agent
	rm -f /tmp/enough
	: >/tmp/acks
	for i in 1 2 3; do submitter $i & done
	await text /tmp/acks . # it has begun
	for ((i = 1; i <= MANY; i++)); do
		read -rt 0.$((RANDOM % 30 + 10)) <>/tmp/never # the next moment
		cp /tmp/acks /tmp/acks.$2.$i
		cp --reflink=always "$1" "$1.$i" || return
	done
	: >/tmp/enough
	stop_agent
	wait
}

# What is there of what had been acknowledged, in the folders as they are.
counted() { # ACKS
	python3 -c '
import collections, glob, os, re, sys
places = {"bob": ["bob"], "carol": ["carol"], "dave": ["dave"], "all": ["bob", "carol", "dave"], "x@far.example": ["queue"]}
there, torn = collections.Counter(), []

def read(path):
    try:
        return open(path, "rb").read().decode("latin-1")
    except FileNotFoundError:
        return ""

def look(place, text):
    marks = re.findall(r"^(first|last) of (\S+)$", text, re.M)
    if [m[0] for m in marks] != ["first", "last"] or marks[0][1] != marks[1][1] or "\0" in text:
        torn.append((place, marks, len(text)))
    else:
        there[place, marks[0][1]] += 1

for place, path in (("bob", "/var/mail/bob"), ("dave", "/home/dave/archive")):
    for text in re.split(r"(?:^|(?<=\n\n))(?=From \S+ )", read(path)):
        if text:
            look(place, text)
for path in glob.glob("/home/carol/Maildir/new/*"):
    look("carol", read(path))
for path in glob.glob("/var/spool/bellman/queue/[!.]*"):
    look("queue", read(path))
acked = [line.split() for line in open(sys.argv[1])]
wanted = [(place, mark) for mark, to in acked for place in places[to]]
lost = [w for w in wanted if w not in there]
most = max(there.values(), default=0)
print(f"{len(wanted)} wanted, {len(there)} there; lost {len(lost)} {lost[:4]}, torn {len(torn)} {torn[:4]}, "
      f"second copies {sum(there.values()) - len(there)}, at most {most}, "
      "in quarantine", len(glob.glob("/var/spool/bellman/quarantine/*")))
sys.exit(bool(lost or torn or most > 2))' "$1"
}
mended() { # IMAGE ACKS
	local rc=0
	use "$1" || return
	# on a machine that has just been started
	unshare --time --boottime -"$(cut -d. -f1 /proc/uptime)" timeout -s KILL 60 deliver -q 2>&1 || rc=1
	[ -z "$(find $SPOOL/drop $SPOOL/queue/.intents -type f)" ] || { ls -lR $SPOOL; rc=1; }
	counted "$2" || rc=1
	put_away || rc=1
	return $rc
}

mkfifo /tmp/never
kinds=
for kind in ext4 xfs btrfs; do
	file=$STORE/$kind
	truncate -s 320M $file
	if ! command -v mkfs.$kind >/dev/null || ! mkfs.$kind -q $file >"$OUT" 2>&1 || ! use $file >>"$OUT" 2>&1; then
		skip "no $kind of our own here: $(tail -n 1 "$OUT")"
		continue
	fi
	check "$kind: $MANY copies of a disk in use" copies $file $kind
	put_away
	kinds+=" $kind"
done
read -rt 6 <>/tmp/never # so long a machine is off at least (dotlock.c)
for kind in $kinds; do
	bad=0
	: >/tmp/all
	for ((i = 1; i <= MANY; i++)); do
		mended $STORE/$kind.$i /tmp/acks.$kind.$i >"$OUT" 2>&1 || {
			bad=$((bad + 1))
			sed "s/^/$i: /" "$OUT" >>/tmp/all
		}
		sed -n "s/^[0-9]* wanted/# $kind $i: &/p" "$OUT"
	done
	cp /tmp/all "$OUT"
	check "$kind: of no copy anything is lost, torn, or there three times" sh -c "cat /tmp/all; [ $bad = 0 ]"
done
finish
