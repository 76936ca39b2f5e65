#!/bin/bash
# What cannot be taken is refused with a sentence and sysexits.h's status, and
# leaves nothing behind.
. "$(dirname "$0")/lib.sh"

nothing_queued() { # WHAT; an empty file is the agent's to remove
	check "$1: nothing is queued" test "$(cat $SPOOL/drop/* 2>/dev/null | wc -c)" = 0
}
mail() { printf 'Subject: s\n\nhi\n'; }

mail | exits "no recipients: 64" 64 submit alice
said "with a sentence" 'no recipients'
mail | exits "-t without any: 64" 64 submit alice -t
said "with a sentence" 'no recipients'
mail | exits "an unknown flag: 64" 64 submit alice -y bob
said "which one" '-y'
mail | exits "an unknown mode: 64" 64 submit alice -bz bob
mail | exits "-O Terminal= with nonsense: 64" 64 submit alice -O Terminal=shout bob
nothing_queued "wrong words"

printf 'retry 5m\nlocal-domainz example.org\n' >$CONF
mail | exits "a broken configuration: 78" 78 submit alice bob
said "with file and line" "$CONF:2:"
said "and the nearest known word" 'local-domains'
chmod 600 $CONF
mail | exits "an unreadable configuration: 78" 78 submit alice bob
said "with its name" "$CONF"
chmod 644 $CONF
nothing_queued "configuration"
rm -f $CONF
mail | exits "no configuration at all is fine" 0 submit alice bob
rm -f $SPOOL/drop/*

echo 'limits size 10K' >$CONF
head -c 20000 /dev/zero | tr '\0' 'x' >/tmp/big
exits "a message over the limit is refused" 65 submit alice bob </tmp/big
said "with the limit" '10240'
check "and at most an empty file is left" test "$(cat $SPOOL/drop/* 2>/dev/null | wc -c)" = 0
head -c 2000000 /dev/zero | tr '\0' '\n' >/tmp/big
exits "also one that would be streamed" 65 submit alice bob </tmp/big
check "and at most an empty file is left" test "$(cat $SPOOL/drop/* 2>/dev/null | wc -c)" = 0
rm -f $SPOOL/drop/*
: >$CONF

exits "a closed standard input: 66" 66 as alice sh -c '/usr/sbin/sendmail bob <&-'
exits "a directory as standard input: 74" 74 submit alice bob </home
exits "all descriptors closed: 66" 66 as alice sh -c 'exec /usr/sbin/sendmail bob <&- >&- 2>&-'
mail | exits "only stdout and stderr closed: queued" 0 as alice sh -c 'exec /usr/sbin/sendmail bob >&- 2>&-'
check "and whole" grep -q -x hi $SPOOL/drop/*
rm -f $SPOOL/drop/*

# The group is gone before the first byte is read: nothing of it is left to
# whoever stops us there.
mkfifo /tmp/fifo
submit alice bob <>/tmp/fifo 2>/dev/null &
held=$!
check "a submitter that waits for input has its file" await -t 5 files $SPOOL/drop 1
pid=$(pgrep -P "$held")
if [ -z "${WATCHED:-}" ]; then
	same "its groups are alice's alone" "1001 1001 1001 1001" \
	    "$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")"
else
	skip "valgrind starts in the group"
fi
kill -KILL "$pid"
wait $held 2>/dev/null
same "killed there, it leaves an empty file" 0 "$(cat $SPOOL/drop/* | wc -c)"
start_agent
check "which the agent takes away" await empty $SPOOL/drop
stop_agent

# A full disk, twice: seen before (free-space), and met while writing.
mount -t tmpfs -o size=1m,mode=755 small $SPOOL
install -d -o bellman -g bellman -m 1770 $SPOOL/drop
install -d -o bellman -g bellman -m 700 $SPOOL/queue $SPOOL/quarantine
mail | exits "less than the free space that is to stay: 75" 75 submit alice bob
said "with a sentence" '[Nn]o space'
nothing_queued "low space"
echo 'limits free-space 0' >$CONF
exits "the disk fills up while writing: 75" 75 submit alice bob </tmp/big
said "with a sentence" '[Nn]o space'
check "at most an empty file is left" test "$(cat $SPOOL/drop/* 2>/dev/null | wc -c)" = 0
start_agent
check "and gone after the agent's next look" await empty $SPOOL/drop
mail | check "a small one still fits" submit alice bob
check "and arrives" await mbox /var/mail/bob 1
stop_agent
umount $SPOOL

# Limits of the caller's process are a temporary failure, too.
: >$CONF
exits "RLIMIT_FSIZE too small: 75" 75 as alice sh -c 'ulimit -f 1; exec /usr/sbin/sendmail -i bob' </tmp/big
check "at most an empty file is left" test "$(cat $SPOOL/drop/* 2>/dev/null | wc -c)" = 0
rm -f $SPOOL/drop/*

# What a kernel can answer besides: strace gives its answers.
# A name or subject from elsewhere, with a CR in it, adds no recipient and no line.
for header in 'To: bob\nSubject: s\rBcc: alice' 'From: x\rBcc: alice\nTo: bob' \
    'To: bob\r\nSubject: s\rBcc: alice\r' 'To: bob\nSubject: s\n\rBcc: alice'; do
	printf "$header\n\nx\n" | exits "-t, $header" 0 as alice /usr/sbin/sendmail -odq -t
	same "is for nobody else" "" "$(grep -a -h '^to <alice' $SPOOL/drop/* $SPOOL/queue/* 2>/dev/null)"
	rm -f $SPOOL/drop/*
done
inject() { # CALL=ERROR
	strace -u alice -o /dev/null -e "inject=${1%=*}:error=${1#*=}" /usr/sbin/sendmail bob
}
for answer in writev,pwrite64=EDQUOT writev,pwrite64=EIO fsync,fdatasync=EIO \
    fsync,fdatasync=EDQUOT; do
	mail | exits "the kernel says $answer: 75" 75 inject $answer
	said "with a sentence" '^sendmail: .*(quota|error)'
	nothing_queued "$answer"
done
rm -f $SPOOL/drop/*

: >$CONF
rm -f /run/bellman/submit # no agent was ever here
chmod g-s /usr/sbin/sendmail
mail | exits "without the set-gid bit: a no that says why" 77 submit alice bob
said "with a sentence" 'bellman'
chmod g+s /usr/sbin/sendmail
mv $SPOOL/drop $SPOOL/gone
mail | exits "without the spool: 72" 72 submit alice bob
mv $SPOOL/gone $SPOOL/drop
nothing_queued "in the end"

# A body is written in pieces of 64 KiB: all sizes about them come out whole.
start_agent
for n in 49000 49152 65000 65400 65536 66000 131072 200000; do
	for end in '' '\r'; do
		yes 'a line of text, and more of it' | head -c $n >/tmp/want
		echo >>/tmp/want
		rm -f /var/mail/bob
		{ printf 'Subject: %s\n\n' $n; cat /tmp/want; } | sed "s/\$/$end/" | submit alice bob
		await mbox /var/mail/bob 1
		sed '1,/^$/d' /var/mail/bob | sed '$d' >/tmp/got
		check "$n octets, lines end in $end\\n" cmp /tmp/want /tmp/got
	done
done
finish
