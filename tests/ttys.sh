# ttys.sh - users at terminals, for stories; sourced behind lib.sh.
# shellcheck shell=bash
declare -A PID KEYS

person() { # NAME...: they have homes, and no mailboxes yet
	local name
	for name; do
		useradd -K MAIL_DIR=/nonexistent -m -U -s /bin/bash "$name" 2>/dev/null
	done
}
# What a terminal shows is in /tmp/screen.NAME; what goes to ${KEYS[NAME]} is
# typed there.
session() { # NAME [OPTIONS] USER: he logs in
	local name=$1 fd
	shift
	rm -f "/tmp/keys.$name"
	mkfifo "/tmp/keys.$name"
	"$O/tests/ptyuser" "$@" "/tmp/screen.$name" <"/tmp/keys.$name" >"/tmp/session.$name" 2>&1 &
	PID[$name]=$!
	exec {fd}>"/tmp/keys.$name"
	KEYS[$name]=$fd
	await -t 35 text "/tmp/session.$name" ready
}
window() { # NAME USER: a terminal of his that no register knows
	local name=$1 fd
	rm -f "/tmp/keys.$name" "/tmp/screen.$name"
	mkfifo "/tmp/keys.$name"
	setpriv --reuid="$2" --regid="$2" --init-groups --reset-env script -qfc 'tty | cut -d/ -f3-; exec cat' "/tmp/screen.$name" <"/tmp/keys.$name" >"/tmp/session.$name" 2>&1 &
	PID[$name]=$!
	exec {fd}>"/tmp/keys.$name"
	KEYS[$name]=$fd
	await text "/tmp/session.$name" pts/
}
tty_of() { cut -d' ' -f1 "/tmp/session.$1" | tr -d '\r' | head -n 1; }
leave() { # NAME
	kill "${PID[$1]}" # his keys are open in later ones' hands, too
	eval "exec ${KEYS[$1]}>&-"
	wait "${PID[$1]}"
}
rcpt() { # KIND TO [FROM]: the reply to RCPT in an EHLO session
	local from=${3:-bob}
	printf 'EHLO x\r\n%s FROM:<%s>\r\nRCPT TO:<%s>\r\nQUIT\r\n' "$1" "$from" "$2" |
		as "$from" /usr/sbin/sendmail -bs | tail -n 2 | head -n 1 | tr -d '\r'
}
say() { # KIND TO WORDS [FROM]
	printf 'Subject: %s\n\n%s\n' "$1" "$3" | submit "${4:-bob}" -O Terminal="$1" "$2"
}
# A dialogue of bob's that stands behind RCPT; then the text, and its end.
rcpt_held() { # TO: what is said to him is in /tmp/said
	[ -p /tmp/talk ] || mkfifo /tmp/talk
	( # which must not keep a session open
		for fd in "${KEYS[@]}"; do eval "exec $fd>&-"; done
		as bob /usr/sbin/sendmail -bs </tmp/talk >/tmp/said 2>&1
	) &
	exec 9>/tmp/talk
	printf 'EHLO x\r\nSEND FROM:<bob>\r\nRCPT TO:<%s>\r\n' "$1" >&9
}
data_now() { # WORDS
	printf 'DATA\r\nSubject: s\r\n\r\n%s\r\n.\r\nQUIT\r\n' "$1" >&9
	exec 9>&-
}
