#!/bin/bash
# make install and make uninstall: what they make, leave and refuse.
. "$(dirname "$0")/lib.sh"

make_it() { make -s -C "$TREE" O="$O" "$@"; }
perm() { stat -c '%U:%G %a' "$@"; }

# root.sh has installed it.
same "sendmail is set-gid bellman" "root:bellman 2755" "$(perm /usr/sbin/sendmail)"
same "deliver is root's" "root:root 755" "$(perm /usr/sbin/deliver)"
same "the spool" "root:bellman 755" "$(perm $SPOOL)"
same "drop" "bellman:bellman 1770" "$(perm $SPOOL/drop)"
same "queue" "bellman:bellman 700" "$(perm $SPOOL/queue)"
same "quarantine" "bellman:bellman 700" "$(perm $SPOOL/quarantine)"
same "the state" "bellman:bellman 700" "$(perm /var/lib/bellman)"
for name in /usr/bin/mailq /usr/bin/newaliases /usr/lib/sendmail; do
	same "$name leads to it" /usr/sbin/sendmail "$(readlink -f $name)"
done
for user in bellman bellman-net bellman-dns bellman-tty bellman-mime bellman-token; do
	same "$user has a group of its own, no home and no shell" \
	    "$user /nonexistent /usr/sbin/nologin" \
	    "$(id -gn $user) $(getent passwd $user | cut -d: -f6,7 | tr : ' ')"
done

# make demo and make check, on a machine where it is installed for good.
DISK='' "$TREE/tests/root.sh" /bin/true >"$OUT" 2>&1
case $? in
0) pass "a private copy of a machine that has it" ;;
77) skip "no private copy within a private copy here" ;;
*) fail "a private copy of a machine that has it" ;;
esac

refute "drop cannot be listed by a user" as alice ls $SPOOL/drop
refute "nor written to" as alice touch $SPOOL/drop/x
refute "queue cannot be read" as alice ls $SPOOL/queue

echo 'hold no # mine' >$CONF
printf 'Subject: s\n\nwaits\n' | submit alice bob 2>/dev/null
check "installed again" make_it install
same "settings stay" 'hold no # mine' "$(cat $CONF)"
same "mail stays" 1 "$(ls $SPOOL/drop | wc -l)"

check "uninstall" make_it uninstall
said "it says what is kept" "Kept: .*$SPOOL"
refute "no program is left" ls /usr/sbin/sendmail /usr/sbin/deliver
refute "no link is left" sh -c 'ls -d /usr/bin/mailq || ls -d /usr/bin/newaliases || ls -d /usr/lib/sendmail'
same "mail stays" 1 "$(ls $SPOOL/drop | wc -l)"
same "settings stay" 'hold no # mine' "$(cat $CONF)"

# Another mail system.
printf '#!/bin/sh\necho the other\n' >/usr/sbin/sendmail
chmod 755 /usr/sbin/sendmail
ln -s ../sbin/sendmail /usr/bin/mailq
refute "another mail system: refused" make_it install
said "it says what is there" '/usr/sbin/sendmail'
said "and what can be done" 'DIVERT=1'
same "nothing was changed" 'the other' "$(/usr/sbin/sendmail)"
refute "not even deliver is installed" test -e /usr/sbin/deliver
if command -v dpkg-divert >/dev/null; then
	check "DIVERT=1 moves it aside" make_it install DIVERT=1
	same "ours is there" "root:bellman 2755" "$(perm /usr/sbin/sendmail)"
	same "theirs is kept" 'the other' "$(/usr/sbin/sendmail.distrib)"
	check "uninstall" make_it uninstall
	same "moves it back" 'the other' "$(/usr/sbin/sendmail)"
	same "its link, too" ../sbin/sendmail "$(readlink /usr/bin/mailq)"
	refute "nothing is left aside" sh -c 'ls /usr/sbin/*.distrib /usr/bin/*.distrib'
else
	skip "diversions: no dpkg-divert here"
fi
check "uninstall of nothing leaves theirs alone" make_it uninstall
same "it is there" 'the other' "$(/usr/sbin/sendmail)"
rm -f /usr/sbin/sendmail /usr/bin/mailq

# The checkout may lie where alice cannot go: she has a copy of hers.
mkdir -p /tmp/tree/built
tar -C "$TREE" --exclude=.git --exclude='./build*' -cf - . | tar -C /tmp/tree -xf -
cp -a "$O/." /tmp/tree/built
chown -R alice /tmp/tree
check "DESTDIR needs no root" as alice make -s -C /tmp/tree O=built install DESTDIR=/tmp/dest
check "and holds the programs" test -x /tmp/dest/usr/sbin/sendmail -a -x /tmp/dest/usr/sbin/deliver
check "the settings are all commented out" sh -c 'test -s /tmp/dest/etc/bellman/bellman.conf && ! grep -q "^[^#]" /tmp/dest/etc/bellman/bellman.conf'
mkdir /tmp/conf && cp /tmp/dest/etc/bellman/bellman.conf $CONF
check "installed for good" make_it install
check "the sample is a valid file" deliver --check-settings
sed -i -E 's/^#([a-z\t}])/\1/' $CONF
check "also with all of it in force" deliver --check-settings
said "the relay is in force" '192.0.2.25'
finish
