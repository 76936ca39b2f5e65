# nullmailer: only to a relay, one message after the other.
# shellcheck shell=bash
set=nullmailer
queues=(/var/spool/nullmailer/queue)
version() { dpkg-query -W -f 'nullmailer ${Version}\n' nullmailer; }

settings() {
	case $1 in mbox | maildir) return 1 ;; esac
	echo '127.0.0.1 smtp --port=2525' >/etc/nullmailer/remotes
	chown mail:mail /etc/nullmailer/remotes
	rm -f /etc/nullmailer/me # /etc/mailname has it
	[ -p /var/spool/nullmailer/trigger ] || {
		mkfifo /var/spool/nullmailer/trigger
		chown mail:mail /var/spool/nullmailer/trigger
		chmod 622 /var/spool/nullmailer/trigger
	}
}
start() {
	setpriv --reuid=mail --regid=mail --clear-groups nullmailer-send >/dev/null 2>&1 &
}
stop() { end_all nullmailer-send; }
