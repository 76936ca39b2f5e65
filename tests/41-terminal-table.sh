#!/bin/bash
# The table of SEND, SOML and SAML, cell by cell, with users at real ptys;
# rules, rates, text that must be decoded.
. "$(dirname "$0")/lib.sh"

. "$TREE/tests/ttys.sh"
person carol dora erin frank gina harry

config <<-'X'
	terminal-rate 1000 1000
X
start_agent
check "carol: mesg n" session carol -n carol
check "dora: stopped by ^S" session dora -s dora
check "erin: one terminal with mesg n" session erin-n -n erin
check "erin: another with mesg y" session erin erin
check "alice: one terminal" session alice alice
check "gina: will be gone" session gina gina

# Each row: the user, the verb, the reply to RCPT.  frank is not logged in.
while read -r user kind want; do
	same "RCPT: $kind to $user" "$want" "$(rcpt "$kind" "$user")"
done <<-'X'
	nosuch SEND 550 5.1.1 <nosuch@mail.example>: there is no such user on this machine
	nosuch SOML 550 5.1.1 <nosuch@mail.example>: there is no such user on this machine
	nosuch SAML 550 5.1.1 <nosuch@mail.example>: there is no such user on this machine
	frank SEND 450 4.2.1 User not active now
	frank SOML 250 2.1.5 User not active now, so will do mail.
	frank SAML 250 2.1.5 User not active now, will mail
	carol SEND 450 4.2.1 User not accepting terminal messages now
	carol SOML 250 2.1.5 User not accepting terminal messages now, so will do mail
	carol SAML 250 2.1.5 User not accepting terminal messages now, will mail
	alice SEND 250 2.1.5 user is active, will send
	alice SOML 250 2.1.5 user is active, will send
	alice SAML 250 2.1.5 will send and mail
	erin SEND 250 2.1.5 user is active, will send
	erin SOML 250 2.1.5 user is active, will send
	erin SAML 250 2.1.5 will send and mail
	dora SEND 250 2.1.5 user is active, will send
	far@far.example SEND 550 5.3.3 <far@far.example>: no terminal of another machine
X
same "RCPT to the root user's own address is plain for MAIL" "250 2.1.5 OK" "$(rcpt MAIL alice)"

# At the dot.
{
	printf 'EHLO x\r\nSEND FROM:<bob>\r\nRCPT TO:<alice>\r\nDATA\r\n\r\n'
	seq 1 201 | sed 's/$/\r/'
	printf '.\r\nQUIT\r\n'
} | as bob /usr/sbin/sendmail -bs | tail -n 2 | head -n 1 >"$OUT"
said "the dot: SEND, 201 lines" '^552 5\.3\.4 '

# Between RCPT and the dot gina goes; her terminal's number goes to harry.
gone=$(tty_of gina)
rcpt_held gina
check "gina: RCPT while she is there" await text /tmp/said '250 2.1.5 user is active'
leave gina
# Its number is free when nobody has it open any more; of that there is no event.
for _ in $(seq 200); do
	find /proc/[0-9]*/fd \( -lname "/dev/$gone" -o -lname "/dev/$gone (deleted)" \) 2>/dev/null | grep -q . || break
	sleep 0.1
done
check "harry has her terminal now" session harry harry
same "it is the same one" "$gone" "$(tty_of harry)"
data_now 'for gina alone'
check "gina: the dot is still 250" await text /tmp/said 'terminal delivery follows'

# In the agent: SEND that cannot be shown comes back after a minute, meanwhile
# the rest.  A sender each, so that the reports can be told apart.
say send frank 'send to frank' carol
say send dora 'send to dora' carol
for user in frank carol dora; do
	say soml $user "soml to $user" root
	say saml $user "saml to $user" root
	check "$user: SOML is mail" await text /var/mail/$user "soml to $user"
	check "$user: SAML is mail" await text /var/mail/$user "saml to $user"
done
for user in alice erin; do
	say send $user "send to $user"
	check "$user: SEND is shown" await text /tmp/screen.$user "send to $user"
	say soml $user "soml to $user"
	check "$user: SOML is shown" await text /tmp/screen.$user "soml to $user"
	{ echo 'Subject: saml'; echo; seq 1 300 | sed "s/^/saml to $user /"; } | submit bob -O Terminal=saml $user
	check "$user: SAML is stored whole" await text /var/mail/$user "saml to $user 300"
	check "$user: SAML is shown" await text /tmp/screen.$user "| saml to $user 1"
	check "$user: an excerpt, which says so" await text /tmp/screen.$user '[12 of 300 lines; the rest is in the mailbox'
	refute "$user: not all of it" grep -q "saml to $user 300" /tmp/screen.$user
	refute "$user: SEND and SOML are not stored" grep -q -E '(send|soml) to' /var/mail/$user
done
{ echo 'Subject: long'; echo; seq 1 300 | sed 's/^/long soml /'; } | submit erin -O Terminal=soml harry
check "harry: a long SOML is stored whole" await text /var/mail/harry 'long soml 300'
check "harry: and an excerpt is shown" await text /tmp/screen.harry '[12 of 300 lines; the rest is in the mailbox'
check "harry: the beginning of it" grep -q '^| long soml 12' /tmp/screen.harry
refute "harry: not all of it" grep -q 'long soml 13' /tmp/screen.harry
same "harry: it is stored once" 1 "$(grep -c 'long soml 300' /var/mail/harry)"
refute "a terminal with mesg n is left alone" grep -q '|' /tmp/screen.erin-n
printf 'Subject: =?ISO-8859-1?Q?Gr=FC=DFe?=\nMIME-Version: 1.0\nContent-Type: text/html; charset=ISO-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<html><head><title>no</title></head><body><p>sch=F6n &amp; gut</p></body></html>\n' |
	submit bob -O Terminal=send alice
check "what is encoded is decoded: its text" await text /tmp/screen.alice '| schön & gut'
check "and its subject" grep -q 'Subject: Grüße' /tmp/screen.alice
refute "no tag is shown" grep -q '<p>' /tmp/screen.alice

# tell: asks first, waits for the word.
echo 'Subject: is text here' | exits "tell: shown" 0 as bob tell alice
await text /tmp/screen.alice '| Subject: is text here' # her screen may be a moment behind
check "tell: the first line is text" grep -q '^| Subject: is text here' /tmp/screen.alice
echo no | exits "tell: not logged in" 75 as bob tell frank
said "tell: says why" '^tell: frank: not logged in now; nothing was sent, try later or send mail$'
echo no | exits "tell: no such user" 67 as bob tell nosuch
said "tell: names him once" '^tell: nosuch: there is no such user on this machine; nothing was sent$'
echo no | exits "tell: mesg n" 75 as bob tell carol
said "tell: says that, too" '^tell: carol: logged in, but takes no messages now \(mesg n\); nothing was sent'
echo no | exits "tell: one of two" 75 as bob tell alice frank
exits "tell: nobody named" 64 as bob tell </dev/null
said "tell: how it is used" '^tell: usage: tell USER '
for arg in -h --help -t -v; do
	exits "tell: $arg is no option of its" 64 as bob tell $arg alice </dev/null
	said "tell: $arg: how it is used" '^tell: usage: tell USER '
done
exits "tell: no text" 65 as bob tell alice </dev/null
said "tell: says so" '^tell: there is no text; nothing was sent$'
printf ' \n\t\n' | exits "tell: blanks are no text" 65 as bob tell alice
seq 201 | exits "tell: too long" 65 as bob tell alice
said "tell: says how long it may be" '^tell: the text is too long for a terminal \(more than 200 lines or 16384 octets\); nothing was sent, mail takes it$'
check "tell: what was refused is gone" drained 70

check "frank: SEND comes back" await -t 100 text /var/mail/carol 'send to frank'
when() { date +%s -d "$(grep -E "$1" $LOG | head -n 1 | cut -c1-15)"; } # by the log
over=' (expired|failed) to=<frank@' # the latter when this machine is slow
id=$(sed -n -E "s/.* ([0-9A-Z]+):$over.*/\\1/p" $LOG)
same "and that says why" 'frank is not logged in' "$(sed -n -E "s/.*$over.* text=\"(.*)\"/\\2/p" $LOG)"
check "after a minute, and no sooner" test $(($(when "$over") - $(when " $id: queued "))) -ge 58
check "dora: SEND comes back" await -t 100 text /var/mail/carol 'send to dora'
tr -s '\n ' ' ' </var/mail/carol >"$OUT" # where its lines end is the report's
said "and says what was tried" 'pts/[0-9]+: stopped for 2 s'
check "gina: it comes back" await -t 100 text /var/mail/bob 'for gina alone'
refute "harry has not a word of it" grep -q 'gina' /tmp/screen.harry
check "settled" drained 70
for user in frank dora gina; do
	refute "$user: SEND is not in the mailbox" grep -q -x -E 'send to .*|for gina alone' /var/mail/$user
done

stop_agent
leave alice

# The administrator's rule; who stands in for root; the rates.
config <<-'X'
	terminal root saml from local via @adm
X
gpasswd -a alice adm >/dev/null 2>&1
gpasswd -a frank adm >/dev/null 2>&1
start_agent
check "alice is back" session alice2 alice
printf 'Subject: Cron\n\ndisk is full\n' | submit bob root
check "rule: root has it" await text /var/mail/root 'disk is full'
check "rule: a member of adm sees it" await text /tmp/screen.alice2 '| disk is full'
check "rule: the banner says for whom" grep -q 'for root@mail.example' /tmp/screen.alice2
as bob /usr/sbin/sendmail -bv root >"$OUT" 2>&1
said "rule: -bv explains" 'rule: mail from this machine is SAML, shown to members of the group adm'
for i in 1 2 3 4 5 6 7; do
	printf 'Subject: Cron\n\nagain %s\n' $i | submit bob root
done
# Where the seven took longer than the ten seconds after it, they are two lines.
more() { sed -n 's/^.*\[\([0-9]*\) more message.*; last from bob (uid 1002)\].*/\1/p' /tmp/screen.alice2 | awk '{ n += $1 } END { print n + 0 }'; }
check "repeats become one line" await -t 30 text /tmp/screen.alice2 ' more message'
[ "$(more)" = 7 ] || await -t 30 count /tmp/screen.alice2 2 ' more message'
same "which counts them" 7 "$(more)"
refute "and are not shown" grep -q '| again' /tmp/screen.alice2

cat >/tmp/flood.py <<'X'
import sys
from bs_client import Client
me = sys.argv[1]
c = Client()
c.connect("localhost", 25)
c.ehlo()
yes = no = 0
for n in range(334):
    assert c.docmd("SEND FROM:<%s>" % me)[0] == 250
    code, text = c.rcpt("alice")
    if code == 250:
        assert c.data("\r\nflood %d of %s.\r\n" % (n, me))[0] == 250
        yes += 1
    else:
        assert code == 450 and text.startswith(b"4.7.1"), (code, text)
        c.rset()
        no += 1
print(yes, no)
X
began=$SECONDS
flood=()
for user in bob carol dora; do # each has ten of a minute's twenty
	as $user env PYTHONPATH="$TREE/tests" python3 /tmp/flood.py $user >/tmp/flooded.$user 2>&1 &
	flood+=($!)
done
printf 'Subject: others\n\nnot delayed\n' | submit erin harry
check "a flood: nobody else waits" await -t 10 text /var/mail/harry 'not delayed'
wait "${flood[@]}"
cat /tmp/flooded.* >"$OUT"
read -r yes no < <(awk '{ y += $1; n += $2 } END { print y, n }' "$OUT")
# one more for every three seconds that this machine took
check "a flood: at most 20 of 1002 are taken at once" \
	test "${yes:-0}" -ge 1 -a "${yes:-0}" -le $((21 + (SECONDS - began) / 3))
same "a flood: the rest is answered 450" 1002 $((yes + no))
check "a flood: what was taken is shown" drained 70
same "a flood: no more and no less" "$yes" "$(grep -c '^| flood' /tmp/screen.alice2)"
leave alice2

# Who may; one word for all.
stop_agent
config <<-'X'
	terminal-senders root
X
start_agent
check "alice once more" session alice3 alice
same "senders root: bob may not SEND" "550 5.7.1 you may not write to that user's terminal" "$(rcpt SEND alice)"
same "senders root: SOML is mail" "250 2.1.5 not to the terminal, will do mail" "$(rcpt SOML alice)"
say send alice 'from root' root
check "senders root: root may" await text /tmp/screen.alice3 '| from root'
stop_agent
echo 'terminal off' | config
start_agent
printf 'EHLO x\r\nSEND FROM:<bob>\r\nQUIT\r\n' | as bob /usr/sbin/sendmail -bs >"$OUT"
said "terminal off: 502" '^502 '
refute "terminal off: not in EHLO" grep -q -E '^250.(SEND|SOML|SAML)' "$OUT"
finish
