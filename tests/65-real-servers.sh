#!/bin/bash
# What other mail systems receive from us, octet by octet: Postfix, OpenSMTPD,
# Exim and aiosmtpd, each with what it offers.
. "$(dirname "$0")/lib.sh"

MAIL=/tmp/boxes # what each of them has stored
mkdir -m 755 $MAIL
daemon_user() { # NAME HOME
	getent passwd "$1" >/dev/null || useradd -r -U -d "$2" -s /usr/sbin/nologin "$1"
}

# --- the messages ---
T=/tmp/texts
mkdir $T
printf '.\n..\n.a\n\nFrom me\n.\n' >$T/dots
printf 'Gr\303\274\303\237e aus K\303\266ln\n\342\202\254 5\n' >$T/eight
head -c 2000 /dev/zero | tr '\0' x >$T/long
printf '\nand a short one\n' >>$T/long
i=0
while [ $i -lt 6000 ]; do
	echo "$i: the quick brown fox jumps over the lazy dog"
	echo ".$i"
	i=$((i + 1))
done >$T/large # several chunks
printf '%s\n' '' '' last '' >$T/blank
TEXTS='dots eight long large blank'

send() { # DOMAIN: all of them; each names itself in its subject
	local text
	for text in $TEXTS; do
		{
			printf 'Subject: %s\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n' $text
			cat $T/$text
		} | submit alice -i -N success,delay -R hdrs -V "$text+2B1" "bob@$1" || return 1
	done
}

# The body of the message of that name, decoded: it may have been made legal.
body() { # FOLDER TEXT
	/usr/bin/python3 - "$1" "$2" <<'X'
import email, glob, os, sys
for path in glob.glob(sys.argv[1] + "/**", recursive=True):
    if os.path.isfile(path) and "/tmp/" not in path[len(sys.argv[1]):]:
        m = email.message_from_binary_file(open(path, "rb"))
        if m["Subject"] == sys.argv[2]:
            data = m.get_payload(decode=True).replace(b"\r\n", b"\n")
            sys.stdout.buffer.write(data)
X
}

compare() { # NAME FOLDER
	local text
	for text in $TEXTS; do
		body "$2" $text >/tmp/got
		check "$1: $text came octet by octet" cmp $T/$text /tmp/got
	done
}

# Ours: one relay at a time.
through() { # NAME PORT FOLDER
	relay "$2" | config
	start_agent
	check "$1: five are handed over" send "$1.example"
	check "$1 takes them" drained 30
	await -t 20 files "$3" 5 || await -t 20 files "$3/new" 5
	stop_agent
	compare "$1" "$3"
}

# --- Postfix ---
postfix_up() {
	unpack postfix || return 1
	daemon_user postfix /var/spool/postfix
	getent group postdrop >/dev/null || groupadd -r postdrop
	cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
	sed -i 's/^smtp  *inet.*/127.0.0.1:2601 inet n - n - - smtpd/; s/^\([a-z]* *\(unix\|fifo\) *[-yn] *[-yn] *\)y/\1n/' /etc/postfix/master.cf
	cat >/etc/postfix/main.cf <<-X
		compatibility_level = 3.6
		myhostname = postfix.example
		mydestination =
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		virtual_mailbox_domains = postfix.example
		virtual_mailbox_base = $MAIL
		virtual_mailbox_maps = static:postfix/
		virtual_uid_maps = static:1002
		virtual_gid_maps = static:1002
		virtual_minimum_uid = 100
		smtpd_recipient_restrictions = reject_unauth_destination
		smtpd_relay_restrictions =
		default_transport = retry: no way out of here
		maillog_file = /var/log/postfix.log
	X
	mkdir -p $MAIL/postfix
	chown postfix: /var/lib/postfix
	chown bob: $MAIL/postfix
	/usr/sbin/postfix start >/tmp/postfix.out 2>&1 || cat /tmp/postfix.out
	await -t 20 port 2601
}

# --- OpenSMTPD ---
opensmtpd_up() {
	unpack opensmtpd || return 1
	daemon_user opensmtpd /var/empty
	daemon_user opensmtpq /var/empty
	install -d -m 755 /var/empty
	install -d -m 711 /var/spool/smtpd
	cat >/tmp/smtpd.conf <<-X
		listen on 127.0.0.1 port 2602 hostname opensmtpd.example
		action box maildir "$MAIL/opensmtpd"
		match from any for domain opensmtpd.example action box
	X
	mkdir -p $MAIL/opensmtpd
	chown bob: $MAIL/opensmtpd
	/usr/sbin/smtpd -d -f /tmp/smtpd.conf >/tmp/opensmtpd.out 2>&1 &
	await -t 20 port 2602 || cat /tmp/opensmtpd.out
}

# --- Exim ---
exim_up() {
	unpack exim || return 1
	daemon_user Debian-exim /var/spool/exim4
	install -d -m 750 /var/spool/exim4 /var/log/exim4
	chown Debian-exim: /var/spool/exim4 /var/log/exim4
	mkdir -p /etc/exim4 $MAIL/exim
	chown bob: $MAIL/exim
	cat >/etc/exim4/exim4.conf <<-X
		primary_hostname = exim.example
		domainlist local_domains = exim.example
		acl_smtp_rcpt = here
		chunking_advertise_hosts = *
		dsn_advertise_hosts = *
		spool_directory = /var/spool/exim4
		begin acl
		here:
		  accept domains = +local_domains
		  deny
		begin routers
		all:
		  driver = accept
		  domains = +local_domains
		  transport = box
		reports:
		  driver = redirect
		  data = :blackhole:
		begin transports
		box:
		  driver = appendfile
		  user = bob
		  maildir_format
		  directory = $MAIL/exim
	X
	chmod 644 /etc/exim4/exim4.conf
	/usr/sbin/exim4 -bdf -q1h -oX 127.0.0.1.2603 >/tmp/exim.out 2>&1 &
	await -t 20 port 2603 || cat /tmp/exim.out
}

# --- aiosmtpd ---
aiosmtpd_up() {
	/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || return 1
	mkdir -p $MAIL/aiosmtpd
	cat >/tmp/keeper.py <<-'X'
		import asyncio, itertools
		from aiosmtpd.smtp import SMTP
		number = itertools.count()
		class Keep:
		    async def handle_DATA(self, server, session, envelope):
		        with open("/tmp/boxes/aiosmtpd/%d" % next(number), "wb") as f:
		            f.write(envelope.content)
		        return "250 2.0.0 kept"
		async def main():
		    loop = asyncio.get_running_loop()
		    await loop.create_server(
		        lambda: SMTP(Keep(), enable_SMTPUTF8=True, decode_data=False),
		        "127.0.0.1", 2604)
		    await asyncio.sleep(600)
		asyncio.run(main())
	X
	/usr/bin/python3 /tmp/keeper.py >/tmp/keeper.out 2>&1 &
	await -t 20 port 2604 || cat /tmp/keeper.out
}

port=2601
for name in postfix opensmtpd exim aiosmtpd; do
	if ${name}_up; then
		through $name $port $MAIL/$name
	else
		skip "$name: it could not be fetched"
	fi
	port=$((port + 1))
done

if [ -e /var/log/postfix.log ]; then
	check "Postfix was sent chunks" grep -q 'bdat=' /var/log/postfix.log
	refute "and no DATA" grep -q ' data=' /var/log/postfix.log
	check "Postfix reports success for itself: it understood NOTIFY" \
	    grep -q 'postfix/bounce.*notification' /var/log/postfix.log
	/usr/sbin/postfix stop >/dev/null 2>&1
fi
if [ -e /var/log/exim4/mainlog ]; then
	check "Exim was sent chunks" grep -q ' K ' /var/log/exim4/mainlog
fi
finish
