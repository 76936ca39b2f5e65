#!/bin/bash
# Common mistakes, and what the one who made them reads: what happened, to what,
# and what to do.
. "$(dirname "$0")/lib.sh"

# Settings: each is refused, and says where and what was meant.
while IFS='|' read -r text want; do
	printf '%b\n' "$text" | config
	exits "settings: $text" 78 /usr/sbin/deliver --check-settings
	said "it says: $want" "$want"
done <<-'X'
	relay smtp.example.net submisions|conf:1: there is no port "submisions"; did you mean "submissions"[?]
	relay smtp.example.net|conf:1: "relay" needs a port behind the host: submissions [(]465[)], submission [(]587[)] or 25
	relay [smtp.example.net]:587|conf:1: "[[]smtp.example.net]:587" is no host; write smtp.example.net and, behind a blank, its port: 587
	smarthost smtp.example.net|conf:1: unknown setting "smarthost"; here that is relay
	relay smtp.example.net 587 jdoe|conf:1: junk behind the value of "relay": "jdoe"; what else a relay has stands in its block
	relay main {\nhost x 587\npassword geheim\n}|conf:3: no password stands here, where everybody can read it, but in /etc/bellman/secrets
	relayy smtp.example.net|conf:1: unknown setting "relayy"; did you mean "relay"[?]
	sender root@* host alerts <a@b.c>|conf:1: .*a name of several words in quotes
	route domain corp.example relay wrok|conf:1: there is no relay "wrok"; name a relay that has a block
	relay main {\nhost x 587|conf:1: the block of relay "main" has no closing brace
	local mbox var/mail/%u|conf:1: the path of an mbox must begin with /
X
echo 'terminal root saml via adm' | config
exits "settings: a group without its @" 0 /usr/sbin/deliver --check-settings
said "it says so" 'adm, which is no user here [(]a group is written @adm[)]'

echo 'limits free-space 1000G' | config
echo x | exits "a disk that is too full by free-space" 75 sendmail bob
said "it says so" 'less is free there than limits free-space in bellman.conf leaves alone; nothing was queued, make room'
printf '' | config

# The secrets: said before a relay asks for a password.
echo 'relay.example u "p"' >/etc/bellman/secrets
while IFS='|' read -r owner mode want; do
	chown "$owner" /etc/bellman/secrets
	chmod "$mode" /etc/bellman/secrets
	exits "secrets of $owner, $mode" 0 deliver --check-settings
	said "it says: $want" "$want; .chown root:bellman-net. and .chmod 0640. make it right"
done <<-'X'
	root:bellman-net|644|/etc/bellman/secrets are not used: others than root can change it, or read it
	root:root|600|the group bellman-net cannot read it
	alice:bellman-net|640|it does not belong to root
X
install -o root -g bellman-net -m 640 /dev/null /etc/bellman/secrets
exits "as INSTALL has it" 0 deliver --check-settings
refute "nothing is said of it" grep -q secrets "$OUT"
rm /etc/bellman/secrets
printf '' | config

# Aliases and .forward, with an agent.
cat >/etc/aliases <<-'X'
	staff alice, bob
	loop1: loop2
	loop2: loop1
	sales: nosuch
	list: :include:/no/file
X
start_agent
check "newaliases runs" newaliases
said "a missing colon, with its line" '^/etc/aliases:1: no colon behind the name; left out'
while IFS='|' read -r to status want; do
	exits "-bv $to" "$status" submit bob -bv "$to"
	said "it says: $want" "$want"
done <<-'X'
	loop1|67|its aliases go round in a circle: loop1 -> loop2 -> loop1
	sales|67|there is no such user on this machine: sales -> nosuch
	list|75|:include:/no/file: there is no such list
	nosuch|67|there is no such user on this machine [(]5
X
echo nosuch >/home/bob/.forward
chown bob /home/bob/.forward
echo x | submit alice bob
check "a .forward to nobody comes back" await text /var/mail/alice 'on this machine: '
tr -s '\n ' ' ' </var/mail/alice >"$OUT" # where its lines end is the report's
said "and names the one who is not there" 'on this machine: bob@mail.example -> .forward of bob -> nosuch'
rm /home/bob/.forward
: >/var/mail/bob
chown alice /var/mail/bob
echo x | submit alice bob
check "a mailbox of another: the log says whose, and what helps" await text $LOG \
    '/var/mail/bob belongs to another user (uid 1001, not 1002); `chown` it, or move it away; nothing was written'
mailq >"$OUT"
said "mailq, too" 'next try in .*belongs to another user [(]uid 1001, not 1002[)]; .chown. it'
chown bob /var/mail/bob
check "what waited is tried again" /usr/sbin/sendmail -q
check "and comes into his mailbox" await mbox /var/mail/bob 1
stop_agent

# Relays: a name that is none, a port that nobody answers.
while IFS='|' read -r relay want; do
	echo "relay $relay" | config
	start_agent
	echo x | submit alice someone@far.example
	check "relay $relay: it waits" await text $LOG 'deferred to=<someone@far.example>'
	as alice mailq >"$OUT"
	said "mailq says: $want" "$want"
	stop_agent
	mailq remove --all >/dev/null
	: >$LOG
done <<-'X'
	nosuch.example 587|why: .*name
	relay.example 587|why: The server does not answer
X
printf '' | config

# No agent.
exits "no agent: mail is taken" 0 submit bob alice </etc/hostname
said "a line says that it waits" 'queued, but no agent runs; it waits until deliver is started'
exits "no agent: -bv" 69 submit bob -bv alice
said "it says what to do" 'start deliver'
exits "no agent: mailq" 69 as alice mailq
said "it says that the mail is safe" 'is safe in /var/spool/bellman'
finish
