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
	await -t 20 files "$([ -d "$3/new" ] && echo "$3/new" || echo "$3")" 5
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

# Postfix once more, as a provider has it: TLS or nothing, a password by way of
# Dovecot's SASL, one sender.  For it one relay line, one sender line and one
# secret.
provider_up() {
	unpack dovecot || return 1
	local user
	for user in dovecot dovenull; do daemon_user $user /nonexistent; done
	mkdir -p /etc/dovecot /run/dovecot
	echo 'joe:{plain}sesame7:1002:1002::/tmp::' >/etc/dovecot/users
	cat >/etc/dovecot/dovecot.conf <<-X
		protocols =
		log_path = /var/log/dovecot.log
		ssl = no
		auth_mechanisms = scram-sha-256 plain login
		passdb {
		  driver = passwd-file
		  args = /etc/dovecot/users
		}
		userdb {
		  driver = passwd-file
		  args = /etc/dovecot/users
		}
		service auth {
		  unix_listener /var/spool/postfix/private/auth {
		    mode = 0660
		    user = postfix
		    group = postfix
		  }
		}
	X
	"$TREE/tests/certs.sh" /tmp/certs >/dev/null || return 1
	cat >>/etc/postfix/master.cf <<-'X'
		127.0.0.1:2605 inet n - n - - smtpd
		  -o smtpd_tls_security_level=encrypt
		  -o smtpd_tls_cert_file=/tmp/certs/right.pem
		  -o smtpd_tls_key_file=/tmp/certs/right.key
		  -o smtpd_tls_loglevel=1
		  -o smtpd_sasl_auth_enable=yes
		  -o smtpd_sasl_type=dovecot
		  -o smtpd_sasl_path=private/auth
		  -o smtpd_sasl_security_options=noanonymous
		  -o smtpd_sender_restrictions=permit_sender,reject
		  -o smtpd_recipient_restrictions=permit_auth,reject
	X
	sed -i 's#permit_sender,reject#inline:{alerts@example.org=OK},reject#; s#permit_auth,reject#permit_sasl_authenticated,reject#' /etc/postfix/master.cf
	/usr/sbin/dovecot -F >/tmp/dovecot.out 2>&1 &
	DOVECOT=$!
	await -t 20 exists /var/spool/postfix/private/auth || cat /tmp/dovecot.out /var/log/dovecot.log
	/usr/sbin/postfix reload >/dev/null 2>&1
	await -t 20 port 2605
}

secret() { # PASSWORD
	install -o root -g bellman-net -m 640 /dev/null /etc/bellman/secrets
	echo "relay.example joe $1" >/etc/bellman/secrets
}

if [ -e /var/log/postfix.log ] && provider_up; then
	cp /tmp/certs/ca.pem /etc/ssl/certs/bellman-test.pem
	openssl rehash /etc/ssl/certs 2>/dev/null
	config <<-'X'
		relay relay.example 2605
		sender root@* "host alerts" <alerts@example.org>
		retry 5m
	X
	cron() {
		printf 'From: root (Cron Daemon)\nTo: root\nSubject: %s\n\n%s\n' "$1" "$1" |
			/usr/sbin/sendmail -i -FCronDaemon bob@postfix.example
	}
	secret wrong
	start_agent
	cron cron
	check "the wrong password: it waits" await -t 40 text $LOG 'deferred to=<bob@postfix.example> status=4.7.8'
	stop_agent
	secret sesame7
	start_agent
	sendmail -q
	check "the right one: Postfix takes root's cron mail" drained 40
	stop_agent
	await -t 20 files $MAIL/postfix/new 6
	check "it is in the box" test "$(body $MAIL/postfix cron)" = cron
	check "over TLS 1.3" grep -q 'Anonymous TLS connection established from.*TLSv1.3' /var/log/postfix.log
	check "by SCRAM" grep -q 'sasl_method=SCRAM-SHA-256, sasl_username=joe' /var/log/postfix.log
	refute "and no password is in our log" grep -q -e sesame7 -e "$(printf '\0joe\0sesame7' | base64)" $LOG
	sed -i 's/^relay relay.example/relay postfix.example/' $CONF
	echo '127.0.0.1 postfix.example' >>/etc/hosts
	sed -i 's/^relay.example/postfix.example/' /etc/bellman/secrets
	start_agent
	cron name
	check "a certificate for another name: it waits" await -t 20 text $LOG 'deferred to=<bob@postfix.example> status=4.7.5'
	same "and Postfix has had nothing more" 6 "$(find $MAIL/postfix/new -type f | wc -l)"
	stop_agent
	kill $DOVECOT
	wait $DOVECOT 2>/dev/null
else
	skip "a provider with TLS and AUTH: it could not be fetched"
fi

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
