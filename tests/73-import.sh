#!/bin/bash
# The settings of other mailers: shown, then written; and each line of
# doc/migrating is what deliver --import makes of it.
. "$(dirname "$0")/lib.sh"

SECRETS=/etc/bellman/secrets
R=/tmp/old
fresh() {
	rm -rf $R
	mkdir -p $R/etc/postfix $R/etc/exim4 $R/etc/dma $R/etc/nullmailer
	chmod -R go-w $R
}
import() { deliver --import "$@"; }

# A machine that had Postfix, with its password.
fresh
cat >$R/etc/postfix/main.cf <<'X'
myhostname = web1.example.org
mydestination = $myhostname, localhost
relayhost = [relay.example]:465
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
smtp_tls_wrappermode = yes
smtp_tls_security_level = verify
smtp_generic_maps = hash:/etc/postfix/generic
mynetworks = 127.0.0.0/8
X
install -m 600 /dev/null $R/etc/postfix/sasl_passwd
echo '[relay.example]:465 jdoe:Tr0ub4dor' >$R/etc/postfix/sasl_passwd
echo 'root@web1.example.org alerts@relay.example' >$R/etc/postfix/generic
rm -f $CONF
exits "it is shown" 0 import --root $R
said "whose settings" 'From the settings of Postfix .*sasl_passwd'
said "the relay" '^    relay relay.example 465$'
said "the sender" '^    sender root@web1.example.org <alerts@relay.example>$'
said "the secret, without its password" '^    relay.example jdoe \*{8}$'
said "what is left out" '^  /etc/postfix/main.cf:9: mynetworks is left out'
said "nothing was written" 'Nothing was written'
refute "no password" grep -q Tr0ub4dor "$OUT"
refute "nothing is there" ls $CONF $SECRETS
chmod 755 $R $R/etc $R/etc/postfix
exits "an option that there is not" 64 import --frobnicate
said "is told with those that there are" "^usage: deliver --import"
exits "a user may look at what he can read" 0 as alice /usr/sbin/deliver --import --root $R --from postfix
said "not at the password" 'sasl_passwd is not read: Permission denied'
exits "and writes nothing" 77 as alice /usr/sbin/deliver --import --root $R --write
exits "written" 0 import --root $R --write
same "the settings are for all to read" "root:root 644" "$(stat -c '%U:%G %a' $CONF)"
same "the secrets are not" "root:bellman-net 640" "$(stat -c '%U:%G %a' $SECRETS)"
same "what is in them" "relay.example jdoe Tr0ub4dor" "$(cat $SECRETS)"
exits "the settings are valid" 0 deliver --check-settings
said "in force" 'The relay main is relay.example port 465'
exits "not twice" 73 import --root $R --write
said "it says so" "$SECRETS has settings already; nothing was written"
echo 'relay.example jdoe newer' >$SECRETS
exits "with force" 0 import --root $R --write --force
said "it keeps the old" "Kept $SECRETS as $SECRETS.old"
same "which is there" "relay.example jdoe newer" "$(cat $SECRETS.old)"
same "as closed as before" "root:bellman-net 640" "$(stat -c '%U:%G %a' $SECRETS.old)"
exits "once more" 0 import --root $R --write --force
check "every copy is kept" test -e $SECRETS.old.1 -a -e $CONF.old.1
same "nothing half-written is left" "" "$(ls /etc/bellman | grep -E '\.[A-Za-z0-9]{6}$')"

# The sample, which says nothing, is in nobody's way, and stays behind.
rm -f /etc/bellman/*
cp "$TREE/bellman.conf.sample" $CONF
exits "over the sample" 0 import --root $R --write
same "the settings come first" "hostname web1.example.org" "$(head -n 1 $CONF)"
check "the sample behind" grep -q '^# Other ways for some mail' $CONF
exits "that is valid" 0 deliver --check-settings

# An agent that runs hears of it; nullmailer's adminaddr is root's alias.
fresh
rm -f /etc/bellman/* /etc/aliases
echo 'relay.example smtp --port=465 --ssl --user=u --pass=p' >$R/etc/nullmailer/remotes
echo ops@remote.example >$R/etc/nullmailer/adminaddr
start_agent
exits "beside an agent" 0 import --root $R --write
said "it reads anew" 'reads its settings anew'
check "it does" await text $LOG 'agent: reloaded'
same "root's mail" "root: ops@remote.example" "$(cat /etc/aliases)"
stop_agent
echo 'root: alice' >/etc/aliases
exits "an alias that is there" 0 import --root $R --write --force
said "stays" 'says already who gets root'
same "as it was" "root: alice" "$(cat /etc/aliases)"

# Several, none, and what is not to be believed.
echo 'SMARTHOST a.example' >$R/etc/dma/dma.conf
exits "two mailers" 66 import --root $R
said "it asks which" 'say --from dma or --from nullmailer'
exits "one of them" 0 import --root $R --from dma
said "that one" 'tls opportunistic'
exits "one that is not there" 66 import --root $R --from msmtp
said "and what to do" '--root DIR .*deliver --setup'
exits "one that nobody knows" 64 import --from qmail
exits "a word too many" 64 import postfix
rm -r $R/etc/nullmailer
chmod 666 $R/etc/dma/dma.conf
exits "settings that everybody can change" 66 import --root $R --from dma
said "are not read" 'dma.conf is not read: everybody can change it'
fresh
echo 'relayhost = [a.example]' >$R/etc/postfix/main.cf
echo 'smtp_generic_maps = hash:/etc/shadow' >>$R/etc/postfix/main.cf
chown bob $R/etc/postfix/main.cf
exits "another's settings" 0 import --root $R
said "name no file to be read" '/etc/shadow is not read: others than root'
rm $R/etc/postfix/main.cf
ln -s ../../../../../../etc/hostname $R/etc/postfix/main.cf
exits "a link out of the folder" 66 import --root $R
rm $R/etc/postfix/main.cf
mkfifo $R/etc/postfix/main.cf
exits "a pipe" 66 import --root $R --from postfix
said "is no file" 'it is no file'

# Each line of the page: FILE in the title, left what was there, right what
# comes of it; "-" is a sentence about what is left out.
page() {
	awk '/^  \/etc\// { file = $1; next }
		/^      / { line = substr($0, 7); n = match(line, /   +/)
			if (n) print file "\t" substr(line, 1, n - 1) "\t" substr(line, n + RLENGTH) }' "$TREE/doc/migrating"
}
main() { # what must stand beside a line, so that it has a meaning
	case $1 in
	*main.cf) case $2 in relayhost*) ;; *) echo 'relayhost = [r.example]:587' ;; esac ;;
	*.conf.conf) case $2 in dc_eximconfig*) ;; *) echo "dc_eximconfig_configtype='smarthost'" ;; esac
		case $2 in dc_smarthost*) ;; *) echo "dc_smarthost='smtp.example.net::587'" ;; esac ;;
	*dma.conf) case $2 in SMARTHOST*) ;; *) echo 'SMARTHOST smtp.example.net' ;; esac ;;
	*msmtprc) case $2 in host*) ;; *) echo 'host smtp.example.net' ;; esac
		case $2 in password* | user*) printf 'auth on\nuser alerts\n' ;; tls*) ;; *) echo 'tls on' ;; esac ;;
	esac
}
beside() { # the file that a line of another file needs
	case $1 in
	*sasl_passwd) printf '%s\n' 'relayhost = [smtp.example.net]:587' 'smtp_sasl_auth_enable = yes' \
	    'smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd' >$R/etc/postfix/main.cf ;;
	*generic) echo 'smtp_generic_maps = hash:/etc/postfix/generic' >$R/etc/postfix/main.cf ;;
	*passwd.client) main x.conf.conf >$R/etc/exim4/update-exim4.conf.conf ;;
	*email-addresses) main x.conf.conf >$R/etc/exim4/update-exim4.conf.conf ;;
	*auth.conf) echo 'SMARTHOST smtp.example.net' >$R/etc/dma/dma.conf ;;
	*adminaddr | *allmailfrom | *queuelifetime | *helohost) echo 'r.example' >$R/etc/nullmailer/remotes ;;
	esac
}
rows=0
while IFS=$'\t' read -r file theirs ours; do
	fresh
	beside "$file"
	{ main "$file" "$theirs"; echo "$theirs" | sed 's/; /\n/g'; } >$R$file
	import --root $R >"$OUT" 2>&1
	what="${file##*/}: $theirs"
	case $ours in
	-) said "$what is left out" "is left out" ;;
	*) tr -s ' \n' ' ' <"$OUT" >/tmp/flat
		if grep -q -F -e " $ours " /tmp/flat; then pass "$what: $ours"; else fail "$what: $ours"; fi ;;
	esac
	rows=$((rows + 1))
done < <(page)
check "the page has its rows ($rows)" test $rows -ge 40
finish
