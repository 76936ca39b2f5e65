#!/bin/bash
# Commands that take mail, and files it is written to: as whom, with what, and
# what an exit status means.
. "$(dirname "$0")/lib.sh"

groupadd extra
usermod -a -G extra bob
cat >/usr/local/bin/take <<'X'
#!/bin/sh
case $EXTENSION in
[0-9]*) echo "a word on the way: $EXTENSION"; exit "$EXTENSION" ;;
slow) sleep 1000 & wait ;;
reply) printf 'Subject: re\n\nfrom the command\n' | /usr/sbin/sendmail -i alice || exit 70 ;;
stays) sleep 1000 & ;;
esac
{ echo "uid $(id -u) groups $(id -G) pwd $PWD"; env; } >"$HOME/about"
cat >>"$HOME/got"
X
chmod 755 /usr/local/bin/take
printf 'local command take\ncommand-time 2s\n' | config
start_agent
post() { # ADDRESS TEXT
	printf 'Subject: s\n\n%s\n' "$2" | submit alice -i "$1"
}

post bob 'the first text'
check "local command: the message is taken" await text /home/bob/got 'the first text'
check "the spool is empty" drained
same "as bob, with his groups and no other" "uid 1002 groups 1002 $(getent group extra | cut -d: -f3) pwd /home/bob" "$(grep ^uid /home/bob/about)"
same "a small environment" "EXTENSION HOME LOGNAME PATH PWD RECIPIENT SENDER SHELL USER" \
    "$(sed -n 's/^\([A-Z_]*\)=.*/\1/p' /home/bob/about | grep -v -E '^(OLDPWD|SHLVL|_)$' | sort | tr '\n' ' ' | sed 's/ $//')"
check "the sender is told" grep -q -x 'SENDER=alice@mail.example' /home/bob/about
check "Return-Path leads" sh -c 'head -n 1 /home/bob/got | grep -q -x "Return-Path: <alice@mail.example>"'
refute "no From_ line" grep -q '^From ' /home/bob/got
refute "no mailbox" test -s /var/mail/bob

post bob+tag 'with a detail'
check "the detail is in EXTENSION" await text /home/bob/about EXTENSION=tag
check "the spool is empty" drained

: >$LOG
post bob+67 x
check "status 67 fails for good" await text $LOG 'failed to=<bob+67@mail.example> status=5.1.1'
check "with what the command said" grep -q 'a word on the way: 67' $LOG
check "the sender's report comes by his own command" await text /home/alice/got 'a word on the way: 67'
check "the spool is empty" drained

post bob+75 x
check "status 75 waits" await text $LOG 'deferred to=<bob+75@mail.example> status=4.3.0'
check "in the queue" await files $SPOOL/queue 1
post bob+slow x
check "one that does not end is killed, and waits" await -t 30 text $LOG 'did not end within 2 s'
refute "with all it began" pgrep -u bob sleep
rm -f $SPOOL/queue/*

post bob+reply x
check "a command may send mail" await text /home/alice/got 'from the command'
check "as bob" grep -q 'Return-Path: <bob@mail.example>' /home/alice/got

post bob+stays x
check "a process left behind" await text /home/bob/about EXTENSION=stays
check "keeps nothing" drained
stop_agent
check "and does not hold up the next agent" start_agent
pkill -u bob sleep
stop_agent

# From /etc/aliases a command runs as the command user, who is nobody; a file is
# written as him.
cat >/usr/local/bin/note <<'X'
#!/bin/sh
{ echo "note $1 uid $(id -u) groups $(id -G)"; cat; } >>"$2"
X
chmod 755 /usr/local/bin/note
install -d -o nobody -g nogroup /srv/nobody
install -d -o alice -g alice /srv/alice
cat >/etc/aliases <<'X'
postmaster: root
noted: "|/usr/local/bin/note 'a list' /srv/nobody/noted"
filed: /srv/nobody/filed
gone: /dev/null
foreign: /srv/alice/filed
asroot: "|/usr/local/bin/note x /tmp/asroot"
X
newaliases >/dev/null
: >"$CONF"
start_agent
post noted 'by an alias'
check "aliases: a command" await text /srv/nobody/noted 'by an alias'
check "runs as nobody" grep -q -x 'note a list uid 65534 groups 65534' /srv/nobody/noted
check "and is told for whom" grep -q -x 'Delivered-To: noted@mail.example' /srv/nobody/noted
post filed 'into a file'
check "aliases: a file" await text /srv/nobody/filed 'into a file'
same "is made for its owner alone" "nobody 600" "$(stat -c '%U %a' /srv/nobody/filed)"
check "the spool is empty" drained
post filed 'From the second'
check "the next" drained
same "is appended as an mbox" 2 "$(messages /srv/nobody/filed)"
check "with its From quoted" grep -q -x '>From the second' /srv/nobody/filed
post gone 'into nothing'
check "/dev/null takes all" drained
refute "and stays a device" test -f /dev/null
: >$LOG
post foreign 'not his'
check "a file that the command user may not make: it waits" await text $LOG 'deferred to=</srv/alice/filed>'
refute "nothing is made" test -e /srv/alice/filed
rm -f $SPOOL/queue/*

# Its process looks in what root has written, be that for few eyes only; and a
# list of a user's is his word.
chgrp bellman /etc/aliases
chmod 640 /etc/aliases
post noted 'by private aliases'
check "aliases that only bellman may read: a command" await text /srv/nobody/noted 'by private aliases'
install -d -m 755 /srv/lists
echo "\"|/usr/local/bin/note 'the list' /srv/alice/noted\"" >/srv/lists/hers
chown alice: /srv/lists/hers
echo 'hers: :include:/srv/lists/hers' >>/etc/aliases
post hers 'by her list'
check "a list of alice's in aliases" await text /srv/alice/noted 'by her list'
check "runs as her" grep -q '^note the list uid 1001' /srv/alice/noted
echo '"|/usr/local/bin/note root /srv/nobody/forwarded", /srv/alice/rootmail' >/root/.forward
chmod 600 /root/.forward
install -o alice -g alice -m 600 /dev/null /srv/alice/rootmail
post root 'by the .forward of root'
check "root's .forward: a command" await text /srv/nobody/forwarded 'by the .forward of root'
check "runs as nobody" grep -q '^note root uid 65534' /srv/nobody/forwarded
check "a file that is alice's" await text /srv/alice/rootmail 'by the .forward of root'
check "the spool is empty" drained
rm -f /root/.forward
stop_agent
printf 'command-user root\n' | config
exits "command-user root is no setting" 78 deliver --check
: >"$CONF"

# From a .forward they are the user's own.
start_agent
cat >/home/bob/.forward <<'X'
"|/usr/local/bin/note bob /home/bob/noted"
/home/bob/archive
\bob
X
chown bob:bob /home/bob/.forward
post bob 'to three places'
check ".forward: the spool is empty" drained
check "a command" grep -q 'to three places' /home/bob/noted
check "runs as bob, with his groups" grep -q -x "note bob uid 1002 groups 1002 $(getent group extra | cut -d: -f3)" /home/bob/noted
check "a file" grep -q 'to three places' /home/bob/archive
same "is bob's alone" "bob bob 600" "$(stat -c '%U %G %a' /home/bob/archive)"
same "and the mailbox, once" 1 "$(grep -c 'to three places' /var/mail/bob)"

# What leads elsewhere is not written to, and one that fails keeps no other.
ln -sf /home/alice/precious /home/bob/link
echo precious >/home/alice/precious
chmod 666 /home/alice/precious
mkfifo -m 666 /home/bob/fifo
: >$LOG
printf '/home/bob/link\n/home/bob/fifo\n/home/alice/precious\n/home/bob/archive\n' >/home/bob/.forward
post bob 'where to'
check "a link is refused" await text $LOG '/home/bob/link is a symbolic link'
check "a FIFO" await text $LOG '/home/bob/fifo is no regular file'
check "a file of another" await text $LOG '/home/alice/precious belongs to another user'
check "the other file has it" await text /home/bob/archive 'where to'
same "alice's is as it was" precious "$(cat /home/alice/precious)"
rm -f $SPOOL/queue/* /home/bob/.forward

# An account that cannot log in runs nothing by writing a file.
useradd -m -u 1003 -s /usr/sbin/nologin carol
echo '|touch /tmp/carol' >/home/carol/.forward
chown carol:carol /home/carol/.forward
: >$LOG
post carol 'x'
check "without a login shell: no command" await text $LOG 'has no login shell'
refute "it did not run" test -e /tmp/carol
rm -f /home/carol/.forward
# Root's .forward: its command is the command user's, its address is a list.
stop_agent
config </dev/null
start_agent
printf '"|/usr/local/bin/note root /tmp/roots"\n:include:/etc/bellman/more\n' >/root/.forward
printf '"|/usr/local/bin/note more /tmp/more"\n' >/etc/bellman/more
rm -f /tmp/roots /tmp/more
post root 'for root, by command'
check "root's .forward: the spool is empty" drained
check "its command runs as the command user" grep -q "note root uid $(id -u nobody)" /tmp/roots
check "and that of a list of root's" grep -q "note more uid $(id -u nobody)" /tmp/more
: >$LOG
printf '"|/usr/local/bin/note more /tmp/more; exit 75"\n' >/etc/bellman/more
post root 'waits for it'
check "one that fails for now waits" await text $LOG 'deferred to=<|/usr/local/bin/note more /tmp/more; exit 75>'
# The other command of it may be under way still, and -q leaves what is.
check "when the other has ended" await text $SPOOL/queue/* ' defer '
echo '\root' >/root/.forward
rm -f /etc/bellman/more /tmp/more
sendmail -q
check "what is named no longer is not run" drained
refute "it was not" test -e /tmp/more
check "the mailbox has it, by the new word" grep -q 'waits for it' /var/mail/root
rm -f /root/.forward

stop_agent
printf 'local command take\n' | config

# Root's mail is never given to a command that runs as root.
: >$LOG
rm -f /root/about
start_agent
post root 'for root'
check "root's mail goes to his mailbox" await mbox /var/mail/root 1
refute "and no command runs as root" test -e /root/about
stop_agent
finish
