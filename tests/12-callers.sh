#!/bin/bash
# Real callers work unchanged: each is run as alice and writes to bob, who has
# a mailbox here, and to carol behind an SMTP server, who get one whole message
# each, with the subject, text and senders that it ought to have.
. "$(dirname "$0")/lib.sh"

C=/tmp/callers # the tree may lie in a home that alice cannot enter
cp -r "$TREE/tests/callers" $C
chmod -R a+rX $C
S=/tmp/smtpd
G=/tmp/got

for deb in "$O"/pkgs/callers/*.deb; do # unpacked only: see fetch.sh
	[ -e "$deb" ] || continue
	dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C /
done
ldconfig

# What a text may hold: lone dots, quotes of From, letters of two alphabets.
cat >/tmp/text <<'X'
Grüße aus Köln, привет
.
..
.dot at the start
From the street
last line
X
chmod 644 /tmp/text

who() { # USER COMMAND...: a login of that user, without the tests' variables
	local user=$1 home
	home=$(getent passwd "$1" | cut -d: -f6)
	shift
	as "$user" env -i -C "$home" HOME="$home" USER="$user" LOGNAME="$user" \
	    SHELL=/bin/bash PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TERM=dumb "$@"
}

# call WHAT COMMAND... <input: alice runs it; exit 0 and silence.  ANY_OUTPUT
# is for the programs that tell what they do.
call() {
	local rc
	NAME_OF=$1
	shift
	rm -rf /var/mail/* $S/*.msg $G
	who alice "$@" >/tmp/call.out 2>/tmp/call.err
	rc=$?
	cat /tmp/call.err /tmp/call.out >"$OUT"
	[ -z "${ANY_OUTPUT:-}" ] || : >/tmp/call.out
	if [ $rc = 0 ] && [ ! -s /tmp/call.err ] && [ ! -s /tmp/call.out ]; then
		pass "$NAME_OF: exit 0, not a word"
	else
		echo "(exit $rc)" >>"$OUT"
		fail "$NAME_OF: exit 0, not a word"
	fi
	drained >/dev/null 2>&1
}

# read_it WHERE: the message in that mailbox, or at the server, into $G
read_it() {
	rm -rf $G
	WHERE=$1
	if [ "$1" = server ]; then set -- $S/*.msg; else set -- "/var/mail/$1"; fi
	/usr/bin/python3 "$C/read.py" $G "$@" 2>"$OUT" ||
		fail "$NAME_OF: it can be read ($WHERE)"
}

part() { # FILE WANTED: that file of read.py holds just that
	same "$NAME_OF: $1 ($WHERE)" "$2" "$(cat $G/"$1")"
}

arrived() { # WHERE SUBJECT SENDER FROM TEXTFILE
	read_it "$1"
	part count 1
	part subject "$2"
	part sender "$3"
	part from "$4"
	part faults ''
	if cmp "$5" $G/text >"$OUT" 2>&1; then pass "$NAME_OF: text ($1)"; else
		diff "$5" $G/text | cat -A >"$OUT"
		fail "$NAME_OF: text ($1)"
	fi
}

both() { # SUBJECT SENDER FROM TEXTFILE [RCPTS]: at bob's and at the server
	arrived bob "${@:1:4}"
	arrived server "${@:1:4}"
	part rcpts "${5:-carol@remote.example}"
}

has() { # PROGRAM PACKAGE: or else why not
	[ -x "$1" ] && return 0
	skip "$2: the package could not be fetched"
	return 1
}

ALICE='Alice Liddell <alice@mail.example>'
smtpd 2525 $S
relay 2525 | config
start_agent
# shellcheck source=/dev/null
for story in "$C"/${1:-*}.sh; do . "$story"; done
stop_smtpd
finish
