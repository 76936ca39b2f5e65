#!/bin/bash
# Whoever cannot have the set-gid group submits by the socket: no_new_privs, a
# user namespace, nosuid, a chroot with only the socket, a spool that is
# read-only.  The caller sees no difference, and the agent knows who he is.
. "$(dirname "$0")/lib.sh"

letter() { printf 'Subject: %s\n\ntext\n' "$1"; }
SM=/usr/sbin/sendmail
chroots=yes namespaces=yes
[ -z "${WATCHED:-}" ] || { chroots="" namespaces="" && skip "valgrind is in no chroot, and has no /proc in a user namespace"; }

# arrives WHAT MAILBOX: one message; its Received line into $OUT
arrives() {
	check "$1: it arrives" await mbox "/var/mail/$2" 1
	grep -m1 -A2 '^Received:' "/var/mail/$2" >"$OUT" 2>&1
	rm -f "/var/mail/$2"
}

# without an agent: a sentence that names both ways
[ -z "$chroots" ] || {
	letter none | exits "a read-only view of the machine, no agent: 75" 75 unshare -m sh -c \
	    'mount -o bind / /mnt && mount -o remount,bind,ro /mnt &&
	     exec chroot --userspec=1001:1001 /mnt /usr/sbin/sendmail bob'
	said "with a sentence that names the socket" 'Read-only file system; and no agent answers on /run/bellman/submit'
}
letter none | exits "no agent: 77" 77 as alice setpriv --no-new-privs $SM bob
said "with a sentence that names the socket" '/run/bellman/submit'

# while the package is being installed it waits for what comes
mkdir -p /run/bellman
: >/run/bellman/installing
letter early | as alice setpriv --no-new-privs $SM bob >/tmp/early 2>&1 &
early=$!
start_agent
rm /run/bellman/installing
wait $early
same "it waits while the package is being installed" "0 " "$? $(cat /tmp/early)"
arrives early bob
check "the socket is there" await exists /run/bellman/submit

letter nnp | exits "no_new_privs: 0" 0 as alice setpriv --no-new-privs $SM bob
same "not a word" '' "$(cat "$OUT")"
arrives no_new_privs bob
said "it names alice's uid" 'uid 1001'

letter x | exits "no recipients: the same exit status" 64 as alice setpriv --no-new-privs $SM
said "and the same words" '^sendmail: no recipients'
printf 'no closed input' | exits "closed stdin: 66" 66 as alice setpriv --no-new-privs \
    sh -c 'exec /usr/sbin/sendmail bob <&-'

if [ -z "$namespaces" ]; then
	:
elif ! as alice unshare -U -r true 2>/dev/null; then
	skip "no user namespaces for users here (a chroot, or forbidden)"
else
	letter ns | exits "user namespace, as its root: 0" 0 as alice unshare -U -r $SM bob
	arrives "user namespace" bob
	said "it names alice's true uid" 'uid 1001'

	letter unmapped | exits "user namespace, unmapped: 0" 0 as alice unshare -U $SM bob
	arrives "unmapped" bob
	said "it names alice's true uid" 'uid 1001'
fi

letter nosuid | exits "nosuid: 0" 0 unshare -m sh -c \
    'mount -o bind /usr/sbin/ /usr/sbin && mount -o remount,bind,nosuid /usr/sbin &&
     exec setpriv --reuid=alice --regid=alice --init-groups /usr/sbin/sendmail bob'
arrives nosuid bob
said "it names alice's uid" 'uid 1001'

letter ro | exits "a read-only spool: 0" 0 unshare -m sh -c \
    'mount -o bind /var/spool /var/spool && mount -o remount,bind,ro /var/spool &&
     exec setpriv --reuid=alice --regid=alice --init-groups /usr/sbin/sendmail bob'
arrives "read-only" bob
letter follows | exits "as root, who follows it (-v): 0" 0 timeout 20 unshare -m sh -c \
    'mount -o bind /var/spool /var/spool && mount -o remount,bind,ro /var/spool &&
     exec /usr/sbin/sendmail -v bob'
said "he is told" '^<bob@mail.example> delivered: '
arrives "root follows it" bob
[ -z "$chroots" ] || {
	letter root | exits "all is read-only: 0" 0 unshare -m sh -c \
	    'mount --rbind / /mnt && mount -o remount,bind,ro /mnt && ! touch /mnt/x 2>/dev/null &&
	     exec chroot --userspec=1001:1001 /mnt /usr/sbin/sendmail bob'
	arrives "all is read-only" bob
}

# an administrator who wants no set-gid program at all
chmod g-s /usr/sbin/sendmail
letter plain | exits "no set-gid bit: 0" 0 submit alice bob
arrives "no set-gid bit" bob
said "it names alice's uid" 'uid 1001'
letter plain | exits "root: 0" 0 setpriv --no-new-privs $SM bob
arrives "root" bob
chmod g+s /usr/sbin/sendmail

# a chroot that has the program, what it links, and the socket; no spool
if [ -n "$chroots" ]; then
	C=/tmp/jail
	mkdir -p $C/usr/sbin $C/etc $C/run/bellman $C/dev
	cp /usr/sbin/sendmail $C/usr/sbin/
	ldd /usr/sbin/sendmail | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$C$(dirname "$lib")"
		cp "$lib" "$C$lib"
	done
	mknod -m 666 $C/dev/null c 1 3 2>/dev/null || : >$C/dev/null
	: >$C/run/bellman/submit
	mount --bind /run/bellman/submit $C/run/bellman/submit
	letter jail | exits "a chroot with the socket alone: 0" 0 \
	    chroot --userspec=1001:1001 $C /usr/sbin/sendmail bob
	arrives chroot bob
	said "it names alice's uid" 'uid 1001'
fi

letter root | exits "root without the group: 0" 0 setpriv --no-new-privs $SM bob
arrives root bob
said "it names root's uid" 'uid 0'
letter lie | BELLMAN_SUBMITTER=0 exits "who calls himself root: 0" 0 \
    setpriv --reuid=alice --regid=alice --init-groups $SM bob
arrives lie bob
said "is who he is" 'uid 1001'
letter lie | exits "behind the socket as well: 0" 0 setpriv --reuid=alice --regid=alice \
    --init-groups --no-new-privs env BELLMAN_SUBMITTER=0 $SM bob
arrives lie bob
said "is who he is" 'uid 1001'

letter to | sed '1iTo: bob' | exits "-t: 0" 0 as alice setpriv --no-new-privs $SM -t
arrives "-t" bob
letter full | as alice setpriv --no-new-privs env NAME='The Cat' $SM -fcat bob
check "NAME and -f: it arrives" await mbox /var/mail/bob 1
check "NAME goes along" grep -q 'The Cat' /var/mail/bob
check "-f as well" grep -q '^Return-Path: <cat@mail.example>' /var/mail/bob
rm -f /var/mail/bob

# ten thousand recipients are more than a packet
letter many >/tmp/many
# shellcheck disable=SC2046 # words
exits "ten thousand recipients: 0" 0 as alice setpriv --no-new-privs sh -c \
    'exec /usr/sbin/sendmail -odq $(seq -f "u%.0f@far.example" 10000) </tmp/many'
check "the agent has taken it over" await -t 20 empty $SPOOL/drop
same "they are in the envelope" 10000 "$(cat $SPOOL/queue/* | grep -a -c '^to ')"
rm -f $SPOOL/queue/*

# Uids that have no account here: a rootless container's, of a range of alice's.
in_container() { # UID COMMAND...
	local uid=$1 pid rc
	shift
	unshare -U sh -c 'echo >/tmp/inside; exec sleep 60' &
	pid=$!
	read -r _ </tmp/inside
	echo "0 100000 65536" >/proc/$pid/uid_map
	echo "0 100000 65536" >/proc/$pid/gid_map
	nsenter -U -t $pid setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"
	rc=$?
	kill $pid
	wait $pid 2>/dev/null
	return $rc
}
mkfifo -m 666 /tmp/inside
no_userns=
[ -n "$namespaces" ] || no_userns=yes
unshare -U true 2>/dev/null || { no_userns=yes && skip "no user namespaces here (a chroot, or forbidden)"; }
if [ -z "$no_userns" ]; then
	letter container | exits "a user of a container with a range of uids: 0" 0 in_container 33 $SM bob
	arrives "from a container" bob
	said "it names his uid out here" 'uid 100033'
fi
as_uid() { setpriv --reuid="$1" --regid="$1" --clear-groups --no-new-privs $SM "${@:2}"; }
letter container | exits "a uid without an account: 0" 0 as_uid 100007 bob
arrives "without an account" bob
said "it names the uid" 'uid 100007'
echo 'nameless-uids no' | config
words[100007]='has no account on this machine' words[65534]='stands for whoever the kernel cannot name'
for uid in 100007 65534; do
	letter nameless | exits "nameless-uids no: uid $uid gets 77" 77 as_uid $uid bob
	said "with a sentence" "uid $uid ${words[$uid]}, and nameless-uids is no"
	printf 'EHLO x\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n' | as_uid $uid -bs >"$OUT" 2>&1
	said "in a dialogue 550" "^550 5.7.1 nothing was queued: uid $uid ${words[$uid]}"
done
if [ -z "$no_userns" ]; then
	letter container | exits "a container's user as well" 77 in_container 33 $SM bob
	said "by his uid out here" 'uid 100033 has no account'
fi
letter set-gid | exits "by the set-gid bit as well" 77 setpriv --reuid=100007 --regid=100007 --clear-groups $SM bob
letter account | exits "who has an account is taken" 0 as_uid 1001 bob
arrives "who has an account" bob
mv /usr/bin/getent /usr/bin/getent.away
printf '#!/bin/sh\nexit 1\n' >/usr/bin/getent
chmod 755 /usr/bin/getent
letter untold | exits "while the database cannot be asked: 75" 75 as_uid 100007 bob
said "with a sentence" 'uid 100007.* cannot be told now.*try again later'
mv /usr/bin/getent.away /usr/bin/getent
cp /etc/nsswitch.conf /tmp/nsswitch.conf
echo 'passwd: files ldap' >/etc/nsswitch.conf
letter untold | exits "where a directory may know him: 75" 75 as_uid 100007 bob
said "with the same sentence" 'uid 100007.* cannot be told now.*try again later'
mv /tmp/nsswitch.conf /etc/nsswitch.conf
same "nothing of all these is queued" "" "$(find $SPOOL/drop $SPOOL/queue -type f)"
: >$CONF

# -bs by the same way
printf 'EHLO x\r\nMAIL FROM:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: bs\r\n\r\nx\r\n.\r\nQUIT\r\n' |
    exits "-bs: 0" 0 as alice setpriv --no-new-privs $SM -bs
said "its dialogue comes back" '^221'
arrives "-bs" bob

# nonsense at the socket ends with nothing made, and nobody else waits
cat >/tmp/nonsense.py <<'X'
import array, os, socket, sys
def talk(data, fds):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(15)
    s.connect("/run/bellman/submit")
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    try:
        return s.recv(10)
    except ConnectionError:
        return b""
null = os.open("/dev/null", os.O_RDWR)
memfd = os.memfd_create("x")
os.write(memfd, b"no end")
fifo = os.pipe()[0]
bad = [talk(b"2", [memfd, null, null, null]), talk(b"1", []), talk(b"1", [null]),
       talk(b"1", [null] * 4), talk(b"1", [memfd, null, null, null]), talk(b"1", [fifo, null, null, null]),
       talk(b"11", [memfd, null, null, null])]
print(bad)
sys.exit(b"\0" in bad)
X
chmod 644 /tmp/nonsense.py
check "nonsense is never taken for mail" as alice /usr/bin/python3 /tmp/nonsense.py
cat >/tmp/crowd.py <<'X'
import socket
import subprocess
import sys
held = []
for _ in range(40):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(5)
    s.connect("/run/bellman/submit")
    held.append(s)
last = held[-1].recv(1)
its = subprocess.run(["setpriv", "--no-new-privs", "/usr/sbin/sendmail", "alice"], input=b"x\n", capture_output=True)
print(last, its.returncode, flush=True)
sys.stdin.read()
raise SystemExit(last != b"\x4b" or its.returncode != 75)
X
mkfifo -m 666 /tmp/crowd.in
as bob /usr/bin/python3 /tmp/crowd.py </tmp/crowd.in >/tmp/crowd.out &
crowd=$!
exec 6>/tmp/crowd.in
check "one user is there 41 times" await -t 20 text /tmp/crowd.out "b'K' 75"
letter others | exits "others are served meanwhile" 0 as alice setpriv --no-new-privs $SM bob
arrives others bob
exec 6>&-
wait $crowd
same "he has 32 at once, the next gets 75" 0 $?

# one who takes his time keeps nobody's mail up when the queue is started again
mkfifo /tmp/hold
chmod 666 /tmp/hold
as alice setpriv --no-new-privs $SM bob </tmp/hold >/tmp/held 2>&1 &
holder=$!
exec 8>/tmp/hold
check "a slow submission has begun" await -t 10 files $SPOOL/drop 1
for how in KILL HUP; do
	if [ $how = KILL ]; then kill -KILL "$(role_pid queue)"; else kill -HUP "$AGENT"; fi
	letter $how | exits "the queue is started again ($how): mail goes on" 0 submit alice bob
	arrives "meanwhile ($how)" bob
done
printf 'Subject: slow\n\nx\n' >&8
exec 8>&-
wait $holder
same "the slow one ends well" "0 " "$? $(cat /tmp/held)"
arrives "the slow one" bob

# the caller is killed in the middle: nothing is queued on his behalf
mkfifo /tmp/slow
chmod 666 /tmp/slow
as alice setpriv --no-new-privs $SM bob </tmp/slow &
caller=$!
exec 7>/tmp/slow
printf 'Subject: half\n\n' >&7
await -t 10 files $SPOOL/drop 1
pkill -KILL -P $caller 2>/dev/null
kill -KILL $caller 2>/dev/null
wait $caller 2>/dev/null
check "the caller is killed: his file goes" await empty $SPOOL/drop
exec 7>&-
refute "and nothing arrives" test -e /var/mail/bob
check "the queue drains" drained

# an agent that is started again is waited for: few callers come twice
nnp() { as alice setpriv --no-new-privs $SM bob; }
kill -STOP "$AGENT"
letter unread | nnp >/tmp/unread 2>&1 &
caller=$!
in_line() { # within ten seconds; no file tells
	for _ in $(seq 100); do
		[ "$(grep -c /run/bellman/submit /proc/net/unix)" -lt 2 ] || return 0
		sleep 0.1
	done
	return 1
}
check "one stands in line" in_line
kill -KILL "$AGENT"
wait "$AGENT" 2>/dev/null
letter between | nnp >/tmp/between 2>&1 &
between=$!
start_agent
wait $caller
same "the agent is killed with him unheard: the next one hears him" "0 " "$? $(cat /tmp/unread)"
wait $between
same "who comes in between waits for it as well" "0 " "$? $(cat /tmp/between)"
check "both arrive, once" await mbox /var/mail/bob 2
stop_agent
letter gone | exits "none comes: 75" 75 nnp
said "with a sentence" 'no agent has come.*nothing was queued; try again later'

rm -f /var/mail/bob
# nobody at the socket: root can make files in drop/ without the group
letter root | exits "root, no agent, no_new_privs: 0" 0 setpriv --no-new-privs $SM bob
same "the file is the agent's to read" root:bellman "$(stat -c %U:%G $SPOOL/drop/* 2>/dev/null || echo root:bellman)"
arrives root bob
exits "root, -bs" 0 setpriv --no-new-privs /usr/bin/python3 - <<'X'
import subprocess, sys
p = subprocess.run(["/usr/sbin/sendmail", "-bs"], input=b"EHLO x\r\nMAIL FROM:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: spoken\r\n\r\nx\r\n.\r\nQUIT\r\n", capture_output=True)
sys.exit(b"250 2.0.0" not in p.stdout)
X
check "a pass" deliver -q
arrives spoken bob
same "nothing is put aside" 0 "$(find $SPOOL/quarantine -type f | wc -l)"
finish
