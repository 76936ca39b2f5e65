#!/bin/bash
# Messages as programs really send them, on terminals of 80 and of 40 columns.
# What must be on the screen is in screens/NAME.80 and .40, times and ids as
# noughts; `make screens` writes those files anew, to be looked at.
. "$(dirname "$0")/lib.sh"

. "$TREE/tests/ttys.sh"
SCREENS=$TREE/tests/screens
WRITE=${SCREENS_TO:-} # a folder: nothing is compared
person carol
gpasswd -a alice adm >/dev/null 2>&1

config <<-'X'
	terminal root saml from local via @adm
	terminal carol saml from local
	terminal-sessions all
	terminal-rate 1000 1000
X
start_agent
for user in alice carol; do
	for columns in 80 40; do
		check "$user has a terminal of $columns columns" session $user$columns -w $columns $user
	done
done

if [ -x /usr/sbin/cron ]; then # it looks once a minute: begin now, look last
	mkdir -p /var/spool/cron/crontabs
	{
		echo MAILTO=carol
		# shellcheck disable=SC2028
		echo '* * * * * head -c 65536 /dev/zero | tr "\0" "="; echo; echo backup of /srv failed: No space left on device'
	} >/var/spool/cron/crontabs/root
	chown root:crontab /var/spool/cron/crontabs/* 2>/dev/null
	chmod 600 /var/spool/cron/crontabs/*
	/usr/sbin/cron -f >/tmp/cron.out 2>&1 &
	cron=$!
	# Its first message is enough.
	(await -t 75 text /tmp/screen.carol80 'in the mailbox' && kill "$cron") &
fi

shown() { # NAME USER LAST: both screens, up to the word that comes last
	local columns now
	for columns in 80 40; do
		now=/tmp/now.$1.$columns
		check "$1: it comes to the terminal of $columns columns" \
			await -t 75 text "/tmp/screen.$2$columns" "$3"
		check "$1: settled" drained 70
		tr -d '\r\a' <"/tmp/screen.$2$columns" |
			sed -E '1{/^(.*\$ *)?$/d}' | # the prompt, where it comes late
			sed -E 's/[0-9]{2}:[0-9]{2}:[0-9]{2}(, queue|\])/00:00:00\1/; s/\b[0-9A-Z]{16}\b/0000000000000000/; s/ +$//' >"$now"
		: >"/tmp/screen.$2$columns" # it is open for appending
		if [ -n "$WRITE" ]; then
			cp "$now" "$WRITE/$1.$columns"
		elif diff "$SCREENS/$1.$columns" "$now" >"$OUT" 2>&1; then
			pass "$1: readable on $columns columns"
		else
			fail "$1: readable on $columns columns"
		fi
	done
}

# As Debian's own code writes it, in German, which has letters beyond ASCII.
if unpack unattended && python3 -c 'import apt, apt_inst, distro_info' 2>/tmp/uu; then
	check "unattended-upgrades reports" env LC_ALL=C.UTF-8 LANGUAGE=de python3 "$SCREENS/unattended.py"
	shown unattended-upgrades alice 'upgrades installed'
else
	skip "unattended-upgrades: it could not be fetched"
fi

# HTML only, in UTF-8, as reports of backup and monitoring programs come.
base64 -w 76 >/tmp/html <<'X'
<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Report</title>
<style>td { padding: 2px 8px } .bad { color: #c00 }</style></head>
<body>
<h2>Sicherung auf „hestia“ – 1&nbsp;Fehler</h2>
<p>Die n&auml;chtliche Sicherung ist um <b>06:12&nbsp;Uhr</b> beendet worden. Ein
Verzeichnis konnte <i>nicht</i> gelesen werden; alle anderen sind vollst&auml;ndig.</p>
<table border="0">
<tr><th>Verzeichnis</th><th>Größe</th><th>Ergebnis</th></tr>
<tr><td>/home</td><td>41&nbsp;GB</td><td>✓</td></tr>
<tr><td>/srv/bücher</td><td>7&nbsp;GB</td><td class="bad">Input/output error</td></tr>
</table>
<ul><li>Platte pr&uuml;fen: <tt>smartctl -a /dev/sdb</tt></li>
<li>Dann die Sicherung wiederholen: siehe
<a href="https://backup.example/runs/4711">Lauf 4711</a></li></ul>
<script>track("opened")</script>
<hr><p>Frei: 120&nbsp;€ &lt; 1&nbsp;TB &amp; fallend</p>
</body></html>
X
{
	printf 'From: =?UTF-8?Q?Sicherung_=E2=80=93_hestia?= <backup@mail.example>\nTo: root\nSubject: =?UTF-8?B?U2ljaGVydW5nOiAxIEZlaGxlciDinYw=?=\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n'
	cat /tmp/html
} | submit bob -O Terminal=send alice
shown html alice 'fallend'

latin='Sehr geehrte Frau Müller,\n\ndie Bücher über Gartenbau liegen für Sie bereit. Sie können sie täglich außer montags von 9 bis 17 Uhr abholen; die Gebühr beträgt 5 £.\n\n  1 × Äpfel und Birnen\n  2 × Das große Buch der Kräuter\n\nMit freundlichen Grüßen\nÉtienne Süß'
head='From: Buecherei <bob@mail.example>\nTo: alice\nMIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-8859-1\n'
{
	printf '%bSubject: 8 bits\nContent-Transfer-Encoding: 8bit\n\n' "$head"
	printf '%b\n' "$latin" | iconv -f UTF-8 -t ISO-8859-1
} | submit bob -B8BITMIME -O Terminal=send alice
shown latin1-8bit alice 'tienne'
{
	printf '%bSubject: =?ISO-8859-1?Q?B=FCcher_f=FCr_Frau_M=FCller?=\nContent-Transfer-Encoding: quoted-printable\n\n' "$head"
	printf '%b\n' "$latin" | iconv -f UTF-8 -t ISO-8859-1 |
		python3 -c 'import quopri, sys; quopri.encode(sys.stdin.buffer, sys.stdout.buffer, False)'
} | submit bob -O Terminal=send alice
shown latin1-qp alice 'tienne'

submit bob -O Terminal=send alice <<'X'
From: "Carol via Shared Calendar" <calendar@mail.example>
To: alice
Subject: Invitation: planning for the new office on the third floor, Tuesday
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: 8bit

Carol invites you to "planning for the new office on the third floor".

When:   Tuesday, 1 December, 10:00 – 11:00
Where:  https://meet.example/rooms/7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88

> Who brings the plans?  The last ones were from 2019, and the walls have moved
> since.

Carol
--inner
Content-Type: text/html; charset=utf-8

<p>Carol invites you to <b>planning</b></p>
--inner--

--outer
Content-Type: text/calendar; name="invite.ics"
Content-Disposition: attachment; filename="invite.ics"
Content-Transfer-Encoding: base64

QkVHSU46VkNBTEVOREFSCkVORDpWQ0FMRU5EQVIK
--outer--
X
shown alternative alice 'invite.ics'

if [ -n "${cron:-}" ]; then
	shown cron-64k carol ' mailbox,'
else
	skip "cron: it could not be fetched"
fi
finish
