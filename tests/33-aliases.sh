#!/bin/bash
# /etc/aliases as people write it, with real users: lists, commands, files,
# loops; what a newer source changes, and what it does not.
. "$(dirname "$0")/lib.sh"

aliases() { # the file from now on: stdin
	cat >/etc/aliases.new
	chmod 644 /etc/aliases.new
	mv /etc/aliases.new /etc/aliases
}
mail_to() { # ADDRESS...: from carol, whose mailbox gets what comes back
	printf 'Subject: s\n\nfor %s\n' "$*" | submit carol "$@"
}
arrives() { # WHAT USER...: each of them has one message; and they are emptied
	local what=$1 user
	shift
	check "$what: the spool is empty" drained
	for user in alice bob carol root; do
		local want=0
		case " $* " in *" $user "*) want=1 ;; esac
		same "$what: $user" $want "$(messages /var/mail/$user)"
	done
	rm -f /var/mail/*
}

useradd -m -K MAIL_DIR=/nonexistent -u 1003 -U -c 'Carol' carol
useradd -K MAIL_DIR=/nonexistent -u 1010 -U -M runner
mkdir -p /srv/lists /srv/out
chown runner: /srv/out
: >/srv/out/kept
chmod 666 /srv/out/kept
chmod 755 /srv /srv/lists
echo 'command-user runner' | config

cat >/srv/out/keep <<'X'
#!/bin/sh
{ echo "as $(id -un): $*"; cat; } >>/srv/out/kept
X
chmod 755 /srv/out/keep
printf '# the team\nalice\n"Bob B." <bob@localhost>\n' >/srv/lists/team
printf 'bob, "|/srv/out/keep of bob"\n' >/srv/lists/bobs
chown bob: /srv/lists/bobs
chmod 600 /srv/lists/bobs
printf 'bob\n' >/srv/lists/open
chmod 666 /srv/lists/open
ln -s team /srv/lists/link

aliases <<'X'
# The usual.
postmaster: root
root:       alice
everybody:  alice, bob,
            # within
            "carol"
nested:     everybody, Alice@LOCALHOST, inner
inner:      BOB, alice
no colon here
self:       self, bob
alice+ads:  /dev/null
last:       \alice
a:          b
b:          c
c:          a
partly:     c, bob
command:    "|/srv/out/keep one 'two words'"
file:       /srv/out/box
team:       :include:/srv/lists/team
bobs:       :include:/srv/lists/bobs
open:       :include:/srv/lists/open
link:       :include:/srv/lists/link
list:       nosuchmember
owner-list: bob
X
start_agent

mail_to root
arrives "root's mail to an alias" alice
mail_to postmaster@mail.example
arrives "postmaster" alice
mail_to EveryBody
arrives "a list on two lines" alice bob carol
mail_to nested inner root everybody
arrives "the same person through four lists gets one copy" alice bob carol
mail_to bob inner
arrives "and one who is named himself" alice bob
mail_to last
arrives "\\name" alice
mail_to alice+ads
arrives "name+detail to /dev/null"
mail_to alice+other
arrives "another detail is hers" alice
mail_to team
arrives "a list of root's" alice bob
mail_to bobs
check "a list of bob's, which only he reads" await mbox /var/mail/bob 1
check "his command runs" await text /srv/out/kept 'for bobs'
check "as him" grep -q '^as bob: of bob' /srv/out/kept
rm -f /var/mail/*
: >/srv/out/kept
check "drained" drained

mail_to command
check "a command" await text /srv/out/kept 'for command'
check "as the configured user, with its words" grep -q '^as runner: one two words$' /srv/out/kept
mail_to file
check "a file" await text /srv/out/box 'for file'
same "it belongs to that user" runner "$(stat -c %U /srv/out/box)"
mail_to '"|/srv/out/keep evil"@mail.example' '/srv/out/evil@mail.example' '":include:/srv/lists/team"@mail.example'
check "what is no address comes back" await mbox /var/mail/carol 1
refute "no command" grep -q evil /srv/out/kept
refute "no file" test -e /srv/out/evil
rm -f /var/mail/*

mail_to a
check "a loop comes back" await mbox /var/mail/carol 1
check "and is named" grep -q 'a -> b -> c -> a' /var/mail/carol
check "with its status" grep -q 'Status: 5.4.6' /var/mail/carol
rm -f /var/mail/*
mail_to partly
check "a loop in a part: the rest arrives" await mbox /var/mail/bob 1
check "and the part comes back" await mbox /var/mail/carol 1
rm -f /var/mail/*
check "drained" drained
mail_to list
check "what fails in a list is told to its owner" await mbox /var/mail/bob 1
check "drained" drained
same "and not to the sender" 0 "$(messages /var/mail/carol)"
rm -f /var/mail/*

check "a broken line is in the log with its number" grep -q 'left-out file=/etc/aliases line=9 reason="no colon' $LOG
check "newaliases" newaliases
check "it says so, too" sh -c "newaliases | grep -q '^/etc/aliases:9: no colon'"
check "and how many there are" sh -c "newaliases | grep -q '^/etc/aliases: 20 aliases$'"
refute "for root only" as alice newaliases
check "-bv explains" sh -c "sendmail -bv postmaster | grep -q 'postmaster -> root: the mailbox of alice'"

# A list that others may write to, or that is a link, is not followed.
mail_to open link
check "a writable list is not used" await text $LOG 'others than its owner may write'
check "a link is not used" await text $LOG 'the list is a link'
chmod 644 /srv/lists/open
ln -f /srv/lists/team /srv/lists/link.new && mv /srv/lists/link.new /srv/lists/link
sendmail -q
arrives "mended, it reaches mail that waits" alice bob

# The map is a cache.
echo 'root: bob' | aliases
mail_to root
arrives "a newer source is used" bob
stop_agent
head -c 5000 /dev/urandom >/var/lib/bellman/aliases.tdb
start_agent
mail_to root
arrives "a damaged map is built again" bob
check "moved aside" test -e /var/lib/bellman/aliases.tdb.damaged
stop_agent
rm -rf /var/lib/bellman/*
start_agent
mail_to root
arrives "a map that is gone, too" bob
mv /etc/aliases /etc/aliases.away
mkdir /etc/aliases
mail_to root
check "what cannot be read defers" await text $LOG 'the aliases of this machine cannot be read now'
rmdir /etc/aliases
mv /etc/aliases.away /etc/aliases
sendmail -q
arrives "and is no bounce" bob

# While a member waits, aliases change: what was delivered stays delivered.
touch /srv/elsewhere
ln -s /srv/elsewhere /var/mail/bob
printf 'l: alice, bob\n' | aliases
mail_to l
check "alice has it" await mbox /var/mail/alice 1
check "bob waits" await text $LOG 'deferred to=<bob@mail.example>'
printf 'l: carol, alice, m\nm: alice, root, \\alice\n' | aliases
sendmail -q
check "the spool is empty" drained
same "alice is served once" 1 "$(messages /var/mail/alice)"
same "who came into the list gets it" 1 "$(messages /var/mail/carol)"
same "through two lists" 1 "$(messages /var/mail/root)"
rm -f /var/mail/*
same "and who left it does not" 0 "$(stat -c %s /srv/elsewhere)"

# One mailbox by several names, in the envelope and in a list, also when it
# cannot be written at first.
printf 'l: alice, bob\n' | aliases
mail_to alice ALICE alice@localhost bob l
check "three names of one: the spool is empty" drained
same "three names of one: one copy" 1 "$(messages /var/mail/alice)"
same "and one for the other" 1 "$(messages /var/mail/bob)"
rm -f /var/mail/*
ln -s /srv/elsewhere /var/mail/bob
mail_to l BOB bob
check "bob waits again" await text $LOG 'deferred to=<BOB@'
check "alice has hers" await mbox /var/mail/alice 1
rm -f /var/mail/bob
sendmail -q
check "the spool is empty" drained
same "bob has his, once" 1 "$(messages /var/mail/bob)"
same "and alice too" 1 "$(messages /var/mail/alice)"
rm -f /var/mail/*

# A list that is empty for a moment loses nothing.
: >/srv/members
printf 'e: :include:/srv/members\n' | aliases
mail_to e
check "an empty list: it waits" await text $LOG 'its list is empty'
echo alice >/srv/members
sendmail -q
check "and goes to who is in it then" await mbox /var/mail/alice 1
check "the spool is empty" drained
rm -f /var/mail/*

# Who has his own copy gets no second one by a list that is there later.
rm /srv/members
: >$LOG
mail_to alice e
check "alice has her own" await mbox /var/mail/alice 1
check "the list is awaited" await text $LOG 'there is no such list'
printf 'alice\nbob\n' >/srv/members
sendmail -q
check "the list has come: the spool is empty" drained
same "alice has one copy" 1 "$(messages /var/mail/alice)"
same "bob has his" 1 "$(messages /var/mail/bob)"
rm -f /var/mail/*

# Two lists of one member, whose place others take while he waits.
ln -s /srv/elsewhere /var/mail/bob
printf 's: bob\nt: bob\n' | aliases
: >$LOG
mail_to s t
check "the member of both waits" await text $LOG 'deferred to=<bob@'
printf 's: alice\nt: carol\n' | aliases
sendmail -q
check "others in his place: the spool is empty" drained
same "who took it in the first list" 1 "$(messages /var/mail/alice)"
same "who took it in the second" 1 "$(messages /var/mail/carol)"
rm -f /var/mail/*

# Across a kill of the queue each member has one copy.
{
	printf 'l: alice, bob, carol, root'
	for n in $(seq 1 40); do printf ', "|/bin/true %s"' "$n"; done
	echo
} | aliases
for n in 1 2 3 4 5; do
	mail_to l
	await -t 10 text $LOG "delivered to=<" >"$OUT" 2>&1
	pid=$(role_pid queue)
	[ -n "$pid" ] && kill -KILL "$pid"
done
check "killed five times: the spool is empty" drained 60
for user in alice bob carol root; do
	same "killed five times: $user" 5 "$(messages /var/mail/$user)"
done
finish
