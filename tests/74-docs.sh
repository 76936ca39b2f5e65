#!/bin/bash
# What doc/logs, doc/fleet and doc/containers say works as printed.
. "$(dirname "$0")/lib.sh"
DOC=$TREE/doc

printed() { # FILE PATTERN: the lines of commands that fit
	sed -n 's/^    //p' "$DOC/$1" | grep -E -e "$2"
}

# fleet: each block of settings is one that is valid.
awk '/^    (relay|sender|local|route)/ { on = 1; n += !was } on && /^    / { print >"/tmp/fleet." n; was = 1 } !/^    / { on = was = 0 }' "$DOC/fleet"
same "doc/fleet has four settings" 4 "$(ls /tmp/fleet.* | wc -l)"
for f in /tmp/fleet.*; do
	config <"$f"
	check "doc/fleet: $(head -n 1 "$f") is valid" deliver --check-settings
done
: >$CONF

# A message that arrives, one that fails, a stranger who wants mail relayed.
start_agent
echo x | submit alice bob
echo x | submit alice nobody-there
check "both are done with" drained
cat >/tmp/net.py <<'N'
import socket, subprocess, sys
server = socket.socket()
server.bind(("127.0.0.1", 2526))
server.listen()
caller = socket.create_connection(("127.0.0.1", 2526))
conn = server.accept()[0]
bs = subprocess.Popen(["/usr/sbin/sendmail", "-bs"], stdin=conn, stdout=conn)
conn.close()
caller.sendall(b"EHLO x\r\nMAIL FROM:<a@far.example>\r\nRCPT TO:<victim@far.example>\r\n"
               b"RCPT TO:<\"x> status=2 bs: refused peer=[192.0.2.9]\"@far.example>\r\nQUIT\r\n")
while caller.recv(4096):
    pass
sys.exit(bs.wait())
N
exits "a stranger" 0 /usr/bin/python3 /tmp/net.py
check "his line" await text $LOG 'bs: refused peer=[127.0.0.1] to=<victim@far.example> status=5.7.1'

# logs: the commands, with an id of today; journalctl has them as options only.
id=$(sed -n 's/.*: \([0-9A-Z]*\): failed to=<nobody-there.*/\1/p' $LOG | head -n 1)
check "a message has failed" test -n "$id"
while read -r line; do
	line=${line//3B19Y1RQ7P5BMZFP/$id}
	bash -c "$line" >"$OUT" 2>&1
	case $line in
	*deferred*) ;;
	*) same "it shows something: $line" 0 "$(test -s "$OUT"; echo $?)" ;;
	esac
done < <(printed logs '^grep ')
same "an id leads from the submission to the end" "queued failed bounce" \
    "$(grep ": $id: " $LOG | sed "s/.*: $id: \([a-z]*\).*/\1/" | sort -u | grep -x -e queued -e failed -e bounce | sort -r | xargs)"
for word in $(printed logs '^journalctl' | grep -o -- '-t bellman/[a-z]*' | cut -d/ -f2 | sort -u); do
	check "a part logs as bellman/$word" grep -q -r -E "\"$word\"|bellman/$word" "$TREE/deliver" "$TREE/common"
done
rule=$(printed logs '^failregex' | sed 's/^failregex = //; s/(?:/(/g; s/<HOST>/[0-9.]+/; s/\\d/[0-9]/g')
check "fail2ban's expression finds him" grep -q -E "$rule" $LOG
same "twice, and nobody else" "127.0.0.1 127.0.0.1" \
    "$(grep -o -E "$rule" $LOG | sed 's/.*peer=\[\(.*\)\] to=<$/\1/' | xargs)"
if command -v fail2ban-regex >/dev/null || unpack fail2ban; then
	sed -n 's/^    //p' "$DOC/logs" | sed -n '/^\[Definition\]/,/^journalmatch/p' >/tmp/bellman.conf
	check "so says fail2ban" sh -c "fail2ban-regex $LOG /tmp/bellman.conf | tee /dev/stderr | grep -q '2 matched'"
else
	skip "fail2ban: it could not be fetched"
fi

# containers: a root with the program and the socket alone.
ROOT=/tmp/container
export ROOT
mkdir -p $ROOT
printed containers '^(mkdir|cp|touch|mount) ' >/tmp/mounts
for lib in $(ldd /usr/sbin/sendmail | grep -o '/[^ ]*'); do
	mkdir -p "$ROOT$(dirname "$lib")"
	cp -L "$lib" "$ROOT$lib"
done
exits "the commands, as printed" 0 bash -e /tmp/mounts
printf 'Subject: from a container\n\nx\n' >/tmp/message
exits "a user in it submits" 0 chroot --userspec=1002:1002 $ROOT /usr/sbin/sendmail alice </tmp/message
check "it arrives" await text /var/mail/alice 'from a container'
check "from the uid that the kernel saw" grep -q 'uid 1002' /var/mail/alice
# The same by alice, who is nobody on the machine, all of it in namespaces of hers.
install -m 755 /tmp/mounts /tmp/mounts.alice
cat >/tmp/rootless <<'X'
ROOT=/home/alice/container
export ROOT
mkdir -p $ROOT
cp -r /tmp/container/lib* /tmp/container/usr $ROOT/ 2>/dev/null
bash -e /tmp/mounts.alice || exit 99
printf 'Subject: from a rootless container\n\nx\n' | /usr/sbin/chroot $ROOT /usr/sbin/sendmail bob
X
if as alice unshare -U -r true 2>/dev/null; then
	exits "a rootless container, made as printed" 0 as alice unshare -Ur -m -n -p -f bash /tmp/rootless
	check "its mail arrives" await text /var/mail/bob 'from a rootless container'
	check "from her, whatever uid she had in there" grep -q '^From: .*alice@' /var/mail/bob
	check "by the kernel's word" grep -q 'queued uid=1001 from=<alice@' $LOG
	exits "one without any rights, in namespaces of its own" 0 unshare -r -n chroot $ROOT /usr/sbin/sendmail -f bob alice </tmp/message
else
	skip "rootless containers: no user namespaces for users here (a chroot, or forbidden)"
fi
finish
