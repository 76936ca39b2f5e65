# OpenSMTPD; submission needs its daemon, which has the delivery agents paused
# when it is to hold.
# shellcheck shell=bash
set=opensmtpd
queues=(/var/spool/smtpd/queue)
pattern='????????????????'
submit_with_daemon=1
fill_with_daemon=1
version() { dpkg-query -W -f 'OpenSMTPD ${Version}\n' opensmtpd; }

settings() {
	paused=
	[ "$1" != hold ] || paused='-P mta -P mda'
	cat >/etc/smtpd.conf <<-X
		listen on socket
		action "in" $([ "$1" = maildir ] && echo 'maildir "~/Maildir"' || echo mbox)
		action "out" relay host smtp+notls://127.0.0.1:2525
		match for local action "in"
		match from local for any action "out"
	X
}
start() {
	smtpd $paused >/dev/null 2>&1
	await -t 10 exists /run/smtpd.sock
}
stop() {
	end_all smtpd
	rm -f /run/smtpd.sock
}
