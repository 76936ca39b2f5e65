#!/bin/bash
# What other mail systems receive from us, octet by octet: Postfix, OpenSMTPD,
# Exim and aiosmtpd, each with what it offers.
. "$(dirname "$0")/lib.sh"

MAIL=/tmp/boxes # what each of them has stored
mkdir -m 755 $MAIL
C=/tmp/certs
"$TREE/tests/certs.sh" $C >/dev/null || exit 1
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

# Many at once, one in five of them to somebody whom the server refuses: what
# stands behind a refusal must not be taken for what was refused.
many() { # NAME PORT FOLDER
	local i to folder=$3
	[ ! -d "$3/new" ] || folder=$3/new
	mkdir -p /tmp/before
	find "$folder" -type f | sort >/tmp/before/$1
	{
		relay "$2"
		echo 'hold yes'
	} | config
	for ((i = 1; i <= 40; i++)); do
		to=bob@$1.example
		((i % 5)) || to=bob@elsewhere.example
		printf 'Subject: number %d\n\nthis is %d\n' $i $i | submit alice -i -f "s$i@here.example" $to
	done
	relay "$2" | config
	: >$LOG
	start_agent
	check "$1: forty at once are over" drained 60
	stop_agent
	[ "$1" = aiosmtpd ] && i=40 || i=32
	check "$1: and in the box" await -t 30 files "$folder" $((i + $(wc -l </tmp/before/$1)))
	find "$folder" -type f | sort | comm -13 /tmp/before/$1 - >/tmp/new
	# each once, with its own text and its own sender, where the server says it
	while read -r i; do
		/usr/bin/python3 - "$i" <<-'X'
			import email, re, sys
			m = email.message_from_binary_file(open(sys.argv[1], "rb"))
			n = m["Subject"].split()[1]
			path = m["Return-Path"] or "<s%s@here.example>" % n
			print(n, m.get_payload().strip() == "this is " + n and path == "<s%s@here.example>" % n)
		X
	done </tmp/new | sort -n >/tmp/numbers
	if [ "$1" = aiosmtpd ]; then # it refuses nobody
		same "$1: each is there once" "$(seq -f '%g True' 40)" "$(cat /tmp/numbers)"
	else
		same "$1: each is there once, but for the refused" \
		    "$(seq -f '%g True' 40 | grep -v '^[1-4]*[05] ')" "$(cat /tmp/numbers)"
		same "$1: eight were refused" 8 "$(grep -c 'failed to=<bob@elsewhere.example>' $LOG)"
	fi
	xargs -r rm -f </tmp/new
}

secret() { # PASSWORD
	install -o root -g bellman-net -m 640 /dev/null /etc/bellman/secrets
	echo "relay.example joe $1" >/etc/bellman/secrets
}

# It offers TLS, and fails at it: nothing goes there in plain text.
broken() { # NAME PORT
	printf 'relay main {\n\thost relay.example %s\n\tca %s\n}\nretry 5m\n' "$2" $C/ca.pem | config
	start_agent
	submit alice "bob@$1.example" <<<'Subject: broken'
	check "$1: a handshake that fails waits" await -t 20 text $LOG "deferred to=<bob@$1.example> status=4.7.5"
	stop_agent
	rm -f $SPOOL/queue/*
}

# The same server at a port where it wants TLS and a password first: its
# certificate is from an authority that the relay's block names.
secured() { # NAME PORT FOLDER MECHANISM LOG PATTERN...: which its log then has
	local name=$1 port=$2 folder=$3 mechanism=$4 log=$5 pattern
	shift 5
	private() { printf 'relay main {\n\thost relay.example %s\n\t%s\n}\nretry 5m\n' "$port" "$1" | config; }
	mail() { printf 'Subject: %s\n\nover TLS\n' "$1" | submit alice "bob@$name.example"; }
	secret sesame7
	private "ca $C/ca.pem"
	start_agent
	mail secured
	check "$name, with TLS and a password: it is taken" drained 30
	stop_agent
	check "$name: verified by the relay's CA" grep -q "net: tls .*address=127.0.0.1:$port .*verified=ca" $LOG
	check "$name: logged in by $mechanism" grep -q "net: auth relay=main .*mechanism=$mechanism" $LOG
	await -t 20 files $folder/new 6
	check "$name: it is in the box" test "$(body $folder secured)" = 'over TLS'
	for pattern; do
		check "$name has seen it: $pattern" await -t 20 text "$log" "$pattern"
	done
	: >$LOG
	secret wrong
	start_agent
	mail refused
	check "$name: a wrong password waits" await -t 40 text $LOG "deferred to=<bob@$name.example> status=4.7.8"
	stop_agent
	secret sesame7
	private 'tls verify'
	start_agent
	mail unknown
	check "$name: an unknown authority waits" await -t 20 text $LOG "deferred to=<bob@$name.example> status=4.7.5"
	stop_agent
	same "$name has had nothing more" 6 "$(find $folder/new -type f | wc -l)"
	rm -f $SPOOL/queue/* /etc/bellman/secrets
	: >$LOG
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
	openssl req -newkey rsa:2048 -nodes -subj /CN=relay.example -keyout /tmp/smtpd.key \
	    -out /tmp/smtpd.csr 2>/dev/null
	echo subjectAltName=DNS:relay.example >/tmp/smtpd.ext
	openssl x509 -req -in /tmp/smtpd.csr -CA $C/ca.pem -CAkey $C/ca.key -CAcreateserial -days 9 \
	    -extfile /tmp/smtpd.ext -out /tmp/smtpd.pem 2>/dev/null
	chmod 600 /tmp/smtpd.key
	echo "joe $(openssl passwd -6 sesame7)" >/tmp/smtpd.people
	chmod 644 /tmp/smtpd.people
	cat >/tmp/smtpd.conf <<-X
		pki relay.example cert "/tmp/smtpd.pem"
		pki relay.example key "/tmp/smtpd.key"
		table people file:/tmp/smtpd.people
		listen on 127.0.0.1 port 2602 hostname opensmtpd.example
		listen on 127.0.0.1 port 2612 tls-require pki relay.example auth <people> hostname opensmtpd.example
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
	install -o Debian-exim -m 600 $C/right.key /etc/exim4/key
	cat >/etc/exim4/exim4.conf <<-X
		primary_hostname = exim.example
		domainlist local_domains = exim.example
		acl_smtp_rcpt = here
		chunking_advertise_hosts = *
		dsn_advertise_hosts = *
		smtp_accept_queue_per_connection = 0
		spool_directory = /var/spool/exim4
		tls_advertise_hosts = *
		tls_certificate = $C/right.pem
		tls_privatekey = /etc/exim4/key
		begin authenticators
		cram:
		  driver = cram_md5
		  public_name = CRAM-MD5
		  server_secret = \${if eq{\$auth1}{joe}{sesame7}fail}
		  server_set_id = \$auth1
		  server_advertise_condition = \${if def:tls_in_cipher}
		begin acl
		here:
		  deny condition = \${if eq{\$received_port}{2613}}
		    !encrypted = *
		  deny condition = \${if eq{\$received_port}{2613}}
		    !authenticated = *
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
	/usr/sbin/exim4 -bdf -q1h -oX '127.0.0.1.2603 : 127.0.0.1.2613' >/tmp/exim.out 2>&1 &
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
		many $name $port $MAIL/$name
		case $name in
		opensmtpd) # that of Debian 12 has no private key, with OpenSSL 3
			if echo QUIT | openssl s_client -connect 127.0.0.1:2612 -starttls smtp 2>&1 | grep -q 'alert internal error'; then
				skip "opensmtpd with TLS: its own handshake fails"
				broken $name 2612
			else
				secured $name 2612 $MAIL/$name PLAIN /tmp/opensmtpd.out 'authentication user=joe result=ok' ' tls '
			fi ;;
		exim) secured $name 2613 $MAIL/$name CRAM-MD5 /var/log/exim4/mainlog 'A=cram:joe' ' X=TLS1.3:' ;;
		esac
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
		auth_failure_delay = 0
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
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
