#!/bin/bash
# What a submission costs, and that waiting costs nothing: seen with strace.
. "$(dirname "$0")/lib.sh"

# On a disk of the kinds whose sync of a new file carries its name along: one.
# In memory (this copy of the machine): the directory's besides.
syncs=2
if [ -d /disk ]; then
	cp -a $SPOOL/. /disk/
	mount --bind /disk $SPOOL
fi
case $(stat -f -c %T $SPOOL/drop) in ext2/ext3 | xfs | btrfs) syncs=1 ;; esac

trace() { # ARGUMENTS...: of sendmail, as alice
	printf 'Subject: s\n\nhi\n' | strace -f -u alice -o /tmp/trace /usr/sbin/sendmail "$@" 2>/dev/null
}
line_of() { grep -n -m1 -E "$1" /tmp/trace | cut -d: -f1; }

check "a traced submission works" trace bob
same "one file is created" 1 "$(grep -c O_CREAT /tmp/trace)"
same "$syncs sync on $(stat -f -c %T $SPOOL/drop)" $syncs "$(grep -c -E 'f(data)?sync\(|sync_file_range|syncfs\(|O_SYNC|O_DSYNC' /tmp/trace)"
check "it is whole before the sync" test "$(line_of 'fchmod\(.*0670')" -lt "$(line_of 'fsync\(')"
check "and it is said to be synced after it" test "$(line_of 'fchmod\(.*0660')" -gt "$(line_of 'fsync\(')"
dropped=$(line_of 'setresgid\(1001, 1001, 1001\) += 0')
check "the group is dropped before the first byte is read" test "${dropped:-99999}" -lt "$(line_of 'read\(0,')"
refute "no other program is run" sh -c "test \$(grep -c execve /tmp/trace) -gt 1"
refute "no other process is started" grep -q -E '(fork|vfork|clone3?)\(' /tmp/trace
refute "nobody is spoken to" grep -q 'connect(' /tmp/trace
if [ -z "$SANITIZED" ]; then
	same "it links nothing but libc and libbsd" "" \
	    "$(ldd /usr/sbin/sendmail | sed -n 's/^\t\(lib[^ ]*\) .*/\1/p' | grep -v -E '^lib(c|bsd|md)\.so')"
fi
# One who was killed before it: the agent syncs it before it is taken over.
rm -f $SPOOL/drop/*
printf 'Subject: s\n\nhi\n' | strace -u alice -o /tmp/trace -e inject=fsync:signal=KILL /usr/sbin/sendmail bob 2>/dev/null
same "killed at its sync" 1 "$(find $SPOOL/drop -type f -perm 0670 | wc -l)"
strace -f -y -o /tmp/trace deliver -q
check "it is synced before it is taken over" test "$(line_of 'fsync\(.*/drop/')" -lt "$(line_of 'renameat2\(.*/drop>')"
same "and delivered" 1 "$(messages /var/mail/bob)"
submit alice bob <<<x
strace -f -y -o /tmp/trace deliver -q
refute "what is synced is not synced again" grep -q 'fsync(.*/drop/' /tmp/trace
rm -f /var/mail/bob

start_agent
printf 'Subject: s\n\nhi\n' | submit alice bob
check "an agent that has worked" await mbox /var/mail/bob 1
check "and is idle" drained
pids=$(pgrep -f '^deliver|/usr/sbin/deliver' | tr '\n' ' ')
check "all of its processes are seen" test "$(echo $pids | wc -w)" -ge 4
# Three seconds in which nothing may happen: here only the clock can tell.
timeout 3 strace -f $(printf -- '-p %s ' $pids) -o /tmp/idle 2>/dev/null
same "does not wake up once in three seconds" "" \
    "$(grep -v -E 'detached|unfinished|restart_syscall\(<\.\.\.|^$' /tmp/idle | head -n 3)"
check "while it was watched" test "$(grep -c 'epoll_wait(' /tmp/idle)" -ge 4

# After the submission the text is written once more: into the mailbox, by its
# owner's process.
strace -f -y -s 9999 -e trace='write,writev,pwrite64,pwritev,sendto,sendmsg,sendfile,splice,copy_file_range' \
    $(printf -- '-p %s ' $pids) -o /tmp/writes 2>/tmp/attached &
tracer=$!
await count /tmp/attached "$(echo $pids | wc -w)" attached
printf 'Subject: s\n\nthe very words\n' | submit alice bob
check "a message while its writes are watched" await mbox /var/mail/bob 2
check "is delivered" drained
kill $tracer
wait $tracer
same "its text is written once" 1 "$(grep -c 'the very words' /tmp/writes)"
same "into the mailbox" 1 "$(grep -c -E 'write.*</var/mail/bob>.*the very words' /tmp/writes)"
stop_agent

# A thousand messages for one mailbox: batches, two syncs each (what is about to
# be appended, and the mailbox).
echo 'hold yes' >$CONF
session 1000 bob >/dev/null
: >$CONF
rm -f /var/mail/bob
strace -f -o /tmp/syncs -e trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync deliver -q
same "a thousand messages are delivered once" 1000 "$(grep -o -x 'last of s[0-9]*' /var/mail/bob | sort -u | wc -l)"
same "and nothing besides" 1000 "$(messages /var/mail/bob)"
syncs=$(grep -c 'sync.*(' /tmp/syncs)
check "with at most 20 syncs in all ($syncs)" test "$syncs" -le 20 -a "$syncs" -ge 2
[ ! -d /disk ] || umount $SPOOL
finish
