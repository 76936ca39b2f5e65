#!/bin/bash
# A relay that demands TLS, a password and one sender: with one relay line and
# one secret mail gets there; when anything is wrong it waits, and says why.
. "$(dirname "$0")/lib.sh"

C=/tmp/certs
S=/tmp/smtpd
SECRETS=/etc/bellman/secrets
WORD=Tr0ub4dor-and-3
SMTPD=
"$TREE/tests/certs.sh" $C
cp $C/ca.pem /usr/share/test-ca.pem
ln -sf /usr/share/test-ca.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in $C/ca.pem).0"
grep -q '^submissions' /etc/services 2>/dev/null || echo 'submissions 465/tcp' >>/etc/services
(umask 077; echo $WORD >/tmp/word; echo ya29.abc >/tmp/bearer)

server() { # CERT PORT WORDS...: the relay, anew
	local cert=$1 port=$2
	shift 2
	[ -z "$SMTPD" ] || stop_smtpd
	rm -rf $S
	smtpd "$port" $S "cert=$C/$cert.pem,$C/$cert.key" "$@"
}
strict() { server "$1" 465 wrapped user=jdoe,/tmp/word sender=alerts@relay.example; }
secret() { # WORD MODE
	printf '# the relay of this machine\nrelay.example jdoe %s\n' "$1" >$SECRETS.new
	chown root:bellman-net $SECRETS.new
	chmod "$2" $SECRETS.new
	mv $SECRETS.new $SECRETS
}
cron() { # SUBJECT [RECIPIENT]: a message as root's cron would send it
	printf 'Subject: %s\n\nthe backup of %s\n' "$1" "$1" | sendmail "${2:-ops@remote.example}"
}
waits() { # WHAT: it waits, and mailq says so
	check "it waits, and says why: $1" await text $LOG "$1"
	check "it is in the queue" sh -c 'mailq | grep -q ops@remote.example'
}
no_bounce() { refute "nothing came back" grep -q -s -e ': bounce id=' -e '^Subject: Undelivered' $LOG /var/mail/root; }
count() { grep -c -e "$1" "$2"; }
restart() {
	stop_agent
	start_agent
}
again() { # with other settings: stdin
	{
		cat
		echo 'sender root@* "host alerts" <alerts@relay.example>'
		echo 'retry 1h'
	} | config
	restart
}
block() { # PORT LINES...: settings of the relay
	{
		printf 'relay main {\n\thost relay.example %s\n' "$1"
		shift
		printf '\t%s\n' "$@"
		echo '}'
	} | again
}

secret $WORD 640
strict right
echo 'root: ops@remote.example' >/etc/aliases
echo 'relay relay.example submissions' | again
cron first root
check "TLS, a password and a sender: it is taken" await exists $S/1.msg
check "the queue is empty" drained
check "it is from the address that the relay allows" grep -q '^MAIL alerts@relay.example' $S/log
check "in the text as well" grep -q '^From:.*<alerts@relay.example>' $S/1.msg
rm /etc/aliases
check "the log says how the relay was verified" grep -q 'net: tls relay=main host=relay.example .*protocol=TLSv1.3 .*verified=roots' $LOG
check "and how we logged in" grep -q 'net: auth relay=main .*mechanism=PLAIN' $LOG
net=$(role_pid net)
if [ -z "${WATCHED:-}" ]; then
	same "nobody but root may look into the process" root "$(stat -c %U "/proc/$net/environ")"
	same "it leaves no core" 0 "$(awk '/^Max core file size/ { print $5 }' "/proc/$net/limits")"
else
	skip "under valgrind no role is found by its title"
fi
refute "the password is in no command line" grep -q -a -s $WORD /proc/[0-9]*/cmdline
refute "and in no environment of the agent's" grep -q -a -s $WORD "/proc/$net/environ" "/proc/$AGENT/environ"
refute "alice cannot read the file" as alice cat $SECRETS
refute "nor can the user of the queue" as bellman cat $SECRETS

# A wrong password: one attempt, one warning, and the account is not locked.
secret wrong-$WORD 640
restart
: >$S/log
: >$LOG
cron second
waits ' is refused: 535'
cron third
check "the next message waits as well" await count 2 $LOG "status=4.7.8.*535"
sendmail -q
check "asked for again: it waits" await empty $SPOOL/drop
same "the relay was asked by two mechanisms, once" 2 "$(count '^AUTH' $S/log)"
same "one warning" 1 "$(count 'net: relay-failed relay=main .*is refused' $LOG)"
no_bounce
secret $WORD 640
sendmail -q
check "with the right one they go on at once" drained
same "both have come" 2 "$(count '^DATA 250' $S/log)"

# A file that others can read is no secret any more.
secret $WORD 644
restart
cron fourth
waits 'secrets is not used: others can read or change it'
secret $WORD 640
sendmail -q
check "chmod makes it right" drained

# Certificates that are not right.
while read -r cert says; do
	strict "$cert"
	restart
	cron "$cert"
	waits "$says"
	same "nothing was said to it: $cert" 0 "$(cat $S/log 2>/dev/null | grep -c -e AUTH -e MAIL)"
done <<-'X'
	expired the certificate expired on 2001-01-01
	wrong the certificate is for other.example, not relay.example
	self the certificate is self-signed
X
no_bounce
strict right
sendmail -q
check "the right certificate is there again: all go" drained
same "three" 3 "$(count '^DATA 250' $S/log)"

# STARTTLS, and a relay that has lost it.
server right 587 must user=jdoe,/tmp/word
echo 'relay relay.example 587' | again
cron starttls
check "by STARTTLS" drained
check "with TLS" grep -q 'net: tls .*address=127.0.0.1:587 .*verified=roots' $LOG
stop_smtpd
rm -rf $S
smtpd 587 $S
cron plain
waits 'the server offers no TLS'
refute "nothing was sent in plain text" grep -q '^MAIL' $S/log
server right 587 must user=jdoe,/tmp/word
sendmail -q
check "it goes when TLS is back" drained

# What is opportunistic takes any certificate, and plain text if need be; the
# password stays here.
mv $SECRETS $SECRETS.away
server self 25
block 25 'tls opportunistic'
cron any
check "any certificate" drained
check "the log says that it was not verified" grep -q 'address=127.0.0.1:25 .*verified=no' $LOG
server self 25 old
cron old
check "a handshake that fails: plain text" drained
check "the log says so" grep -q 'tls-failed .* text=".*" next="once more in plain text"' $LOG
mv $SECRETS.away $SECRETS
server self 25 user=jdoe,/tmp/word
cron secret
waits 'no AUTH mechanism that may be used here; it offers: PLAIN LOGIN'
same "no password went to a server that nobody knows" 0 "$(cat $S/log | grep -c AUTH)"
server right 25 user=jdoe,/tmp/word
block 25 'tls verify'
sendmail -q
check "verified, it gets it" drained

# A certificate of a private authority; a pinned key.
rm -f /usr/share/test-ca.pem
strict right
block 465 'tls verify'
cron unknown
waits 'signed by Test authority ca, which is not known here'
block 465 'tls verify' "ca $C/ca.pem"
sendmail -q
check "a private authority" drained
check "the log says so" grep -q 'verified=ca' $LOG
strict self
block 465 "tls pin $(cat $C/right.pin)"
cron pin
waits "the server's key is $(cat $C/self.pin), which is no pin"
block 465 "tls pin $(cat $C/self.pin)"
sendmail -q
check "a pinned key, whoever signed it" drained

# The secret as a credential of systemd's.
mkdir -m 700 /tmp/credentials
mv $SECRETS /tmp/credentials/bellman.secrets
chmod 400 /tmp/credentials/bellman.secrets
strict self
stop_agent
CREDENTIALS_DIRECTORY=/tmp/credentials start_agent
cron credential
check "a credential of systemd's" drained
check "the relay saw it" grep -q '^AUTH PLAIN jdoe ok' $S/log

# Tokens that a command prints.
cat >/usr/local/bin/token <<-'X'
	#!/bin/sh
	[ ! -e /tmp/token.lies ] || { printf 'ya29.abc\001auth=x\n'; exit; }
	id -un >>/tmp/token.ran
	[ ! -e /tmp/token.bad ] || { echo oops; exit 3; }
	printf 'ya29.abc\n3600\n'
X
chmod 755 /usr/local/bin/token
install -m 666 /dev/null /tmp/token.ran
server right 465 wrapped token=jdoe,/tmp/bearer
: >/tmp/token.bad
block 465 "ca $C/ca.pem" 'user jdoe' 'auth xoauth2' 'token /usr/local/bin/token'
cron token
waits 'no token: its command ended with status 3'
rm /tmp/token.bad
: >/tmp/token.lies # a field of SASL more
sendmail -q
waits 'no token: the first line that the command printed is no token'
rm /tmp/token.lies
sendmail -q
check "a token" drained
cron again
check "again" drained
check "by XOAUTH2" grep -q '^AUTH XOAUTH2 jdoe ok' $S/log
same "the command ran as nobody much, and once for both" "bellman-token bellman-token" \
    "$(tr '\n' ' ' </tmp/token.ran | sed 's/ $//')"

# One that has expired before its time: the route waits, and nothing comes back.
echo ya29.new >/tmp/bearer
server right 465 wrapped token=jdoe,/tmp/bearer
: >$LOG
cron expired
waits 'AUTH XOAUTH2 is refused'
no_bounce
sed -i 's/ya29.abc/ya29.new/' /usr/local/bin/token
restart
sendmail -q
check "by a new token it goes" drained

# A password that a command prints.
printf '#!/bin/sh\necho %s\n' $WORD >/usr/local/bin/word
chmod 755 /usr/local/bin/word
strict right
block 465 "ca $C/ca.pem" 'user jdoe' 'password-command /usr/local/bin/word'
cron command
check "a password by a command" drained
check "the relay saw it, too" grep -q '^AUTH PLAIN jdoe ok' $S/log

# REQUIRETLS of a server that does not promise it: it comes back, header only.
printf '%s\r\n' 'EHLO x' 'MAIL FROM:<alice> REQUIRETLS' 'RCPT TO:<far@remote.example>' DATA \
    'Subject: hidden' '' 'a secret text' . QUIT | as alice /usr/sbin/sendmail -bs >"$OUT"
said "REQUIRETLS is offered" '^250-REQUIRETLS'
check "REQUIRETLS: it comes back" await text /var/mail/alice 'Status: 5.7.30'
check "with its subject" grep -q 'Subject: hidden' /var/mail/alice
refute "without its text" grep -q 'a secret text' /var/mail/alice
refute "which the server did not get" grep -q -r 'a secret text' $S

# And of one that does: it is told so in turn.
stop_smtpd
server right 465 wrapped requiretls
block 465 "ca $C/ca.pem"
printf '%s\r\n' 'EHLO x' 'MAIL FROM:<alice> REQUIRETLS' 'RCPT TO:<far@remote.example>' DATA \
    'Subject: kept' '' 'a secret text' . QUIT | as alice /usr/sbin/sendmail -bs >"$OUT"
check "REQUIRETLS promised: it goes" drained
check "and is asked for" grep -q -x REQUIRETLS $S/log
check "with its text" grep -q -r 'a secret text' $S

# Of two hosts the one that promises it, be it the second.
server right 2587 must requiretls
first=$SMTPD
smtpd 465 /tmp/first "cert=$C/right.pem,$C/right.key" wrapped
block 465 'host relay.example 2587' "ca $C/ca.pem"
cron open
check "REQUIRETLS of the second host: what does not ask for it" drained
same "goes to the first" 1 "$(grep -c '^DATA 250' /tmp/first/log)"
printf '%s\r\n' 'EHLO x' 'MAIL FROM:<alice> REQUIRETLS' 'RCPT TO:<far@remote.example>' DATA \
    'Subject: second' '' 'a secret text' . QUIT | as alice /usr/sbin/sendmail -bs >"$OUT"
check "and what asks for it" drained
check "to the second" grep -q -x REQUIRETLS $S/log
same "alone" "1 1" "$(grep -c '^DATA 250' /tmp/first/log) $(grep -c '^DATA 250' $S/log)"
stop_smtpd
SMTPD=$first

check "no password in any log" sh -c "! grep -r -q -a -e $WORD -e ya29 /var/log"
stop_smtpd
finish
