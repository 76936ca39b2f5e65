#!/bin/bash
# doc/fleet with three hosts, each in namespaces of its own: this one, and two
# with Postfix, which a relay group finds by MX and by SRV.  One of them dies in
# the middle; then the queue of this one is handed over.
. "$(dirname "$0")/lib.sh"

command -v ip >/dev/null || { skip "no ip(8)"; finish; }
unpack postfix || { skip "Postfix: it could not be fetched"; finish; }
getent passwd postfix >/dev/null || useradd -r -U -d /var/spool/postfix -s /usr/sbin/nologin postfix
getent group postdrop >/dev/null || groupadd -r postdrop
ip link add probe type veth peer name probe2 2>"$OUT" || {
	skip "no veth here: $(head -n 1 "$OUT")"
	finish
}
ip link del probe
BOX=/tmp/boxes
mkdir -m 755 $BOX
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
sed -i 's/^\([a-z]* *\(inet\|unix\|fifo\) *[-yn] *[-yn] *\)y/\1n/' /etc/postfix/master.cf

# host N: a machine with its own network, name, and folders of Postfix.
declare -A HOLDER
at() { # N COMMAND...
	local n=$1
	shift
	nsenter -t "${HOLDER[$n]}" -m -n -u -r -w "$@" # in a chroot, -m alone leads out of it
}
host() {
	local n=$1 dir
	unshare -m -n -u sleep 600 &
	HOLDER[$n]=$!
	await -t 10 text /proc/$!/comm sleep
	ip link add to$n type veth peer name eth0 netns "${HOLDER[$n]}"
	ip addr add 10.75.$n.1/24 dev to$n
	ip link set to$n up
	at $n ip addr add 10.75.$n.2/24 dev eth0
	at $n ip link set eth0 up
	at $n ip link set lo up
	at $n hostname mx$n.corp.example
	mkdir -p $BOX/$n/new
	chown -R bob: $BOX/$n
	for dir in /etc/postfix /var/spool/postfix /var/lib/postfix; do
		mkdir -p /tmp/host$n$dir
		cp -a $dir/. /tmp/host$n$dir/
		at $n mount --bind /tmp/host$n$dir $dir
	done
	at $n chown postfix: /var/lib/postfix
	cat >/tmp/host$n/etc/postfix/main.cf <<-M
		compatibility_level = 3.6
		myhostname = mx$n.corp.example
		mydestination =
		inet_interfaces = all
		inet_protocols = ipv4
		virtual_mailbox_domains = users.example
		virtual_mailbox_base = $BOX
		virtual_mailbox_maps = static:$n/
		virtual_uid_maps = static:1002
		virtual_gid_maps = static:1002
		virtual_minimum_uid = 100
		smtpd_recipient_restrictions = reject_unauth_destination
		smtpd_relay_restrictions =
		default_transport = retry: no way out of here
		maillog_file = /var/log/postfix$n.log
	M
	at $n /usr/sbin/postfix start >/tmp/start$n 2>&1 &
}
host 1
host 2

# Who knows them: MX and SRV of the cluster.
cat >/tmp/named.py <<'N'
import socket, struct
def name(n):
    return b"".join(bytes([len(p)]) + p.encode() for p in n.split(".")) + b"\0"
def mx(pref, n):
    return 15, struct.pack("!H", pref) + name(n)
def srv(pref, n):
    return 33, struct.pack("!HHH", pref, 0, 25) + name(n)
zone = {
    "cluster.corp.example": [mx(10, "mx1.corp.example"), mx(20, "mx2.corp.example")],
    "_submission._tcp.corp.example": [srv(10, "mx1.corp.example"), srv(20, "mx2.corp.example")],
    "mx1.corp.example": [(1, bytes([10, 75, 1, 2]))],
    "mx2.corp.example": [(1, bytes([10, 75, 2, 2]))],
}
zone = {name(k): v for k, v in zone.items()}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
open("/tmp/named.ready", "w").close()
while True:
    asked, who = s.recvfrom(4096)
    end = asked.index(b"\0", 12) + 1
    kind = struct.unpack("!H", asked[end:end + 2])[0]
    known = zone.get(asked[12:end].lower())
    found = [d for k, d in known or [] if k == kind]
    more = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(d)) + d for d in found)
    s.sendto(asked[:2] + (b"\x81\x80" if known else b"\x81\x83") + struct.pack("!HHHH", 1, len(found), 0, 0) +
             asked[12:end + 4] + more, who)
N
/usr/bin/python3 /tmp/named.py &
named=$!
await exists /tmp/named.ready

for n in 1 2; do
	await -t 120 text /var/log/postfix$n.log 'daemon started' || cat /tmp/start$n
done

numbers() { # FOLDER...: of the messages that are there, sorted
	find "$@" -type f -exec sed -n 's/^Subject: number //p' {} + | sort -n
}
many() { # FROM TO
	awk -v from="$1" -v to="$2" 'BEGIN {
		print "EHLO x"
		for (n = from; n <= to; n++)
			printf "MAIL FROM:<s%d@web1.example>\nRCPT TO:<u%d@users.example>\nDATA\nSubject: number %d\n\nx\n.\n", n, n, n
		print "QUIT"
	}' | /usr/sbin/sendmail -bs >/dev/null
}

# The settings of doc/fleet, but for TLS.
{
	sed -n 's/^    \(relay main { mx cluster.corp.example\) }/\1 ; tls never }/p' "$TREE/doc/fleet"
	echo 'local-domains localhost'
	echo 'retry 1m'
} | config
same "doc/fleet has the group by MX" 1 "$(grep -c '^relay main { mx cluster' $CONF)"
start_agent
many 1 5
check "five go" drained 30
check "all to the first by preference" await -t 20 files $BOX/1/new 5
same "none to the second" 0 "$(numbers $BOX/2 | wc -l)"

# The first dies while it takes mail: the second has the rest.
many 6 150 &
many=$!
await -t 30 files $BOX/1/new 8
master=$(tr -d ' ' </tmp/host1/var/spool/postfix/pid/master.pid)
# All of it: one that had just been started would hold its callers.
inhabitants() { # N: who runs on that host, but for its holder
	local p net
	net=$(readlink "/proc/${HOLDER[$1]}/ns/net")
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/ns/net" 2>/dev/null)" = "$net" ] &&
			[ "${p#/proc/}" != "${HOLDER[$1]}" ] && echo "${p#/proc/}"
	done
}
for ((i = 0; i < 20; i++)); do
	pids=$(inhabitants 1)
	[ -n "$pids" ] || break
	# shellcheck disable=SC2086 # numbers
	kill -KILL $pids 2>/dev/null
done
check "it is dead" await -t 10 dead "$master"
wait $many
many 151 170
check "the rest is tried again" sh -c 'n=0; while [ $n -lt 20 ]; do
	/usr/sbin/sendmail -q; '"$O"'/tests/await -t 2 empty '"$SPOOL/drop $SPOOL/queue"' && exit; n=$((n + 1)); done; exit 1'
late() { [ "$(numbers $BOX/2 | awk '$1 > 150' | wc -l)" = 20 ]; }
for ((i = 0; i < 80; i++)); do late && break; sleep 0.25; done
same "the second has all that came later" 20 "$(numbers $BOX/2 | awk '$1 > 150' | wc -l)"
# What the first has said 250 to is in its own queue: it is not lost with it.
at 1 rm -f /var/spool/postfix/pid/master.pid
at 1 /usr/sbin/postfix start >"$OUT" 2>&1
has_all() { [ "$(numbers $BOX | uniq | xargs)" = "$(seq 170 | xargs)" ]; }
for ((i = 0; i < 40; i++)); do has_all && break; at 1 /usr/sbin/postqueue -f; sleep 0.25; done
same "none is lost" "$(seq 170 | xargs)" "$(numbers $BOX | uniq | xargs)"
check "and what is there twice was on its way when the first died" \
    test "$(numbers $BOX | uniq -d | wc -l)" -le 40
refute "nobody is told of a failure" grep -q -e ' bounce id=' -e ': failed ' $LOG
stop_agent

# This machine goes: its queue to the cluster, by SRV, whose first host is away.
for pid in $(tr -d ' ' </tmp/host1/var/spool/postfix/pid/master.pid); do
	kill -TERM "$pid"
	await -t 20 dead "$pid"
done
rm -f $BOX/*/new/*
{
	echo 'relay cluster { srv corp.example ; tls never }'
	printf 'sender *@* <alerts@web1.example>\nhold yes\ngive-up 1h\n'
} | config
printf 'Subject: number 1\n\nx\n' | submit alice -f sender@users.example -N success -R hdrs -V fleet75 one@users.example 2>/dev/null
printf 'Subject: number 2\n\nx\n' | submit bob -f sender@users.example -N never two@users.example 2>/dev/null
received=$(grep -a -A3 '^Received:' $SPOOL/drop/* | grep -a -o '[A-Z][a-z][a-z], .*' | head -n 1)
exits "handed over" 0 deliver --handoff cluster
said "all of it" '2 of 2 messages are gone'
check "nothing is left" drained 1
check "the second has both, and the report that one asked for" await -t 20 files $BOX/2/new 3
report=$(grep -l '^Original-Envelope-Id: fleet75' $BOX/2/new/*)
check "with the identifier, to the sender" grep -q '^Delivered-To: sender@users.example\|^X-Original-To: sender@users.example' "$report"
refute "no headers of more than was asked for" grep -q '^x$' "$report"
same "one report alone" 1 "$(grep -l '^Action: ' $BOX/2/new/* | wc -l)"
same "the sender is kept" 2 "$(head -q -n 1 $BOX/2/new/* | grep -c '^Return-Path: <sender@users.example>')"
check "and the time when it was sent" grep -q -F -e "$received" $BOX/2/new/*
for n in 1 2; do
	at $n /usr/sbin/postfix stop >/dev/null 2>&1
	kill "${HOLDER[$n]}"
done
kill $named
finish
