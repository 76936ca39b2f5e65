#!/bin/sh
# certs.sh FOLDER   keys and certificates of many kinds, with openssl(1):
#     ca, other      two authorities
#     right          for relay.example, by ca
#     wrong          for other.example, by ca
#     address        for 127.0.0.1, by ca
#     expired        for relay.example, by ca, until 2001
#     self           for relay.example, by itself
#     client         for a client, by ca
# each as NAME.pem and NAME.key; NAME.pin of the servers', NAME.spki.
set -eu
mkdir -p "$1"
cd "$1"
log=$PWD/certs.log
run() { "$@" >>"$log" 2>&1 || { cat "$log" >&2; exit 1; }; }
key() { run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

for name in ca other; do
	key $name
	run openssl req -x509 -new -key $name.key -days 30 -subj "/CN=Test authority $name" -out $name.pem
done
: >index
cat >ca.conf <<'C'
[ca]
default_ca = it
[it]
database = index
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
C
leaf() { # NAME HOST BEGIN END [KIND]
	key "$1"
	run openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
	printf 'subjectAltName=%s:%s\nbasicConstraints=CA:false\n' "${5:-DNS}" "$2" >"$1.ext"
	run openssl ca -batch -notext -config ca.conf -extfile "$1.ext" -startdate "$3" -enddate "$4" \
	    -in "$1.csr" -out "$1.pem"
	rm -f "$1.csr" "$1.ext"
}
begin=20000101000000Z end=20491231000000Z
leaf right relay.example $begin $end
leaf wrong other.example $begin $end
leaf address 127.0.0.1 $begin $end IP
leaf expired relay.example $begin 20010101000000Z
leaf client client.example $begin $end
key self
run openssl req -x509 -new -key self.key -days 30 -subj /CN=relay.example \
    -addext subjectAltName=DNS:relay.example -out self.pem
for name in ca right wrong expired self; do
	run openssl pkey -in $name.key -pubout -outform DER -out $name.spki
	echo "sha256:$(sha256sum <$name.spki | cut -d' ' -f1)" >$name.pin
	run openssl x509 -in $name.pem -outform DER -out $name.der
	echo "sha256:$(sha256sum <$name.der | cut -d" " -f1)" >$name.sum
done
chmod 0644 ./*.key
chmod 0600 client.key
