#!/bin/bash
# What sendmail repairs in a header: the messages of callers as they write them,
# and what of each is in a mailbox and at an SMTP server, byte for byte.
. "$(dirname "$0")/lib.sh"

S=/tmp/smtpd
BOTH='bob, carol@remote.example' # one mailbox here, one there
smtpd 2525 $S
relay 2525 | config
start_agent

# What differs from run to run gets one name; dates of callers are older.
plain() {
	sed -E -e "s/[A-Z][a-z]{2}, [ 0-9]?[0-9] [A-Z][a-z]{2} $(date +%Y) [0-9:]{8} [-+][0-9]{4}/NOW/" \
	    -e 's/ local id [0-9A-Z]{16};/ local id ID;/' \
	    -e 's/<(R\.)?[0-9A-Z]{16}@mail\.example>/<\1ID@mail.example>/'
}
received() { # LOGIN UID
	printf 'Received: from %s (uid %s)\n\tby mail.example (Bellman) with local id ID;\n\tNOW\n' "$@"
}
clean() { rm -f /var/mail/bob $S/*.msg /tmp/got /tmp/want; }
identical() { # WHAT: /tmp/want and /tmp/got
	if cmp /tmp/want /tmp/got >"$OUT" 2>&1; then pass "$1"; else
		diff <(cat -A /tmp/want) <(cat -A /tmp/got) >"$OUT" 2>&1
		fail "$1"
	fi
}

# arrives WHAT LOGIN UID [SENDER] <WANTED: behind Received, for both
arrives() {
	{ received "$2" "$3"; cat; } >/tmp/want
	check "$1: it leaves the spool" drained
	sed '1,/^$/d' $S/*.msg | sed 's/\r$//' | plain >/tmp/got
	identical "$1: at the server"
	if [ -n "${4:-}" ]; then
		same "$1: its sender" "$4" "$(sed -n 's/^MAIL FROM:<\(.*\)>$/\1/p' $S/*.msg)"
	fi
	sed -n '/^Received: /,$p' /var/mail/bob | plain >/tmp/got
	echo >>/tmp/want
	identical "$1: in the mailbox"
	clean
}

added() { printf 'Date: NOW\nMessage-ID: <ID@mail.example>\n'; }

MIME8=$'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit'
submit root -FCronDaemon -i -B8BITMIME -oem bob,carol@remote.example <<X
From: root (Cron Daemon)
To: bob,carol@remote.example
Subject: Cron <root@mail> echo hi
$MIME8
X-Cron-Env: <SHELL=/bin/sh>
X-Cron-Env: <LOGNAME=root>

Grüße
.
behind the dot
X
arrives cron root 0 root@mail.example <<X
From: root@mail.example (Cron Daemon)
To: bob@mail.example,carol@remote.example
Subject: Cron <root@mail> echo hi
$MIME8
X-Cron-Env: <SHELL=/bin/sh>
X-Cron-Env: <LOGNAME=root>
$(added)

Grüße
.
behind the dot
X

submit root -FAnacron -odi bob carol@remote.example <<'X'
From: Anacron <root>
To: root
Content-Type: text/plain; charset="ANSI_X3.4-1968"
Subject: Anacron job 'cron.daily' on mail

/etc/cron.daily/dpkg:
done
.
never seen
X
arrives anacron root 0 root@mail.example <<X
From: Anacron <root@mail.example>
To: root@mail.example
Content-Type: text/plain; charset="ANSI_X3.4-1968"
Subject: Anacron job 'cron.daily' on mail
$(added)

/etc/cron.daily/dpkg:
done
X

printf 'Subject: Output from your job        3\nTo: alice\n\nhi\n.\nx' |
	submit alice -i bob carol@remote.example
arrives at alice 1001 alice@mail.example <<X
Subject: Output from your job        3
To: alice@mail.example
$(added)
From: Alice Liddell <alice@mail.example>

hi
.
x
X

submit root -t <<X
From: mdadm monitoring <root>
To: $BOTH
Subject: DegradedArray event on /dev/md0:mail

This is an automatically generated mail message from mdadm
running on mail

Faithfully yours, etc.
X
arrives mdadm root 0 root@mail.example <<X
From: mdadm monitoring <root@mail.example>
To: bob@mail.example, carol@remote.example
Subject: DegradedArray event on /dev/md0:mail
$(added)

This is an automatically generated mail message from mdadm
running on mail

Faithfully yours, etc.
X

submit root -t <<X
To: $BOTH
From: alice
Auto-Submitted: auto-generated
Subject: *** SECURITY information for mail ***

mail : Nov 23 05:20:33 : alice : user NOT in sudoers ; COMMAND=/bin/sh

X
arrives sudo root 0 root@mail.example <<X
To: bob@mail.example, carol@remote.example
From: alice@mail.example
Auto-Submitted: auto-generated
Subject: *** SECURITY information for mail ***
$(added)

mail : Nov 23 05:20:33 : alice : user NOT in sudoers ; COMMAND=/bin/sh

X

printf 'To: %s\nFrom: root\nSubject: Logwatch for mail (Linux)\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain; charset="iso-8859-1"\n\n ### Logwatch\n J\xf6rg \n' "$BOTH" |
	submit root -t
{
	printf 'To: bob@mail.example, carol@remote.example\nFrom: root@mail.example\nSubject: Logwatch for mail (Linux)\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain; charset="iso-8859-1"\n'
	added
	printf '\n ### Logwatch\n J\xf6rg \n'
} | arrives logwatch root 0

printf 'To: %s\r\nSubject: =?UTF-8?B?w7Y=?=\r\nX-PHP-Originating-Script: 33:a.php\r\nFrom: Webmaster <www>\r\nReply-To: www\r\n\r\nGr\303\274\303\237e,\r\nmixed\nline ends\r\n' "$BOTH" |
	submit alice -t -i -fwww@site.example
arrives "PHP with CRLF" alice 1001 www@site.example <<X
To: bob@mail.example, carol@remote.example
Subject: =?UTF-8?B?w7Y=?=
X-PHP-Originating-Script: 33:a.php
From: Webmaster <www@mail.example>
Reply-To: www@mail.example
$(added)
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße,
mixed
line ends
X

HEAD=$(cat <<'X'
Date: Mon, 1 Jan 2024 05:20:33 +0100
From: "Liddell, Alice" <alice@own.example>
To: =?utf-8?B?SsO2cmc=?= <joerg@remote.example>,
	"Carol \"C\" D." <carol@remote.example>
Cc: friends: bob@mail.example;
Message-ID: <ZZ@own.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
Content-Disposition: inline
User-Agent: Mutt/2.2.9 (2022-11-12)
X
)
printf '%s\nBcc: secret@remote.example,\n\tbob\nSubject: s\n\ntext\n' "$HEAD" |
	submit alice -oem -oi -f alice@own.example -- bob carol@remote.example
arrives "mutt, which keeps Bcc" alice 1001 alice@own.example <<X
$HEAD
Subject: s

text
X

PATCH=$(cat <<'X'
From: Alice Liddell <alice@own.example>
To: bob@mail.example
Cc: carol@remote.example
Subject: [PATCH 1/2] main: say no more
Date: Mon,  1 Jan 2024 05:20:33 +0000
Message-Id: <20240101052033.123-1-alice@own.example>
X-Mailer: git-send-email 2.39.5
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Signed-off-by: Jörg <j@own.example>
---
 main.c | 2 +-

.
-	a	
+	b 
-- 
2.39.5

X
)
submit alice -i bob@mail.example carol@remote.example <<X
$PATCH

X
arrives "git send-email" alice 1001 alice@mail.example <<X
$PATCH

X

submit alice -t <<X
Resent-From: Alice <alice>
Resent-To: $BOTH
Resent-Bcc: bob@mail.example
Received: from elsewhere
Resent-To: no-history@remote.example
Resent-Bcc: no-older@remote.example
Date: Mon, 1 Jan 2024 05:20:33 +0100
From: x@own.example
To: no-first@remote.example
Bcc: no-secret@remote.example
Message-ID: <ZZ@own.example>

once more
X
arrives "resent" alice 1001 <<X
Resent-Date: NOW
Resent-Message-ID: <R.ID@mail.example>
Resent-From: Alice <alice@mail.example>
Resent-To: bob@mail.example, carol@remote.example
Received: from elsewhere
Resent-To: no-history@remote.example
Date: Mon, 1 Jan 2024 05:20:33 +0100
From: x@own.example
To: no-first@remote.example
Message-ID: <ZZ@own.example>

once more
X
refute "resent: nobody of the other fields was asked" grep -q 'RCPT no-' $S/log

printf '>From alice Mon Jan  1 2024\nReturn-Path: <a@b>\nbCC :\n bob\n\t, carol@remote.example\nDate:\nSubject: s\n\nhi\n' |
	submit alice -t
arrives "Bcc alone" alice 1001 <<X
Subject: s
$(added)
From: Alice Liddell <alice@mail.example>
To: undisclosed-recipients:;

hi
X

printf 'no field at all\nSubject: text\n' | submit alice bob carol@remote.example
arrives "a text without header" alice 1001 <<X
$(added)
From: Alice Liddell <alice@mail.example>
To: undisclosed-recipients:;

no field at all
Subject: text
X

printf 'Subject: s' | submit alice bob carol@remote.example
arrives "a header without text" alice 1001 <<X
Subject: s
$(added)
From: Alice Liddell <alice@mail.example>
To: undisclosed-recipients:;

X

submit alice bob carol@remote.example </dev/null
arrives "nothing at all" alice 1001 <<X
$(added)
From: Alice Liddell <alice@mail.example>
To: undisclosed-recipients:;

X

printf 'To: x@y\n\nhi\n' | submit alice -f '<>' -F '' bob carol@remote.example
arrives "a null sender" alice 1001 '' <<X
To: x@y
$(added)
From: MAILER-DAEMON@mail.example

hi
X

named() { # WHAT FROM COMMAND...: as alice
	local what=$1 from=$2
	shift 2
	printf 'To: x@y\n\nhi\n' | as alice "$@" bob carol@remote.example
	arrives "$what" alice 1001 <<X
To: x@y
$(added)
From: $from

hi
X
}
named "NAME" '"A. Liddell" <alice@mail.example>' env NAME='A. Liddell' /usr/sbin/sendmail
named "NAME that is empty" 'Alice Liddell <alice@mail.example>' env NAME= /usr/sbin/sendmail
named "NAME with line ends" '"x  Bcc: y" <alice@mail.example>' env NAME=$'x\r\nBcc: y' /usr/sbin/sendmail
named "-F before NAME" 'Robot <alice@mail.example>' env NAME=x /usr/sbin/sendmail -F Robot
named "-F with UTF-8" '=?UTF-8?B?SsO2cmcsICJ4Ig==?= <alice@mail.example>' /usr/sbin/sendmail -F 'Jörg, "x"'
named "-F with Latin-1" '=?ISO-8859-1?B?Svly?= <alice@mail.example>' /usr/sbin/sendmail -F $'J\xf9r'
named "-F with quotes" '"a \"b\" <c@d>, \\" <alice@mail.example>' /usr/sbin/sendmail -F 'a "b" <c@d>, \'
usermod -c 'Älice & "L",Room 1,,' alice
named "the user database" '=?UTF-8?B?w4RsaWNlIGFsaWNlICJMIg==?= <alice@mail.example>' /usr/sbin/sendmail

# Senders as lists make them, and a user of such a name who does not exist.
verp=list-$(printf 'x%.0s' {1..150})=remote.example
printf 'To: x@y\n\nhi\n' | submit alice -f "$verp@list.example" bob "$verp@remote.example"
check "a sender of 170 octets is taken" drained
same "at the server" "$verp@list.example" "$(sed -n 's/^MAIL FROM:<\(.*\)>$/\1/p' $S/*.msg)"
same "such a recipient" "$verp@remote.example" "$(sed -n 's/^RCPT TO:<\(.*\)>$/\1/p' $S/*.msg)"
check "in the mailbox" grep -q -x -i "Return-Path: <$verp@list.example>" /var/mail/bob
clean
printf 'To: x@y\n\nhi\n' | submit bob "$verp"
check "mail for an unknown user of such a name" drained
check "comes back" grep -q "$verp@mail.example" /var/mail/bob
clean

# A field's lines have no limit of ours, an SMTP server's do.
words=$(printf 'word%.0s ' {1..400})
printf 'To: x@y\nSubject: %s\n\nhi\n' "$words" | submit alice bob carol@remote.example
check "a long field leaves the spool" drained
check "for the mailbox" test -s /var/mail/bob
check "in legal lines" sh -c "! tr -d '\\r' <$S/*.msg | grep -q '.\\{999\\}'"
same "and nothing of it is lost" "Subject: $words" \
    "$(sed 's/\r$//' $S/*.msg | sed -n '/^Subject: /,/^[^ Ss]/p' | grep -v '^[DMF]' | tr -d '\n')"
clean
stop_agent

queued() { # ARGUMENTS...: stdin, while no agent runs; the file goes to /tmp/q
	rm -f $SPOOL/drop/*
	timeout 20 setpriv --reuid=alice --regid=alice --init-groups --reset-env /usr/sbin/sendmail "$@" 2>/tmp/err
	RC=$?
	cat $SPOOL/drop/* >/tmp/q 2>/dev/null
}

{
	printf 'To: u0@remote.example'
	seq -f ',u%g@remote.example' 9999 | tr -d '\n'
	printf '\n\nhi\n'
} | queued -t
same "10000 recipients in one line: taken" 0 $RC
same "each of them" 10000 "$(grep -c '^to <u[0-9]*@remote.example>' /tmp/q)"
refute "in legal lines" grep -q '.\{999\}' /tmp/q

{
	seq -f "X-%g: $(printf 'x%.0s' {1..90})" 12000
	printf 'Subject: end\n\nhi\n'
} >/tmp/m
queued bob </tmp/m
check "a header of 1 MB" test "$(stat -c %s /tmp/m)" -gt 1048576
same "is taken" 0 $RC
check "is whole" sh -c "grep -a '^X-' /tmp/m >/tmp/a; grep -a '^X-' /tmp/q | cmp - /tmp/a"
check "and still a header" grep -q '^Message-ID: <' /tmp/q

head -c 1500000 /dev/zero | tr '\0' x | queued bob
same "a text of 1.5 MB in one line, without a header: taken" 0 $RC
same "whole" 1500000 "$(tail -n 1 /tmp/q | tr -d '\n' | wc -c)"
rm -f $SPOOL/drop/*
finish
