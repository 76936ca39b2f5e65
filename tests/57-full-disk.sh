#!/bin/bash
# File systems that are full, over a quota, or without locks, each a real one: a
# message waits, mailq says why and what helps, what stood in the mailbox stands
# there as before, and with room it is delivered, once.
. "$(dirname "$0")/lib.sh"
. "$TREE/tests/disks.sh"

[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229
mkdir -p /tmp/images

# disk KIND SIZE PLACE: a file system of that size; fails where there is none
disk() {
	local image=/tmp/images/$1.$RANDOM
	case $1 in
	tmpfs) mount -t tmpfs -o "size=$2" small "$3" ;;
	*)
		truncate -s "$2" "$image" && mke2fs -q -t "$1" -b 1024 -m 0 "$image" &&
			mount -o loop "$image" "$3"
		;;
	esac >/dev/null 2>&1
}
fill() { # PLACE: to the last octet
	head -c 64M /dev/zero >"$1/filler" 2>/dev/null
	for _ in 1 2 3; do head -c 1K /dev/zero >>"$1/filler.more" 2>/dev/null; done
	true
}
room() { rm -f "$1/filler" "$1/filler.more"; }
text() { # NAME [OCTETS]
	printf 'Subject: %s\n\nfirst of %s\n' "$1" "$1"
	head -c "${2:-0}" /dev/zero | tr '\0' x | fold -w 70
	printf '\nlast of %s\n' "$1"
}
# whole WHAT FILE NAME...: each is in it once, and as it was sent
whole() {
	local what=$1 file=$2 name bad=
	shift 2
	for name; do
		[ "$(grep -c "^first of $name\$" "$file") $(grep -c "^last of $name\$" "$file")" = "1 1" ] ||
			bad="$bad $name"
	done
	same "$what: each is there once and whole" "" "$bad"
}
mailq_says() { # WHAT PATTERN
	mailq >"$OUT" 2>&1
	said "$1: mailq says why, and what helps" "$2"
}
waits() { # WHAT PATTERN: one for bob is put off, with that reason
	check "$1: it waits" await text $LOG 'deferred to=<bob@mail.example>'
	check "$1: and is still there" await -t 5 files $SPOOL/queue 1
	mailq_says "$1" "$2"
	: >$LOG
}

mbox_has() { await -t 20 mbox /var/mail/bob "$1"; }

LONG=400000 # octets, of which a part has room
mailbox() { # KIND FORMAT: a delivery that fills the disk in the middle
	local what="$1, $2" place=/var/mail got=/var/mail/bob box=/var/mail/bob
	if [ "$2" = Maildir ]; then
		place=/home/bob box=/home/bob/Maildir
		echo 'local maildir ~/Maildir' >$CONF
	else
		: >$CONF
	fi
	if ! disk "$1" 2M $place; then
		skip "no $1 of our own here: $what"
		return
	fi
	if [ "$2" = Maildir ]; then chown bob:bob $place; else chown root:mail $place && chmod 2775 $place; fi
	start_agent
	: >$LOG
	text "before" | submit alice bob
	check "$what: with room it arrives" drained
	fill $place
	truncate -s -200K $place/filler
	cp -r $box /tmp/before
	text long $LONG | submit alice bob
	waits "$what, full in the middle" 'bob.*the disk is full; it is delivered when there is room'
	check "$what: the mailbox is as it was" diff -r $box /tmp/before
	text short | submit alice bob
	if [ "$2" = Maildir ]; then
		check "$what: a short one has room" await -t 20 files $box/new 2
	else
		check "$what: a short one has room" await mbox $box 2
	fi
	fill $place
	rm -rf /tmp/before
	cp -r $box /tmp/before
	text none 3000 | submit alice bob
	check "$what: without any it waits" await -t 20 files $SPOOL/queue 2
	check "$what: and the log says so" await text $LOG 'disk is full'
	check "$what: the mailbox is as it was" diff -r $box /tmp/before
	stop_agent
	room $place
	start_agent
	sendmail -q
	check "$what: and the spool is empty" drained
	if [ "$2" = Maildir ]; then
		cat $box/new/* >/tmp/got
		got=/tmp/got
		same "$what: nothing half is left" "" "$(ls $box/tmp)"
	fi
	whole "$what" $got before long short none
	stop_agent
	rm -rf /tmp/before $box
	umount $place
}
for kind in tmpfs ext4; do
	mailbox $kind mbox
	mailbox $kind Maildir
done
: >$CONF

# A quota: whichever of these this kernel has.
quota() { # PLACE: 1 MB for bob there
	local image=/tmp/images/quota
	if mount -t tmpfs -o size=8m,usrquota_block_hardlimit=1M q "$1" 2>/dev/null; then
		echo "# quota of tmpfs"
		return 0
	fi
	truncate -s 8M $image
	mkfs.ext4 -q -m 0 -O quota -E quotatype=usrquota $image >/dev/null 2>&1
	if mount -o loop $image "$1" 2>/dev/null; then
		python3 - "$1" <<-'P' && echo "# quota of ext4" && return 0
			import ctypes, struct, sys
			at = [l.split()[0] for l in open("/proc/mounts") if l.split()[1] == sys.argv[1]][-1]
			limits = struct.pack("=8Q2I16x", 1024, 1024, 0, 0, 0, 0, 0, 0, 1, 0)
			sys.exit(ctypes.CDLL(None).quotactl(0x800008 << 8, at.encode(), 1002, limits) != 0)
		P
		umount "$1"
	fi
	rm -f $image
	truncate -s 128M $image
	mkdir -p /tmp/btrfs
	mkfs.btrfs -q $image >/dev/null 2>&1 && mount -o loop $image /tmp/btrfs 2>/dev/null || return 1
	btrfs -q subvolume create /tmp/btrfs/mail && btrfs quota enable /tmp/btrfs &&
		btrfs qgroup limit 1M /tmp/btrfs/mail && mount --bind /tmp/btrfs/mail "$1" &&
		echo "# quota of btrfs"
}
if quota /var/mail; then
	chown root:mail /var/mail
	chmod 2775 /var/mail
	start_agent
	: >$LOG
	text qbefore | submit alice bob
	check "quota: with room it arrives" drained
	sync /var/mail/bob
	cp /var/mail/bob /tmp/before
	text qlong 2000000 | submit alice bob
	waits "quota" "bob.*the user's disk quota is used up; it is delivered when there is room"
	check "quota: the mailbox is as it was" cmp /var/mail/bob /tmp/before
	text qshort | submit alice bob
	check "quota: a short one has room" await mbox /var/mail/bob 2
	stop_agent
	cp -p /var/mail/bob /tmp/before
	while umount /var/mail 2>/dev/null; do :; done # a larger disk, with what was there
	cp -p /tmp/before /var/mail/bob
	start_agent
	sendmail -q
	check "quota, raised: the spool is empty" drained
	whole "quota" /var/mail/bob qbefore qlong qshort
	stop_agent
	rm -f /var/mail/bob
	umount /tmp/btrfs 2>/dev/null
else
	skip "a quota: this kernel has none of tmpfs, ext4 or btrfs, or their tools are missing"
fi

# A file server: first without locks, then over its quota, which is told at the
# sync.
mkdir -p /tmp/knobs
/usr/bin/python3 "$TREE/tests/lockless.py" /var/mail /tmp/knobs >/tmp/lockless 2>&1 &
SERVER=$!
if await -t 10 text /tmp/lockless mounted; then
	start_agent
	: >$LOG
	text unlocked | submit alice bob
	waits "no locks" 'bob.*no locks are to be had there; the file system needs a lock service \(NFS: lockd\)'
	same "no locks: nothing is written" 0 "$(cat /var/mail/bob 2>/dev/null | wc -c)"
	: >/tmp/knobs/locks
	: >/tmp/knobs/quota
	sendmail -q
	waits "a quota that the sync tells of" "bob.*the user's disk quota is used up"
	same "and what had been written is undone" 0 "$(cat /var/mail/bob | wc -c)"
	rm /tmp/knobs/quota
	sendmail -q
	check "locks and room: the spool is empty" drained
	whole "a file server" /var/mail/bob unlocked
	# Half a message, which cannot be taken back before there is room.
	: >/tmp/knobs/full
	text half 40000 | submit alice bob
	check "nearly full: one has room" mbox_has 2
	text torn 60000 | submit alice bob
	waits "full, and nothing can be undone" "bob.*cannot undo in /var/mail/bob: the user's disk quota is used up"
	text after | submit alice bob
	check "nor does another go behind the half one" await -t 20 text $LOG deferred
	rm /tmp/knobs/full
	sendmail -q
	check "room again: the spool is empty" drained
	whole "half a message is undone" /var/mail/bob unlocked half torn after
	stop_agent
	umount /var/mail
	wait $SERVER
else
	skip "a file server without locks: no FUSE here ($(tail -n 1 /tmp/lockless))"
fi

# The spool itself: what comes is refused, what is there waits.
spool() { # KIND SIZE
	disk "$1" "$2" $SPOOL || return 1
	install -d -o bellman -g bellman -m 1770 $SPOOL/drop
	install -d -o bellman -g bellman -m 700 $SPOOL/queue $SPOOL/quarantine
	rm -rf $SPOOL/lost+found
}
hold_lock() { # of bob's mailbox, by a process that lives
	sleep 600 &
	HOLDER=$!
	echo $HOLDER >/var/mail/bob.lock
}
for kind in tmpfs ext4; do
	printf 'limits free-space 0\nretry 1h\n' >$CONF
	if ! spool $kind 2M; then
		skip "no $kind of our own here: the spool"
		continue
	fi
	start_agent
	: >$LOG
	hold_lock
	text first | submit alice bob
	check "$kind: a message is on its way" await -t 20 files $SPOOL/queue 1
	fill $SPOOL
	text refused 5000 | exits "$kind, the spool is full: 75" 75 submit alice bob
	said "$kind: with a sentence" 'No space left'
	kill $HOLDER
	rm -f /var/mail/bob.lock
	wait $HOLDER 2>/dev/null
	check "$kind: its delivery waits" await -t 60 text $LOG 'deferred to=<bob'
	check "$kind: the agent goes on" kill -0 "$AGENT"
	mailq_says "$kind, the spool is full" '/var/spool/bellman.*(needs room|make room)'
	check "$kind: nothing is lost" await -t 5 files $SPOOL/queue 1
	room $SPOOL
	text second | exits "$kind: with room it is taken" 0 submit alice bob
	sendmail -q
	check "$kind: and all arrives" drained
	whole "$kind, the spool" /var/mail/bob first second
	same "$kind: what was refused is nowhere" 0 "$(grep -c 'of refused' /var/mail/bob)"
	stop_agent
	rm -f /var/mail/bob
	umount $SPOOL
done

# No free inodes, though there is room: df shows nothing, and free-space is not it.
inodes() { # PLACE LEFT: so many more files can be made there
	local n
	for ((n = $(stat -f -c %d "$1") - $2; n > 0; n--)); do : >"$1/filler.$n"; done
}
: >$CONF
if disk tmpfs 200M,nr_inodes=60 /home/bob && spool tmpfs 200M,nr_inodes=60; then
	chown bob:bob /home/bob
	echo 'local maildir ~/Maildir' >$CONF
	start_agent
	text first | submit alice bob
	check "inodes: with some it arrives" drained
	inodes /home/bob 0
	: >$LOG
	text second | submit alice bob
	waits "inodes of the mailbox" 'bob.*no free inodes \(df -i\); it is delivered when'
	rm /home/bob/filler.*
	sendmail -q
	check "inodes: with some again it arrives" drained
	inodes $SPOOL 5
	text third | exits "inodes of the spool: 75" 75 submit alice bob
	said "with the cause and not free-space" 'no free inodes, whatever room is left \(df -i /var/spool/bellman\); nothing was queued, remove'
	printf 'EHLO x\r\nMAIL FROM:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\nQUIT\r\n' |
		as alice /usr/sbin/sendmail -bs >/tmp/said
	check "-bs: 452" grep -q '^452 4.3.1' /tmp/said
	exits "mailq --check: critical" 2 mailq --check
	said "with the reason" 'files \(inodes: df -i'
	stop_agent
	exits "the same without an agent" 2 mailq --check
	said "in its words" 'hardly any free inodes \(df -i\)'
	rm $SPOOL/filler.*
	start_agent
	text fourth | exits "inodes: with some it is taken" 0 submit alice bob
	check "inodes: and all arrives" drained
	cat /home/bob/Maildir/new/* >/tmp/got
	whole inodes /tmp/got first second fourth
	stop_agent
	umount $SPOOL /home/bob
else
	skip "no tmpfs of our own here: inodes"
fi

# Full between the append and the journal's word of it, on a file system that
# cannot reserve room (ext2): the other recipient waits, and bob has it once, at
# the next attempt and after a kill.
MANY=48 S=/tmp/smtpd
if spool ext2 2M && command -v strace >/dev/null; then
	smtpd 2525 $S
	owing() {
		local n names=
		{
			relay 2525
			printf 'limits free-space 0\nhold yes\n'
		} >$CONF
		for ((n = 1; n <= MANY; n++)); do
			text "o$1-$n" $((n * 22)) | sendmail -i bob later@remote.example 2>/dev/null
			NAMES="$NAMES o$1-$n"
		done
		sed -i '/^hold/d' $CONF
		: >$LOG
		# bob's process stops when all is written, before it is synced.
		rm -f /run/bellman/control
		strace -f -o /dev/null -P /var/mail/bob -e trace=fsync \
		    -e inject=fsync:signal=STOP:when=1 deliver >/dev/null 2>&1 &
		TRACER=$!
		check "$1: all is written" await -t 60 mbox /var/mail/bob $((MANY * ROUNDS))
		for ((n = 0; n < 600; n++)); do
			grep -q 'State:.[tT]' "/proc/$(role_pid 'user bob')/status" 2>/dev/null && break
			sleep 0.1
		done
		fill $SPOOL
		kill -CONT "$(role_pid 'user bob')"
		check "$1: a journal has no room" await -t 30 text $LOG 'reason="No space left'
		check "$1: then the intent says it" sh -c "ls $SPOOL/queue/.intents/intent-*"
		check "$1: the agent goes on" exists /run/bellman/control
	}
	exists() { await -t 10 exists "$1"; }
	NAMES='' ROUNDS=1
	owing next
	sendmail -q
	mailq_says "next" 'waits for /var/spool/bellman: the disk is full; make room there'
	same "next: nothing came twice while it is full" $MANY "$(messages /var/mail/bob)"
	room $SPOOL
	: >$S/accept
	check "next: room again" sendmail -q
	check "next: the spool is empty" drained 60
	whole "next" /var/mail/bob $NAMES
	kill -TERM "$(cat $PIDFILE)"
	wait $TRACER

	rm -f $S/accept
	ROUNDS=2
	owing killed
	kill -KILL "$(cat $PIDFILE)"
	wait $TRACER
	start_agent
	sendmail -q
	same "killed: nothing came twice while it is full" $((2 * MANY)) "$(messages /var/mail/bob)"
	room $SPOOL
	: >$S/accept
	check "killed: room again" sendmail -q
	check "killed: the spool is empty" drained 60
	whole "killed" /var/mail/bob $NAMES
	stop_agent
	stop_smtpd
	umount $SPOOL
else
	skip "the journal on a full disk: no ext2 of our own, or no strace"
fi
finish
