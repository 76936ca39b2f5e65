#!/bin/bash
# RFC 821, appendix F: the scenarios that verify, send and mail, as they stand
# there.  Each line "S:" is said when all before it has been answered; each line
# "R:" must come, to the octet, CRLF behind it, and nothing else.
. "$(dirname "$0")/lib.sh"

. "$TREE/tests/ttys.sh"

echo 'Admin.MRC:x:1040:1002:Mark Crispin:/tmp:/bin/bash' >>/etc/passwd
echo 'Admin.MRC:*:19000:0:99999:7:::' >>/etc/shadow
echo SU-SCORE.ARPA >/etc/mailname
config <<-'X'
	hostname SU-SCORE.ARPA
	local-domains SU-SCORE.ARPA
X
start_agent

scenario() { # NAME: the text of the RFC is stdin
	local replies=0 line got
	coproc BS { as bob /usr/sbin/sendmail -bs 2>&1; }
	# Our own: bash closes those when it ends, perhaps before its last reply is read.
	local from to pid=$BS_PID
	exec {from}<&"${BS[0]}" {to}>&"${BS[1]}"
	: >"$OUT"
	while IFS= read -r line; do
		case $line in
		'S: '*) printf '%s\r\n' "${line#S: }" >&"$to" ;;
		'R: '*)
			got=
			IFS= read -r -t 60 -u "$from" got
			replies=$((replies + 1))
			[ "$got" = "${line#R: }"$'\r' ] ||
				printf 'wanted: %s\ngot:    %s\n' "${line#R: }" "$got" >>"$OUT"
			;;
		esac
	done
	exec {to}>&-
	cat <&"$from" >>"$OUT"
	exec {from}<&-
	wait "$pid" 2>/dev/null
	if [ -s "$OUT" ]; then fail "$1"; else pass "$1: $replies replies"; fi
}

# When sending fails, it is mailed.
scenario 'scenario 5' <<'X'
R: 220 SU-SCORE.ARPA Simple Mail Transfer Service Ready
S: HELO MIT-MC.ARPA
R: 250 SU-SCORE.ARPA

S: VRFY Crispin
R: 250 Mark Crispin <Admin.MRC@SU-SCORE.ARPA>

S: SEND FROM:<EAK@MIT-MC.ARPA>
R: 250 OK

S: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
R: 450 User not active now

S: RSET
R: 250 OK

S: MAIL FROM:<EAK@MIT-MC.ARPA>
R: 250 OK

S: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
R: 250 OK

S: DATA
R: 354 Start mail input; end with <CRLF>.<CRLF>
S: Blah blah blah...
S: ...etc. etc. etc.
S: .
R: 250 OK

S: QUIT
R: 221 SU-SCORE.ARPA Service closing transmission channel
X
check "it is in his mailbox" await mbox /var/mail/Admin.MRC 1

# The same in one transaction.
scenario 'scenario 6' <<'X'
R: 220 SU-SCORE.ARPA Simple Mail Transfer Service Ready
S: HELO MIT-MC.ARPA
R: 250 SU-SCORE.ARPA

S: VRFY Crispin
R: 250 Mark Crispin <Admin.MRC@SU-SCORE.ARPA>

S: SOML FROM:<EAK@MIT-MC.ARPA>
R: 250 OK

S: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
R: 250 User not active now, so will do mail.

S: DATA
R: 354 Start mail input; end with <CRLF>.<CRLF>
S: Blah blah blah...
S: ...etc. etc. etc.
S: .
R: 250 OK

S: QUIT
R: 221 SU-SCORE.ARPA Service closing transmission channel
X
check "and this one too" await mbox /var/mail/Admin.MRC 2

check "Crispin logs in" session mrc Admin.MRC
scenario 'scenario 4' <<'X'
R: 220 SU-SCORE.ARPA Simple Mail Transfer Service Ready
S: HELO MIT-MC.ARPA
R: 250 SU-SCORE.ARPA

S: VRFY Crispin
R: 250 Mark Crispin <Admin.MRC@SU-SCORE.ARPA>

S: SEND FROM:<EAK@MIT-MC.ARPA>
R: 250 OK

S: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
R: 250 OK

S: DATA
R: 354 Start mail input; end with <CRLF>.<CRLF>
S: Blah blah blah...
S: ...etc. etc. etc.
S: .
R: 250 OK

S: QUIT
R: 221 SU-SCORE.ARPA Service closing transmission channel
X
# One dot less: 4.5.2, the receiver deletes the first of a line.
check "it is on his screen" await text /tmp/screen.mrc '| ..etc. etc. etc.'
check "both lines" grep -q '^| Blah blah blah\.\.\.' /tmp/screen.mrc
check "settled" drained 70
same "and not in his mailbox" 2 "$(messages /var/mail/Admin.MRC)"
finish
