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

# Root's mail is never given to a command that runs as root.
: >$LOG
rm -f /root/about
start_agent
post root 'for root'
check "root's mail goes to his mailbox" await mbox /var/mail/root 1
refute "and no command runs as root" test -e /root/about
stop_agent
finish
