#!/bin/bash
# What a user may try who is up to no good.  Files in drop/ that sendmail would not
# have made, of one who has got hold of the group: none is read through a link or
# delivered as another's, none is in anybody's way, and the log says what became of
# it.  And peers of the control socket that say nothing, or nonsense.
. "$(dirname "$0")/lib.sh"

D=$SPOOL/drop Q=$SPOOL/quarantine
n=0
fresh() { # an id, into ID
	n=$((n + 1))
	printf -v ID '3B0000000000%04d' $n
}
# made beside drop/, for it is looked at as soon as it is there and closed
F=$SPOOL/forge
mkdir $F
hers() { # MODE <CONTENT: alice's, by an id
	fresh
	cat >$F/x
	chown alice:bellman $F/x
	chmod "$1" $F/x
	mv $F/x "$D/$ID"
}
# put_aside WHAT REASON [NAME]: it goes to quarantine/, and others' mail goes on
put_aside() {
	local name=${3:-$ID}
	check "$1: a pass" sendmail -q
	check "$1: the log says why" await text $LOG "$name: quarantine reason=\"$2"
	check "$1: it is put aside" await gone "$D/$name"
	others "$1"
}
others() { # WHAT
	n=$((n + 1))
	printf 'Subject: s\n\nfirst of m%d\nlast of m%d\n' $n $n | submit bob bob
	check "$1: others have their mail" await -t 10 text /var/mail/bob "last of m$n"
}

# What a message looks like, of root's; and one that waits in queue/.
echo 'hold yes' | config
printf 'Subject: forged\n\nof root\n' | sendmail -i alice
cp "$D"/* /srv/root.msg
cp "$D"/* /srv/waits.msg
rm "$D"/*
: | config
start_agent
cp -p /etc/shadow /srv/shadow.was
chmod u+w /etc/shadow

fresh && ln -s /etc/shadow "$D/$ID"
put_aside "a link to /etc/shadow" 'a symbolic link'
check "a link to /etc/shadow: it is a link still" test -L "$Q/$ID"
fresh && ln /etc/shadow "$D/$ID"
put_aside "another name of /etc/shadow" 'its owner or mode'
rm "$Q/$ID"
check "/etc/shadow is as it was" cmp /etc/shadow /srv/shadow.was
same "and has its owner and mode" "$(stat -c '%u %g %a' /srv/shadow.was)" "$(stat -c '%u %g %a' /etc/shadow)"

echo 'local command exit 75' | config
stop_agent
start_agent
printf 'Subject: waits\n\nonce\n' | submit bob alice
check "one that waits" await text $LOG 'deferred to=<alice@'
waits=$(basename "$(ls -d $SPOOL/queue/3*)")
fresh && ln -s "../queue/$waits" "$D/$ID"
check "a link to it: a pass" sendmail -q
check "a link to it: put aside" await gone "$D/$ID"
fresh && ln "$SPOOL/queue/$waits" "$D/$ID"
check "another name of it: a pass" sendmail -q
check "another name of it: put aside" await gone "$D/$ID"
: | config
stop_agent
start_agent
check "it is tried again" sendmail -q
check "and comes" await mbox /var/mail/alice 1
check "drained" drained
same "once" 1 "$(grep -c '^once$' /var/mail/alice)"
rm -f /var/mail/alice

fresh && mkfifo -m 660 "$D/$ID" && chown alice:bellman "$D/$ID"
put_aside FIFO 'no regular file'
fresh && mknod -m 660 "$D/$ID" c 1 5 && chown alice:bellman "$D/$ID" # /dev/zero
put_aside device 'no regular file'
fresh && /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$D/$ID" && chown alice:bellman "$D/$ID"
put_aside socket 'a socket'
fresh && mkdir -m 770 "$D/$ID" && touch "$D/$ID/x" && chown -R alice:bellman "$D/$ID"
put_aside directory 'no regular file'
fresh && mkdir -m 700 "$D/$ID" && chown alice:alice "$D/$ID"
check "a closed directory: a pass" sendmail -q
check "a closed directory: the log says so" await text $LOG "$ID: error what=\"it is no message (its owner or mode"
others "a closed directory"
rmdir "$D/$ID"

hers 0666 </srv/root.msg
put_aside "mode 0666" 'neither complete nor incomplete'
hers 04755 </srv/root.msg
put_aside "mode 04755" 'neither complete nor incomplete'
same "mode 04755: nobody runs it" 4755 "$(stat -c %a "$Q/$ID")"
hers 0600 </srv/root.msg
put_aside "mode 0600" 'its owner or mode'
for name in no-id $'new\nline' "$(printf 'x%.0s' {1..255})" $'\e[31m' .hidden; do
	: >"$F/$name"
	chown alice:bellman "$F/$name"
	chmod 660 "$F/$name"
	mv "$F/$name" "$D/$name"
done
check "names that are no ids: a pass" sendmail -q
check "names that are no ids: put aside" await -t 10 gone "$D/no-id"
same "all but the hidden one" .hidden "$(ls -A $D)"
rm "$D/.hidden"
check "a newline is not in the log" grep -q ' new.*line: quarantine reason="no queue id"' $LOG
refute "nor an escape" grep -q $'\e' $LOG
others "names that are no ids"

hers 0660 </dev/null
put_aside empty ''
head -c 3000 /dev/urandom >/srv/nonsense
hers 0660 </srv/nonsense
put_aside nonsense ''
hers 0660 </dev/null
truncate -s 10G "$D/$ID"
put_aside "10 GiB of nothing" ''
# a true head, and 10 GiB behind it that it counts
sed "1s/body 0*[0-9]* /body 0010737418240 /" /srv/root.msg >/srv/large
hers 0660 </srv/large
truncate -s 11G "$D/$ID"
put_aside "10 GiB behind a true head" ''
sed 's/of root/of toor/' /srv/root.msg >/srv/changed
hers 0660 </srv/changed
put_aside "a text that was changed" ''

# Whose it is says the file, not what stands in it.
: >$LOG
hers 0660 </srv/root.msg
check "root's words in alice's file: a pass" sendmail -q
check "root's words in alice's file: are alice's" await text $LOG "$ID: queued uid=1001"
check "it comes" await mbox /var/mail/alice 1
refute "and nothing of root's" grep -q "$ID: .*uid=0" $LOG
others "root's words in alice's file"

# A lock that is held for ever.
install -o alice -g bellman -m 660 /srv/root.msg $F/held
flock -o $F/held sleep 600 &
holder=$!
for _ in {1..100}; do flock -n $F/held true || break; done
fresh
mv $F/held "$D/$ID"
check "a lock is held: a pass" sendmail -q
others "a lock is held"
check "a lock is held: the file is left alone" test -e "$D/$ID"
stop_agent
start_agent
others "a lock is held, a new agent"
pkill -P $holder sleep
wait $holder 2>/dev/null
check "the lock is gone: the next pass" sendmail -q
check "takes it" await mbox /var/mail/alice 2
check "drained" drained
# peers MANY WHAT [UIDS]: as many hold a connection each until they are ended, and
# say WHAT; from each of the uids
cat >/tmp/peers.py <<'X'
import os, socket, sys, time
many, what, uids = int(sys.argv[1]), sys.argv[2].encode().decode("unicode_escape").encode("latin1"), sys.argv[3:]
for uid in uids:
    if os.fork() == 0:
        os.setgroups([])
        os.setresgid(int(uid), int(uid), int(uid))
        os.setresuid(int(uid), int(uid), int(uid))
        break
else:
    if uids:
        time.sleep(600)
held = []
for n in range(many):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect("/run/bellman/control")
    held.append(s)
    try:
        if what:
            s.send(what)
    except OSError:
        pass
open("/tmp/peers.%d" % os.getpid(), "w")
time.sleep(600)
X
peers() { # UIDS-THAT-ARE-THERE MANY WHAT [UIDS...]
	local there=$1
	shift
	rm -f /tmp/peers.[0-9]*
	/usr/bin/python3 /tmp/peers.py "$@" &
	PEERS=$!
	for _ in {1..100}; do
		[ "$(ls /tmp/peers.[0-9]* 2>/dev/null | wc -l)" -lt "$there" ] || return 0
		sleep 0.1
	done
	return 1
}
gone() {
	pkill -P $PEERS 2>/dev/null
	kill $PEERS
	wait $PEERS 2>/dev/null
}
answers() { # WHAT: to bob, and to root
	local began=$SECONDS
	exits "$1: mailq answers bob" 0 timeout 10 setpriv --reuid=bob --regid=bob --init-groups mailq
	exits "$1: and root" 0 timeout 10 sendmail -q
	printf 'EHLO x\nVRFY bob\nQUIT\n' | timeout 10 setpriv --reuid=bob --regid=bob --init-groups sendmail -bs >"$OUT" 2>&1
	said "$1: a dialogue asks" '^250 .*bob@'
	check "$1: at once" test $((SECONDS - began)) -lt $((5 * ${AWAIT_TIMES:-1}))
}
alices=$(id -u alice)
check "40 that say nothing" peers 1 40 '' $alices
answers "40 that say nothing"
exits "alice herself has to wait" 75 as alice mailq
said "which she is told" 'too many ask at once'
gone
check "half a request" peers 1 8 'mail' $alices
answers "half a request"
gone
check "nonsense" peers 1 40 '\\0\\xff\\x1b[2J mailq\\n' $alices
answers "nonsense"
gone
check "a line without end" peers 1 8 "$(printf 'x%.0s' {1..100000})" $alices
answers "a line without end"
gone
# all of her container's users are alice
echo 'alice:100000:65536' >/etc/subuid
check "100 of her subordinate uids" peers 100 8 '' $(seq 100000 100099)
answers "100 of her subordinate uids"
gone
# of users enough to take all places
check "12 users" peers 12 8 '' $(seq 3001 3012)
exits "12 users: root is answered all the same" 0 timeout 10 sendmail -q
gone
echo 'hold yes' | config
stop_agent
start_agent
many=$(awk 'BEGIN { for (n = 0; n < 3000; n++) print "MAIL FROM:<>\nRCPT TO:<bob>\nDATA\n\nx\n." }')
printf 'EHLO x\n%s\nQUIT\n' "$many" | submit alice -bs >/dev/null
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(role_pid queue)/status"; }
check "3000 that wait" await -t 30 files $SPOOL/queue 3000
before=$(memory)
check "who does not read a long answer" peers 1 8 'mailq\\n' $alices
answers "who does not read a long answer"
if [ -n "${WATCHED:-}" ]; then
	skip "what of a long answer is kept: most of the memory is memcheck's"
else
	check "who does not read a long answer: it is not all kept ($(($(memory) - before)) KiB)" test $(($(memory) - before)) -lt 8000
fi
gone
rm -f $SPOOL/queue/* $D/*
: | config
stop_agent
start_agent

same "and no mail of others is lost or doubled" "" "$(awk '/^last of /{n[$3]++} END {for (m in n) if (n[m] != 1) print m}' /var/mail/bob)"
finish
