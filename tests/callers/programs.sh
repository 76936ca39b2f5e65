# shellcheck shell=bash disable=SC2154 # read by 12-callers.sh
# Programs that make the message themselves: PHP for real, the others by the
# words and bytes that they are known to send.

if has /usr/bin/php8.2 php8.2-cli; then
	cat >/tmp/mail.php <<'X'
<?php
$text = file_get_contents('/tmp/text');
if ($argv[1] == 'crlf')
	$text = str_replace("\n", "\r\n", $text);
$ok = mail('bob, carol@remote.example', '=?UTF-8?B?' . base64_encode('PHP: Grüße') . '?=', $text, [
	'From' => 'Web <www@other.example>',
	'Bcc' => 'dave@remote.example',
	'MIME-Version' => '1.0',
	'Content-Type' => 'text/plain; charset=UTF-8',
], $argv[2]);
exit($ok ? 0 : 1);
X
	{ cat /tmp/text; echo; } >/tmp/php.text # PHP ends it so
	call 'PHP mail()' php8.2 /tmp/mail.php lf ''
	both 'PHP: Grüße' alice@mail.example 'Web <www@other.example>' /tmp/php.text \
	    'carol@remote.example dave@remote.example'
	call 'PHP mail() with CRLF and -f' php8.2 /tmp/mail.php crlf -fbounces@other.example
	both 'PHP: Grüße' bounces@other.example 'Web <www@other.example>' /tmp/php.text \
	    'carol@remote.example dave@remote.example'
fi

# form WHAT SENDER FROM WORDS...: sendmail is called so, with a header on
# standard input that ends before the text; the text follows it.  CRLF=1: with
# the line ends of the net.
form() {
	local what=$1 sender=$2 from=$3
	shift 3
	{ cat; echo; cat /tmp/text; } >/tmp/form
	[ -z "${CRLF:-}" ] || sed -i 's/$/\r/' /tmp/form
	chmod 644 /tmp/form
	call "$what" sh -c 'exec "$@" </tmp/form' - "$@"
	both Grüße "$sender" "$from" "${TEXT:-/tmp/text}" "${RCPTS:-carol@remote.example}"
}
# without -i the first lone dot is the end
head -1 /tmp/text >/tmp/text1
SM=/usr/sbin/sendmail

cat >/tmp/upgrades.py <<'X'
# as unattended-upgrades and apt-listchanges do it
import email.charset
import subprocess
import sys
from email.mime.text import MIMEText

email.charset.add_charset("utf-8", email.charset.SHORTEST, None, "utf-8")
body = open("/tmp/text", encoding="utf-8").read()
msg = MIMEText(body, _charset=None) if body.isascii() else MIMEText(body, "plain", "utf-8")
msg["Subject"] = "Grüße"
msg["From"] = "root"
msg["To"] = "bob, carol@remote.example"
msg["Auto-Submitted"] = "auto-generated"
with subprocess.Popen(["/usr/sbin/sendmail", "-oi", "-t"], stdin=subprocess.PIPE,
                      universal_newlines=True) as sendmail:
    sendmail.communicate(msg.as_string())
sys.exit(sendmail.returncode)
X
call unattended-upgrades /usr/bin/python3 /tmp/upgrades.py
both Grüße alice@mail.example root@mail.example /tmp/text
check "$NAME_OF: Auto-Submitted stays" grep -q -x auto-submitted $G/fields

TEXT=/tmp/text1
form mdadm alice@mail.example 'mdadm monitoring <root@mail.example>' $SM -t <<'X'
From: mdadm monitoring <root>
To: bob, carol@remote.example
Subject: Grüße
X

form fail2ban fail2ban@other.example 'Fail2Ban <fail2ban@other.example>' \
    $SM -f fail2ban@other.example bob carol@remote.example <<'X'
Subject: Grüße
Date: Mon, 02 Feb 2026 10:00:00 +0000
From: Fail2Ban <fail2ban@other.example>
To: bob
X

form anacron alice@mail.example 'root@mail.example (Anacron)' \
    $SM -FAnacron -odi bob carol@remote.example <<'X'
From: root (Anacron)
To: bob
Subject: Grüße
Content-Type: text/plain; charset=UTF-8
X

form rkhunter alice@mail.example "$ALICE" $SM bob carol@remote.example <<'X'
Subject: Grüße
To: bob
X

# What follows the dot nobody reads, as with Sendmail: the writer may well wait
# for the end of sendmail before it closes the pipe.
cat >/tmp/report.py <<'X'
import subprocess
import sys

with subprocess.Popen(["/usr/sbin/sendmail", "-t"], stdin=subprocess.PIPE) as pipe:
    pipe.stdin.write("To: bob, carol@remote.example\nSubject: Grüße\n\nGrüße aus Köln, привет\n.\n".encode())
    pipe.stdin.flush()
    sys.exit(pipe.wait(20))
X
call 'a lone dot, and the pipe left open' /usr/bin/python3 /tmp/report.py
both Grüße alice@mail.example "$ALICE" /tmp/text1
TEXT=

form cron alice@mail.example 'root@mail.example (Cron Daemon)' \
    $SM -FCronDaemon -i -B8BITMIME -oem bob,carol@remote.example <<'X'
From: root (Cron Daemon)
To: bob,carol@remote.example
Subject: Grüße
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
X-Cron-Env: <SHELL=/bin/sh>
X

CRLF=1
form Rails app@other.example 'app@other.example' \
    $SM -i -f app@other.example -- bob carol@remote.example <<'X'
Date: Mon, 02 Feb 2026 10:00:00 +0000
From: app@other.example
To: bob@mail.example
Message-ID: <abc@other.example>
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=
Mime-Version: 1.0
Content-Type: text/plain;
 charset=UTF-8
Content-Transfer-Encoding: 8bit
X

RCPTS='carol@remote.example dave@remote.example'
form 'older Rails' alice@mail.example app@other.example $SM -i -t <<'X'
From: app@other.example
To: bob@mail.example
Cc: carol@remote.example
Bcc: dave@remote.example
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=
Mime-Version: 1.0
Content-Type: text/plain; charset=UTF-8
X

form Nodemailer app@other.example 'App <app@other.example>' \
    $SM -i -f app@other.example bob carol@remote.example dave@remote.example <<'X'
From: App <app@other.example>
To: bob@mail.example
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
X
CRLF=

form Emacs alice@mail.example "$ALICE" \
    $SM -oi -f alice@mail.example -oem -odb -t -N failure <<'X'
From: Alice Liddell <alice@mail.example>
To: bob,
 carol@remote.example
BCC: dave@remote.example
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
User-Agent: Gnus/5.13 (Gnus v5.13)
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
X

form 'Emacs, mail-mode' alice@mail.example 'alice@mail.example (Alice Liddell)' \
    $SM -oi -f alice -oA/etc/aliases -oep -odi -t <<'X'
To: bob
CC: carol@remote.example
Bcc: dave@remote.example
Subject: Grüße
From: alice@mail.example (Alice Liddell)
X
RCPTS=

form procmail alice@mail.example "$ALICE" $SM -oi -f alice bob carol@remote.example <<'X'
From somebody@other.example  Mon Feb  2 10:00:00 2026
Return-Path: <somebody@other.example>
From: Alice Liddell <alice@mail.example>
To: alice@mail.example
Subject: Grüße
X

# smartd's runner writes by mail(1)
if has /usr/bin/mail mail; then
	call smartd sh -c 'mail -s "SMART error (Health) detected on host: mail" bob carol@remote.example </tmp/text'
	both 'SMART error (Health) detected on host: mail' alice@mail.example "$ALICE" /tmp/text
fi
