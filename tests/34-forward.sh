#!/bin/bash
# ~/.forward, read as its user: to others, with a copy, to a command; wrong
# owners, modes and links; users without a home or a shell.
. "$(dirname "$0")/lib.sh"

mail_to() { printf 'Subject: s\n\nfor %s\n' "$*" | submit bob "$@"; }
forward() { # the .forward of alice: stdin
	rm -f "$HOME_A/.forward"
	as alice sh -c 'umask 022; cat >"$HOME/.forward"'
}
arrives() { # WHAT USER...
	local what=$1 user
	shift
	check "$what: the spool is empty" drained
	for user in alice bob carol; do
		local want=0
		case " $* " in *" $user "*) want=1 ;; esac
		same "$what: $user" $want "$(messages /var/mail/$user)"
	done
	rm -f /var/mail/*
}
HOME_A=$(getent passwd alice | cut -d: -f6)
mkdir -p "$HOME_A"
chown alice: "$HOME_A"
chmod 700 "$HOME_A"
useradd -m -K MAIL_DIR=/nonexistent -u 1003 -U carol
start_agent

mail_to alice
arrives "no .forward" alice
echo carol | forward
mail_to alice
arrives "to another" carol
printf '# a copy\n\\alice, carol@localhost\n' | forward
mail_to alice
arrives "\\alice keeps a copy" alice carol
printf 'Alice@mail.example\ncarol\n' | forward
mail_to alice
arrives "so does her own name" alice carol
echo "\"|sh -c 'id -un; cat' >\$HOME/taken\"" | forward
mail_to alice
check "a command" await text "$HOME_A/taken" 'for alice'
same "it runs as her" alice "$(head -n 1 "$HOME_A/taken")"
arrives "and takes the mail"
echo "$HOME_A/box" | forward
mail_to alice
check "a file" await text "$HOME_A/box" 'for alice'
same "it is hers" alice "$(stat -c %U "$HOME_A/box")"
arrives "and has the mail"

printf 'a b c\n' | forward
mail_to alice
arrives "a broken line does not lose mail" alice
check "and is in the log" grep -q 'forward-wrong user=alice line=1 reason=' $LOG
echo carol | forward
chmod 666 "$HOME_A/.forward"
mail_to alice
arrives "others may write to it: not used" alice
check "the log says why" grep -q 'forward-ignored user=alice reason=' $LOG
echo carol | forward
chown carol "$HOME_A/.forward"
mail_to alice
arrives "another's: not used" alice
rm -f "$HOME_A/.forward"
echo carol >/tmp/forward
chmod 644 /tmp/forward
ln -s /tmp/forward "$HOME_A/.forward"
mail_to alice
arrives "a link out of the home: not followed" alice
rm -f "$HOME_A/.forward"

# one member's .forward costs nobody else his mail
echo 'team: alice, bob' >>/etc/aliases
seq -f 'x%g@far.example' 1001 | forward
mail_to team
arrives "more than 1000 members: not used" alice bob
check "the log says why" grep -q \
    'forward-ignored user=alice reason="it has more than 1000 members' $LOG
{ for i in $(seq 20); do
	echo "deep$i: deep$((i + 1))"
done; echo 'deep21: carol'; } >>/etc/aliases
echo deep1 | forward
mail_to team
arrives "too deep: not used" alice bob
yes carol,carol,carol,carol,carol,carol | head -n 20000 | forward
mail_to team
arrives "too long: not used" alice bob
echo ':include:/nonexistent/list' | forward
mail_to team
arrives "a list that is not there" alice bob
check "which the log names" grep -q \
    'forward-wrong user=alice line=1 reason=":include:/nonexistent/list: there is no' $LOG


# The way to a list is nobody else's to turn.
mkdir -p /srv/shared/real
echo carol >/srv/shared/real/list
chown alice: /srv/shared/real/list
ln -s real /srv/shared/lists
chown -h bob: /srv/shared/lists
echo ':include:/srv/shared/lists/list' | forward
mail_to alice
arrives "a list behind another's link" alice
check "which the log names" grep -q "leads through another's link" $LOG
chown -h alice: /srv/shared/lists
mail_to alice
arrives "behind her own link" carol

echo carol | forward
echo alice | as carol sh -c 'cat >"$HOME/.forward"'
mail_to alice
check "in a circle it comes back" await mbox /var/mail/bob 1
check "which is named" grep -q '.forward of carol -> alice' /var/mail/bob
arrives "a circle" bob
rm -f "$HOME_A/.forward" /home/carol/.forward

useradd -K MAIL_DIR=/nonexistent -u 1011 -U -M -d /nonexistent -s /usr/sbin/nologin daemonic
mail_to daemonic
check "no home, no shell: the mailbox" await mbox /var/mail/daemonic 1
rm -f /var/mail/*

# A .forward that is no file is not used, and holds nobody up.
while read -r what make; do
	: >$LOG
	as alice sh -c "cd && $make"
	mail_to alice
	arrives "a .forward that is a $what" alice
	check "$what: the log says why" grep -q -e '\.forward.* is \(no regular file\|a symbolic link\)' $LOG
	rm -rf "$HOME_A/.forward"
done <<'X'
FIFO mkfifo .forward
folder mkdir .forward
socket /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(".forward")'
X
mknod -m 666 "$HOME_A/.forward" c 1 5
: >$LOG
mail_to alice
arrives "a .forward that is a device" alice
check "device: the log says why" grep -q '\.forward.* is no regular file' $LOG
rm -f "$HOME_A/.forward"

# A file or a Maildir that could be another's, or lead to one: nothing is written,
# and the mail waits.
mkdir -m 1777 /srv/sticky
echo precious >/srv/precious
chown carol: /srv/precious
chmod 666 /srv/precious
as alice sh -c 'echo mine >"$HOME/mine"; ln "$HOME/mine" "$HOME/second"; mkdir -p "$HOME/Maildir/tmp" "$HOME/Maildir/cur"'
as carol ln -s /srv/precious /srv/sticky/link
as carol ln -s "$HOME_A/mine" /srv/sticky/back
as alice ln -s /srv/precious "$HOME_A/own"
ln /srv/precious /srv/second
cp -p /srv/precious /srv/sticky/theirs
mkfifo -m 666 /srv/sticky/fifo
mknod -m 666 /srv/sticky/device c 1 5
/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/srv/sticky/socket")'
chmod 777 /srv/sticky/socket
as carol mkdir -m 777 /srv/sticky/folder
as alice ln -s /srv/sticky/folder "$HOME_A/Maildir/new"
as alice ln -s /srv/sticky/folder "$HOME_A/linked"
before=$(ls -lR --time-style=full-iso /srv "$HOME_A")
while read -r path why; do
	: >$LOG
	echo "${path/#\~/$HOME_A}" | forward
	mail_to alice
	check "$path: it waits" await text $LOG "deferred to=<${path/#\~/$HOME_A}>"
	check "$path: the log says why" grep -q -e "deferred to=.*$why" $LOG
	rm -f $SPOOL/queue/* "$HOME_A/.forward"
	same "$path: nothing is written" "$before" "$(ls -lR --time-style=full-iso /srv "$HOME_A")"
done <<'X'
/srv/sticky/link is a symbolic link
/srv/sticky/back is a symbolic link
~/own is a symbolic link
/srv/second has another name
~/second has another name
/srv/sticky/theirs belongs to another user
/srv/sticky/fifo is no regular file
/srv/sticky/device is no regular file
/srv/sticky/socket is no regular file
/srv/sticky/folder is no regular file
/srv/sticky/new is not there, and others may write
/srv/sticky/folder/ belongs to another user
~/Maildir/ is a link or no folder
~/linked/ is a link or no folder
X
rm -f /var/mail/* $SPOOL/drop/*

# A .forward in an alias, with a copy; everybody once.
echo 'team: alice, carol, bob' >/etc/aliases
echo '\alice, bob, carol' | forward
mail_to team
arrives "through an alias, and once" alice bob carol

# What is odd in one user's .forward keeps nobody else's mail up.
echo 'team: alice, carol' >/etc/aliases
echo "\"|cat >/dev/null $(printf 'a %.0s' {1..1000})\"" | forward
mail_to team
check "a command that is too long to be written down: it comes back" await mbox /var/mail/bob 1
check "and says why" grep -q 'too long a name' /var/mail/bob
arrives "the others have it" bob carol
printf '%s/%0900d%0600d\n' "$HOME_A" 0 0 | forward
mail_to alice
check "a path that is too long: the log says so" await text $LOG 'File name too long'
rm -f "$HOME_A/.forward"
sendmail -q
arrives "and it waits" alice
for n in {1..20}; do echo "\"|touch $HOME_A/run$n; sleep 600\""; done | forward
mail_to alice
check "commands without end" await exists "$HOME_A/run1"
mail_to carol
check "do not take all places" await mbox /var/mail/carol 1
rm -f "$HOME_A/.forward" /var/mail/carol
for user in many1 many2 many3; do
	useradd -m -K MAIL_DIR=/nonexistent -u "102${user#many}" -U -s /bin/sh $user
	for n in 1 2 3 4; do echo "\"|touch run$n; sleep 600\""; done >/home/$user/.forward
	chown $user: /home/$user/.forward
done
mail_to many1 many2 many3
check "commands of several users without end" await exists /home/many2/run4
mail_to carol
check "leave some places, too" await mbox /var/mail/carol 1
rm -f /var/mail/carol

# A user of whom only the name service knows.
if unpack nss; then
	mkdir -p /var/lib/extrausers /home/nelly
	echo 'nelly:x:4711:4711:Nelly:/home/nelly:/bin/sh' >/var/lib/extrausers/passwd
	echo 'nelly:x:4711:' >/var/lib/extrausers/group
	sed -i -E 's/^((passwd|group):.*)/\1 extrausers/' /etc/nsswitch.conf
	chown 4711:4711 /home/nelly
	refute "she is in no file" grep -q nelly /etc/passwd
	stop_agent
	start_agent
	rm -f /var/mail/*
	mail_to nelly
	check "a user of the name service" await mbox /var/mail/nelly 1
	same "it is hers" 4711 "$(stat -c %u /var/mail/nelly)"
	printf 'carol\n\\nelly\n' >/home/nelly/.forward
	chown 4711:4711 /home/nelly/.forward
	mail_to nelly
	check "her .forward is read" await mbox /var/mail/carol 1
	check "with a copy" await mbox /var/mail/nelly 2
	rm -f /var/mail/carol
	printf 'Subject: hers\n\nhi\n' | setpriv --reuid=4711 --regid=4711 --clear-groups --reset-env /usr/sbin/sendmail carol
	check "her own mail" await mbox /var/mail/carol 1
	same "names her" "From: Nelly <nelly@mail.example>" "$(grep ^From: /var/mail/carol)"
	check "as the name service does" grep -q 'from nelly (uid 4711)' /var/mail/carol
	rm -f /var/mail/carol
	printf 'Subject: his\n\nhi\n' | setpriv --reuid=4712 --regid=4712 --clear-groups --reset-env /usr/sbin/sendmail carol
	check "mail of a number without a name" await mbox /var/mail/carol 1
	check "has that" grep -q 'from uid-4712 (uid 4712)' /var/mail/carol
else
	skip "a user known only through NSS: no libnss-extrausers"
fi

# A home on a file server that does not answer holds nobody else's mail up.
useradd -K MAIL_DIR=/nonexistent -u 1012 -U -M -d /home/far distant
mkdir -p /home/far /tmp/knobs
[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229
/usr/bin/python3 "$TREE/tests/lockless.py" /home/far /tmp/knobs >/tmp/far 2>&1 &
SERVER=$!
if await -t 10 text /tmp/far mounted; then
	rm -f /var/mail/*
	kill -STOP $SERVER
	mail_to distant
	mail_to carol
	check "a home that does not answer: others have their mail" await mbox /var/mail/carol 1
	same "its own waits" 0 "$(messages /var/mail/distant)"
	kill -CONT $SERVER
	check "and comes when it answers" await -t 60 mbox /var/mail/distant 1
	stop_agent
	umount /home/far
	wait $SERVER
else
	skip "a home on a file server: no FUSE here ($(tail -n 1 /tmp/far))"
fi
finish
