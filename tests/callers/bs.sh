# shellcheck shell=bash disable=SC2154 # read by 12-callers.sh
# The dialogue on standard input and output; and alpine, which likes it best.

speaks_bs() {
	echo QUIT | submit alice -bs >/tmp/call.out 2>&1
	[ $? != 64 ]
}

if speaks_bs; then
	for way in socket pipe; do
		call "smtplib, a $way" /usr/bin/python3 "$C/bs.py" $way
		both 'smtplib: Grüße' bounces@other.example "$ALICE" /tmp/text \
		    'carol@remote.example dave@remote.example'
	done
else
	skip "smtplib: no -bs yet"
fi

alpine_sends() { # WHAT: in a terminal, as a person would
	printf 'personal-name=Alice Liddell\ndefault-fcc=""\n' >>/home/alice/.pinerc
	chown alice:alice /home/alice/.pinerc
	ANY_OUTPUT=1
	call "$1" /usr/bin/python3 "$C/alpine.py" "$1: Grüße" /tmp/text
	ANY_OUTPUT=
	both "$1: Grüße" alice@mail.example "$ALICE" /tmp/text
}

if has /usr/bin/alpine alpine; then
	echo 'sendmail-path=/usr/sbin/sendmail -oem -t -oi' >/home/alice/.pinerc
	alpine_sends 'alpine -t'
	if speaks_bs; then
		: >/home/alice/.pinerc
		alpine_sends 'alpine -bs'
	else
		skip "alpine -bs: no -bs yet"
	fi
fi
