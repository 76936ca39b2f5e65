#!/bin/bash
# Out without a relay: MX, what DNSSEC and DANE say, and domains that take no
# mail.  Real name servers: nsd with zones signed by ldns, unbound in front.
. "$(dirname "$0")/lib.sh"

unpack dnssec || { skip "nsd, unbound or ldns could not be fetched"; finish; }
D=/tmp/dns
M=/tmp/mxd
mkdir -p $D $M
cd $D || exit 1

cert() { # NAME: a key and a certificate that nobody else signs
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
	    -subj "/CN=$1" -addext "subjectAltName=DNS:$1" -keyout $1.key -out $1.crt 2>/dev/null
	cat $1.crt $1.key >$1.pem
}
tlsa() { # NAME: the data of 3 1 1
	openssl x509 -in $1.crt -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -r | cut -d' ' -f1
}
for name in mx-right mx-wrong mx-missing srv-right srv-wrong; do cert $name.signed; done
# MTA-STS: an authority of our own vouches for the servers of policies, and for
# one of the MX.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
    -subj "/CN=An authority" -keyout ca.key -out ca.crt 2>/dev/null
signed() { # NAME...: one certificate for all of them
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
	    -keyout $1.key -out $1.csr 2>/dev/null
	printf 'subjectAltName=DNS:%s' "$1" >$1.ext
	printf ',DNS:%s' "${@:2}" >>$1.ext
	openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 \
	    -extfile $1.ext -out $1.crt 2>/dev/null
	cat $1.crt $1.key >$1.pem
}
signed mx-sts.plain www.plain
signed by-domain.signed www.signed
signed host1.plain www.plain
signed firm.plain www.firm.plain
signed mx.wrapped.plain www.wrapped.plain
cat ca.crt >>by-domain.signed.pem # RFC 7671 5.2.1: the anchor is sent, too
signed mta-sts.sts.plain mta-sts.self-sts.plain mta-sts.other-sts.plain mta-sts.test-sts.plain

head="@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.50"
cat >plain.zone <<Z
\$ORIGIN plain.
\$TTL 300
$head
two MX 10 dead
two MX 20 good
dead A 127.0.0.11
good A 127.0.0.12
*.equal MX 10 eq1
*.equal MX 10 eq2
eq1 A 127.0.0.13
eq2 A 127.0.0.14
implicit A 127.0.0.15
null MX 0 .
alias CNAME two
aliasmx MX 10 amx
amx CNAME good
loop MX 10 mail.example.
loop MX 20 good
selfaddr MX 10 self
selfaddr MX 20 good
self A 127.0.0.1
backup MX 10 good
backup MX 20 mail.example.
backup MX 30 eq1
noaddr TXT "nothing that could take mail"
nohost MX 10 nothere
half MX 10 nothere
half MX 20 good
xn--bcher-kva MX 10 good
silent MX 10 half-silent
half-silent AAAA fd00:37::1
half-silent A 127.0.0.12
race MX 10 both
both AAAA 2001:db8::1
both A 127.0.0.12
_submission._tcp.srv SRV 10 1 26 good
sts MX 10 mx-sts
sts MX 20 good
mx-sts A 127.0.0.35
_mta-sts.sts TXT "v=STSv1; id=1;"
mta-sts.sts A 127.0.0.40
self-sts MX 10 mx-self
mx-self A 127.0.0.33
_mta-sts.self-sts TXT "v=STSv1; id=1;"
mta-sts.self-sts A 127.0.0.40
other-sts MX 10 good
_mta-sts.other-sts TXT "v=STSv1; id=1;"
mta-sts.other-sts A 127.0.0.40
test-sts MX 10 good
_mta-sts.test-sts TXT "v=STSv1; id=1;"
mta-sts.test-sts A 127.0.0.40
_submission._tcp.srv SRV 5 1 26 dead
_submission._tcp.corp SRV 10 1 26 host1
host1 A 127.0.0.44
_submission._tcp.firm SRV 10 1 26 host2
host2 A 127.0.0.45
_submissions._tcp.wrapped SRV 10 1 465 mx.wrapped
_submission._tcp.wrapped SRV 10 1 26 good
mx.wrapped A 127.0.0.1
Z
cat >signed.zone <<Z
\$ORIGIN signed.
\$TTL 300
$head
right MX 10 mx-right
mx-right A 127.0.0.31
_25._tcp.mx-right TLSA 3 1 1 $(tlsa mx-right.signed)
wrong MX 10 mx-wrong
mx-wrong A 127.0.0.32
_25._tcp.mx-wrong TLSA 3 1 1 $(tlsa mx-right.signed)
missing MX 10 mx-missing
mx-missing A 127.0.0.33
notls MX 10 mx-notls
mx-notls A 127.0.0.12
_25._tcp.mx-notls TLSA 3 1 1 $(tlsa mx-right.signed)
alias MX 10 mx-alias
mx-alias CNAME mx-right
nomx A 127.0.0.32
_25._tcp.nomx TLSA 3 1 1 $(tlsa mx-wrong.signed)
_submission._tcp.good SRV 10 1 26 srv-right
srv-right A 127.0.0.41
_26._tcp.srv-right TLSA 3 1 1 $(tlsa srv-right.signed)
_submission._tcp.bad SRV 10 1 26 srv-wrong
srv-wrong A 127.0.0.42
_26._tcp.srv-wrong TLSA 3 1 1 $(tlsa srv-right.signed)
_submission._tcp.by-domain SRV 10 1 26 srv-ta
srv-ta A 127.0.0.43
_26._tcp.srv-ta TLSA 2 0 1 $(openssl x509 -in ca.crt -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
Z
printf '$ORIGIN bogus.\n$TTL 300\n%s\nmail MX 10 mx\nmx A 127.0.0.12\n' "$head" >bogus.zone
printf '$ORIGIN .\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.50\n' >root.zone

for zone in signed bogus; do
	key=$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 -k $zone)
	ldns-signzone $zone.zone "$key"
	cp "$key.key" $zone.anchor
done
# The anchor of a key that has signed nothing: all of that zone is bogus.
cp "$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 -k bogus).key" bogus.anchor

{
	cat <<-C
		server:
		  ip-address: 127.0.0.50
		  username: root
		  chroot: ""
		  zonesdir: "$D"
		  database: ""
		  pidfile: ""
		  xfrdfile: ""
		  zonelistfile: "$D/zone.list"
		  xfrdir: "$D"
		  logfile: "$D/nsd.log"
		  server-count: 1
		remote-control:
		  control-enable: no
	C
	for zone in .:root.zone plain:plain.zone signed:signed.zone.signed bogus:bogus.zone.signed; do
		printf 'zone:\n  name: "%s"\n  zonefile: "%s"\n' ${zone%:*} ${zone#*:}
	done
} >nsd.conf
{
	cat <<-C
		server:
		  interface: 127.0.0.1
		  do-not-query-localhost: no
		  chroot: ""
		  username: ""
		  pidfile: ""
		  directory: "$D"
		  logfile: "$D/unbound.log"
		  use-syslog: no
		  module-config: "validator iterator"
		  qname-minimisation: no
		  trust-anchor-file: "$D/signed.anchor"
		  trust-anchor-file: "$D/bogus.anchor"
		remote-control:
		  control-enable: no
	C
	for zone in . plain signed bogus; do
		printf 'stub-zone:\n  name: "%s"\n  stub-addr: 127.0.0.50\n' $zone
	done
} >unbound.conf
nsd -d -c nsd.conf >nsd.out 2>&1 &
nsd=$!
unbound -d -c unbound.conf >unbound.out 2>&1 &
unbound=$!
answers() { # SERVER NAME TYPE: within some tries, each of which waits itself
	local n
	for n in 1 2 3 4 5 6 7 8; do
		drill @$1 $2 $3 2>/dev/null | grep -q 'rcode: NOERROR' && return
		"$O/tests/await" -t 1 exists /nonexistent
	done
	cat nsd.out nsd.log unbound.out unbound.log
	return 1
}
check "nsd serves the zones" answers 127.0.0.50 signed SOA
check "unbound answers for them" answers 127.0.0.1 signed SOA
check "and believes the signed one" sh -c "drill -D @127.0.0.1 right.signed MX | grep -q 'flags:.* ad'"
cd /root || exit 1

/usr/bin/python3 "$TREE/tests/mxd.py" $M 25 127.0.0.12 127.0.0.13 127.0.0.14 127.0.0.15 \
    127.0.0.31=$D/mx-right.signed.pem 127.0.0.32=$D/mx-wrong.signed.pem \
    127.0.0.33=$D/mx-missing.signed.pem 127.0.0.35=$D/mx-sts.plain.pem >$M/out 2>&1 &
mxd=$!
mkdir -p /tmp/mxd26
/usr/bin/python3 "$TREE/tests/mxd.py" /tmp/mxd26 26 127.0.0.12 \
    127.0.0.41=$D/srv-right.signed.pem 127.0.0.42=$D/srv-wrong.signed.pem \
    127.0.0.43=$D/by-domain.signed.pem 127.0.0.44=$D/host1.plain.pem 127.0.0.45=$D/firm.plain.pem >/tmp/mxd26/out 2>&1 &
mxd26=$!
check "mail servers are there" await exists $M/ready
await exists /tmp/mxd26/ready

# An address that is silent: a queue of connections that is full drops what comes.
ip -6 route add local fd00:37::/64 dev lo # not an address of ours: that would be a loop
/usr/bin/python3 -c '
import socket, time
s = socket.create_server(("::", 25), family=socket.AF_INET6, backlog=0)
held = []
for n in range(16):
    c = socket.socket(socket.AF_INET6)
    c.settimeout(0.3)
    try:
        c.connect(("fd00:37::1", 25))
    except TimeoutError:
        break
    held.append(c)
open("/tmp/dns/silent.ready", "w").close()
time.sleep(600)' &
silent=$!
check "an address is silent" await exists $D/silent.ready

echo 'retry 5m' | config
start_agent
mail() { printf 'Subject: to %s\n\nx\n' "$2" | submit $1 "$2"; }

logs() { # WHAT WORDS PATTERN: a line with the words comes, and one fits
	await -t 20 text $LOG "$2"
	check "$1" grep -E -e "$3" $LOG
}
# What arrives, where, and how.
arrives() { # RECIPIENT ADDRESS HOW
	mail bob "$1"
	check "$1 at $2, $3" await -t 20 text $M/log "$2 $3 $1"
}
arrives a@two.plain 127.0.0.12 plain # the first is dead
arrives a@implicit.plain 127.0.0.15 plain
arrives a@alias.plain 127.0.0.12 plain
arrives a@aliasmx.plain 127.0.0.12 plain
arrives a@half.plain 127.0.0.12 plain
arrives a@backup.plain 127.0.0.12 plain
arrives a@race.plain 127.0.0.12 plain # IPv6 leads nowhere here
arrives a@silent.plain 127.0.0.12 plain # and IPv6 gives no answer there
mail bob 'a@[127.0.0.15]'
check "a literal" await -t 20 text $M/log '127.0.0.15 plain a@[127.0.0.15]'
mail bob 'a@bücher.plain'
check "a domain with an umlaut" await -t 20 text $M/log '127.0.0.12 plain a@bücher.plain'
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do # all at one host: once in 2^23 runs
	for m in 1 2; do mail bob a@$n.$m.equal.plain; done
	await -t 20 text $M/log "a@$n.2.equal"
	[ "$(grep -F .equal. $M/log | cut -d' ' -f1 | sort -u | wc -l)" = 1 ] || break
done
same "equals share" "127.0.0.13 127.0.0.14" \
    "$(grep -F .equal. $M/log | cut -d' ' -f1 | sort -u | tr '\n' ' ' | sed 's/ $//')"

# What DNSSEC vouches for.
arrives a@right.signed 127.0.0.31 tls
logs "it was verified by DANE" 'host=mx-right.signed' 'host=mx-right.signed .*verified=dane'
check "and why DNSSEC is believed" grep -q 'dns: dnssec believed=yes reason="the resolver is on this machine"' $LOG
arrives a@alias.signed 127.0.0.31 tls
arrives a@missing.signed 127.0.0.33 tls # without TLSA: any certificate
logs "and that is no verification" 'host=mx-missing.signed' 'host=mx-missing.signed .*verified=(no|nobody|none)'
arrives a@nomx.signed 127.0.0.32 tls # TLSA of the domain that is its own host
logs "DANE holds without MX, too" 'host=nomx.signed' 'host=nomx.signed .*verified=dane'
mail bob a@wrong.signed
logs "wrong TLSA: it waits" 'host=mx-wrong.signed' 'host=mx-wrong.signed status=4\.7'
mail bob a@notls.signed
logs "TLSA, and no TLS offered: it waits" 'host=mx-notls.signed' 'host=mx-notls.signed status=4\.'
mail bob a@mail.bogus
logs "a bogus zone: it waits" 'domain=mail.bogus' 'domain=mail.bogus status=4\.4\.3'
refute "nothing of these went out" grep -E '@(wrong|notls|mail\.bogus)' $M/log
lax() { printf 'Subject: x\nTLS-Required: No\n\nx\n' | submit bob "$1"; }
lax lax@wrong.signed
check "TLS-Required: No: it goes, whatever TLSA says" await text $M/log '127.0.0.32 tls lax@wrong.signed'
lax lax@notls.signed
check "and without TLS where there is none" await text $M/log '127.0.0.12 plain lax@notls.signed'
refute "the others wait on" grep -E ' a@(wrong|notls)' $M/log

# MTA-STS, where the settings ask for it.
stop_agent
cat >$D/https.py <<'P'
import http.server
import ssl


class Policy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        domain = self.headers["Host"].removeprefix("mta-sts.")
        mx = {"sts.plain": "*.plain", "self-sts.plain": "mx-self.plain"}
        mode = "testing" if domain.startswith("test") else "enforce"
        text = (f"version: STSv1\r\nmode: {mode}\r\nmax_age: 86400\r\n"
                f"mx: {mx.get(domain, 'nobody.plain')}\r\n").encode()
        self.send_response(200 if self.path == "/.well-known/mta-sts.txt" else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text)


server = http.server.HTTPServer(("127.0.0.40", 443), Policy)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tmp/dns/mta-sts.sts.plain.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
open("/tmp/dns/https.ready", "w").close()
server.serve_forever()
P
/usr/bin/python3 $D/https.py >$D/https.out 2>&1 &
https=$!
check "a server of policies is there" await exists $D/https.ready
printf 'relay mx {\n\tmta-sts yes\n\tca %s\n}\nretry 5m\n' $D/ca.crt | config
start_agent
arrives a@sts.plain 127.0.0.35 tls
logs "its policy wants a good certificate" 'host=mx-sts.plain' 'host=mx-sts.plain .*verified=ca'
arrives a@test-sts.plain 127.0.0.12 plain
logs "what is only tested is told" 'domain=test-sts.plain' 'domain=test-sts.plain .*only being tested'
mail bob a@self-sts.plain
logs "a certificate that is nobody's: it waits" 'host=mx-self.plain' 'host=mx-self.plain status=4\.7'
mail bob a@other-sts.plain
logs "MX that the policy does not name: it waits" 'domain=other-sts.plain' 'domain=other-sts.plain status=4\.7'
refute "nothing of these went out" grep -E '@(self|other)-sts' $M/log
lax lax@self-sts.plain
check "TLS-Required: No: whatever the policy says of certificates" await text $M/log '127.0.0.33 tls lax@self-sts.plain'
lax lax@other-sts.plain
check "and of MX" await text $M/log '127.0.0.12 plain lax@other-sts.plain'
exits "the way to a policy that is enforced" 0 deliver --check a@sts.plain
said "the policy" "MTA-STS: the domain's policy is enforced"
said "the servers that it names" 'in order: mx-sts.plain \(10\), good.plain \(20\); '
said "one of them would get nothing" 'offers no TLS'
said "its certificate" "verified by the relay's own CA"
exits "to one that keeps mail away" 75 deliver --check a@self-sts.plain
said "why" 'self-signed'
exits "to one that is tested" 0 deliver --check a@test-sts.plain
said "so it says" 'only being tested'
exits "and to none" 0 deliver --check a@two.plain
said "so it says" 'has no policy that holds'
# The policies outlive both their server and the agent.
stop_agent
kill $https
: >$LOG
start_agent
mail bob again@self-sts.plain
logs "a restart later, its server gone: the policy holds" 'deferred to=<again@self-sts.plain>' \
    'deferred to=<again@self-sts.plain> status=4\.7'
refute "it did not have to be asked for" grep -q 'mta-sts domain=self-sts.plain reason="no policy' $LOG
refute "and nothing went out" grep -q again@self-sts.plain $M/log
arrives again@sts.plain 127.0.0.35 tls
logs "and lets those through that are right" 'host=mx-sts.plain' 'host=mx-sts.plain .*verified=ca'
stop_agent
rm -f /var/lib/bellman/state.tdb
start_agent
mail bob third@self-sts.plain
check "without what was kept nothing is known of it" await text $M/log '127.0.0.33 tls third@self-sts.plain'
stop_agent
echo 'retry 5m' | config
start_agent

# deliver --check NAME@DOMAIN walks to each of its servers.
ways() { # RECIPIENT STATUS PATTERN...
	exits "the way to $1" "$2" deliver --check "$1"
	local to=$1 pattern
	shift 2
	for pattern; do said "the way to $to: $pattern" "$pattern"; done
}
sent=$(wc -l <$M/log)
ways a@two.plain 0 'The way to the domain two.plain' 'in order: dead.plain \(10\), good.plain \(20\); DNSSEC does not vouch' \
    'host dead.plain has the address 127.0.0.11' '127.0.0.11:25: cannot connect: Connection refused' \
    'Connected to 127.0.0.12:25' 'sender <root@mail.example> is accepted'
ways backup.plain 0 'in order: good.plain \(10\)\;'
ways a@right.signed 0 'mx-right.signed \(10\); DNSSEC vouches' 'DANE: it has 1 TLSA record, and' \
    'verified by TLSA records'
ways a@missing.signed 0 'DANE: it has no TLSA record, so any' 'It was not verified'
ways a@wrong.signed 75 'DANE: it has 1 TLSA' 'no TLSA record fits'
ways a@half.plain 0 'nothere.plain: ' 'Connected to 127.0.0.12:25'
ways a@null.plain 69 'null MX' 'Is the domain written right'
ways a@gone.plain 69 'there is no such domain' 'Is the domain written right'
ways a@loop.plain 69 'its mail is for this machine'
ways a@mail.bogus 75 'MX: '
ways a@implicit.plain 0 'in order: implicit.plain;' 'MTA-STS is not asked'
ways bob@mail.example 0 'mail.example is local'
ways a@ 64 'no domain that mail could go to'
same "of all this no mail was sent" "$sent" "$(wc -l <$M/log)"

# What never arrives comes back, with the reason.
n=$(messages /var/mail/alice)
returns() { # RECIPIENT STATUS
	mail alice "$1"
	n=$((n + 1))
	check "$1 comes back" await -t 20 mbox /var/mail/alice $n
	same "with $2" "$2" "$(sed -n 's/^Status: //p' /var/mail/alice | tail -1)"
}
returns a@null.plain 5.1.10
returns a@gone.plain 5.1.2
returns a@noaddr.plain 5.4.4
returns a@nohost.plain 5.4.4
returns a@loop.plain 5.4.6
returns a@selfaddr.plain 5.4.6
refute "loops did not go to the next" grep -E '@(loop|selfaddr)' $M/log

# A dead destination is asked once, then answers of itself; a person may ask.
stop_agent
check "six wait" test "$(ls $SPOOL/queue | wc -l)" = 6
kill $mxd
wait $mxd 2>/dev/null
: >$LOG
start_agent
mail bob b@implicit.plain
logs "nobody is at home" 'host=implicit.plain' 'host=implicit.plain status=4\.4\.1'
mail bob c@implicit.plain
check "the next one is put off" await -t 20 text $LOG 'deferred to=<c@implicit.plain> status=4.4.1'
same "without being asked again" 1 "$(grep -c 'host=implicit.plain status' $LOG)"
rm -f $M/ready
/usr/bin/python3 "$TREE/tests/mxd.py" $M 25 127.0.0.15 >$M/out 2>&1 &
mxd=$!
await exists $M/ready
sendmail -q
check "sendmail -q asks at once" await -t 20 text $M/log 'c@implicit.plain'
stop_agent

# A relay by SRV; the one that is preferred is dead.
printf 'relay main {\n\tsrv srv.plain\n\ttls never\n}\nretry 5m\n' | config
start_agent
mail bob a@elsewhere.example
check "a relay by SRV" await -t 20 text /tmp/mxd26/log '127.0.0.12 plain a@elsewhere.example'
stop_agent
# By SRV of a signed zone: TLSA stands at the target (RFC 7673).
by_srv() { # DOMAIN [LINE]: from now on
	printf 'relay main {\n\tsrv %s\n\t%s\n}\nretry 5m\n' "$1" "${2:-tls dane}" | config
	start_agent
}
by_srv good.signed
mail bob b@elsewhere.example
check "a relay by SRV with TLSA" await -t 20 text /tmp/mxd26/log '127.0.0.41 tls b@elsewhere.example'
logs "it was verified by DANE" 'host=srv-right.signed' 'host=srv-right.signed .*verified=dane'
stop_agent
by_srv by-domain.signed
mail bob c@elsewhere.example
check "an authority by TLSA; the certificate is the domain's" await -t 20 text /tmp/mxd26/log '127.0.0.43 tls c@elsewhere.example'
logs "by DANE, too" 'host=srv-ta.signed' 'host=srv-ta.signed .*verified=dane'
stop_agent
by_srv bad.signed
mail bob d@elsewhere.example
logs "TLSA of another key: it waits" 'host=srv-wrong.signed' 'host=srv-wrong.signed status=4\.7'
refute "nothing went there" grep -q d@elsewhere.example /tmp/mxd26/log
stop_agent
# A relay by the name of its host, likewise.
by_host() { # HOST PORT
	printf 'relay main {\n\thost %s %s\n\ttls dane\n}\nretry 5m\n' "$1" "$2" | config
	: >$LOG
	start_agent
}
by_host srv-right.signed 26
mail bob g@elsewhere.example
check "a relay by name with TLSA" await -t 20 text /tmp/mxd26/log '127.0.0.41 tls g@elsewhere.example'
logs "verified by DANE" 'host=srv-right.signed' 'host=srv-right.signed .*verified=dane'
stop_agent
by_host srv-wrong.signed 26
mail bob h@elsewhere.example
logs "by name, TLSA of another key: it waits" 'host=srv-wrong.signed' 'host=srv-wrong.signed status=4\.7'
refute "nothing went there" grep -q h@elsewhere.example /tmp/mxd26/log
stop_agent
# Unsigned, the name of the host could be anybody's: the certificate is to be
# the domain's.
by_srv corp.plain "ca $D/ca.crt"
mail bob e@elsewhere.example
logs "a certificate for the host that DNS names: it waits" 'host=host1.plain' 'host=host1.plain status=4\.7\.5.*DNS without DNSSEC'
stop_agent
by_srv firm.plain "ca $D/ca.crt"
mail bob f@elsewhere.example
check "one for the domain: it goes" await -t 20 text /tmp/mxd26/log '127.0.0.45 tls f@elsewhere.example'
logs "and was verified" 'host=host2.plain' 'host=host2.plain .*verified=ca'
refute "the other did not" grep -q e@elsewhere.example /tmp/mxd26/log
stop_agent
# _submissions goes before _submission: TLS from the first octet (RFC 8314).
chmod 644 $D/mx.wrapped.plain.key
smtpd 465 /tmp/wrapped "cert=$D/mx.wrapped.plain.crt,$D/mx.wrapped.plain.key" wrapped
by_srv wrapped.plain "ca $D/ca.crt"
: >$LOG
mail bob i@elsewhere.example
check "by _submissions._tcp" await -t 20 text /tmp/wrapped/log 'DATA 250'
logs "with TLS, verified" 'host=mx.wrapped.plain' 'host=mx.wrapped.plain address=127.0.0.1:465 .*verified=ca'
refute "and not by _submission" grep -q i@elsewhere.example /tmp/mxd26/log
stop_agent
stop_smtpd
kill $mxd $mxd26 $nsd $unbound $silent
finish
