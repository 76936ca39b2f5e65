#!/bin/bash
# A process died while it appended, so the next one looks for what is there; and
# that is killed, too, while it takes off the queue what it has found.
. "$(dirname "$0")/lib.sh"

Q=$SPOOL/queue
echo 'hold yes' >$CONF
for m in a b c; do
	printf 'Subject: %s\n\nfirst of %s\nlast of %s\n' $m $m $m | sendmail -i bob 2>/dev/null
done
deliver -q
mkdir /tmp/kept
cp -p $Q/* /tmp/kept
: >$CONF
deliver -q
cp /var/mail/bob /tmp/bob
same "three messages" 3 "$(messages /tmp/bob)"
grep -o -E '[0-9A-Z]{16}: delivered to=<bob' $LOG | cut -c1-16 >/tmp/order

cat >/tmp/intent.py <<'X'
import os, pwd
def crc32c(octets):
    c = 0xffffffff
    for o in octets:
        c ^= o
        for _ in range(8):
            c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
    return c ^ 0xffffffff
ids = open("/tmp/order").read().split()
text = "bellman-intent 1\nuser bob\nbox /var/mail/%%u\nino %d size 0\n" % os.stat("/var/mail/bob").st_ino
text += "".join("item %s 0\n" % i for i in ids)
text += "sum %08x\nresult %s\n" % (crc32c(text.encode()), "?" * len(ids))
name = "/var/spool/bellman/queue/.intents/intent-0123456789abcdef"
open(name, "w").write(text)
owner = pwd.getpwnam("bellman")
os.chmod(name, 0o600)
os.chown(name, owner.pw_uid, owner.pw_gid)
X
appended() { # as when the append was done, and nobody was told
	rm -f $Q/* $Q/.intents/*
	cp -p /tmp/kept/* $Q
	cat /tmp/bob >/var/mail/bob
	python3 /tmp/intent.py
}
appended
deliver -q
same "all are found" 3 "$(messages /var/mail/bob)"
same "the spool is empty" "" "$(find $SPOOL -type f)"
met=0
for call in unlinkat pwrite64; do
	for when in 1 2 3 4; do
		appended
		timeout -s KILL 30 strace -f -o /tmp/one -P $Q -P $Q/.intents -e trace=$call \
		    -e inject=$call:signal=KILL:when=$when deliver -q >/dev/null 2>&1
		! grep -q 'killed by SIGKILL' /tmp/one || met=$((met + 1))
		deliver -q
		same "killed at $call $when: each is there once" 3 "$(messages /var/mail/bob)"
	done
done
check "the kills met a process" test $met -ge 4

# No descriptor is free for one of them: it is not as if it were not there.
met=0
for when in 1 2 3 4 5 6 7 8 9 10 11 12; do
	appended
	timeout -s KILL 30 strace -f -o /tmp/one -P $Q -P $Q/.intents -e trace=openat \
	    -e inject=openat:error=EMFILE:when=$when deliver -q >/dev/null 2>&1
	! grep -q 'EMFILE.*INJECTED' /tmp/one || met=$((met + 1))
	deliver -q
	same "no descriptor at $when: each is there once" 3 "$(messages /var/mail/bob)"
done
check "the faults met a process" test $met -ge 10
same "the spool is empty" "" "$(find $SPOOL -type f)"

# What is there is there, whoever an alias names by now.
appended
echo 'bob: alice' >/etc/aliases
deliver -q
same "an alias of later: each is there once" 3 "$(messages /var/mail/bob)"
same "and nowhere else" 0 "$(messages /var/mail/alice)"
same "the spool is empty" "" "$(find $SPOOL -type f)"
rm -f /etc/aliases

# A child of an alias: it was appended, nobody was told, and before anyone looks
# the alias names him no more, for a while.
intent_of() { # ID RECIPIENT SIZE: announced, and no word of its end
	python3 - "$@" <<'X'
import os, pwd, sys
exec(open("/tmp/intent.py").read().split("ids =")[0])
text = "bellman-intent 1\nuser bob\nbox /var/mail/%%u\nino %d size %s\n" % (os.stat("/var/mail/bob").st_ino, sys.argv[3])
text += "item %s %s\n" % (sys.argv[1], sys.argv[2])
text += "sum %08x\nresult ?\n" % crc32c(text.encode())
name = "/var/spool/bellman/queue/.intents/intent-0123456789abcdef"
open(name, "w").write(text)
owner = pwd.getpwnam("bellman")
os.chmod(name, 0o600)
os.chown(name, owner.pw_uid, owner.pw_gid)
X
}
closed() { ln /var/mail/bob /var/mail/bob.kept; } # a mailbox that is not looked into
opened() { rm -f /var/mail/bob.kept; }
for how in "nobody could look" "it was looked for meanwhile"; do
	rm -f $Q/* $Q/.intents/* /var/mail/*
	sendmail -i bob 2>/dev/null </dev/null
	printf 'relay main {\n\thost 127.0.0.1 1\n\ttls never\n}\n' >$CONF
	deliver -q
	echo 'team: bob, later@remote.example' >/etc/aliases
	closed
	printf 'Subject: t\n\nfirst of t\nlast of t\n' | sendmail -odq -i team 2>/dev/null
	deliver -q
	id=$(basename $Q/*)
	check "$how: bob is a child that waits" grep -a -q ' child 0 box bob ' "$Q/$id"
	size=$(stat -c %s /var/mail/bob)
	cp -p "$Q/$id" /tmp/child
	opened
	deliver -q
	same "$how: he gets it" 1 "$(grep -c '^last of t$' /var/mail/bob)"
	cp -p /tmp/child "$Q/$id"
	intent_of "$id" 1 "$size"
	echo 'team: alice, later@remote.example' >/etc/aliases
	[ "$how" != "nobody could look" ] || closed
	deliver -q
	check "$how: and is dropped" grep -q 'dropped to=<bob' $LOG
	echo 'team: bob, alice, later@remote.example' >/etc/aliases
	opened
	deliver -q
	same "$how: he has it once" 1 "$(grep -c '^last of t$' /var/mail/bob)"
	same "$how: alice, too" 1 "$(grep -c '^last of t$' /var/mail/alice)"
	check "$how: the other waits" test -e "$Q/$id"
	: >$LOG
done
finish
