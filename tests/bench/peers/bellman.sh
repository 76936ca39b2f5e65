# Bellman, as `make install` leaves it; messages wait in drop/ and are taken
# over when the agent starts.
# shellcheck shell=bash
queues=(/var/spool/bellman/drop /var/spool/bellman/queue)
version() { deliver --version | head -n 1; }

settings() { # hold, relay, mbox, maildir
	cat >/etc/bellman/bellman.conf <<-X
		local-domains mail.example localhost
		local $([ "$1" = maildir ] && echo 'maildir ~/Maildir' || echo 'mbox /var/mail/%u')
		hold $([ "$1" = hold ] && echo yes || echo no)
		relay main {
			host 127.0.0.1 2525
			tls never
		}
	X
}
start() {
	rm -f /run/bellman/control
	deliver >/dev/null 2>/run/deliver.err &
	agent=$!
	await -t 10 exists /run/bellman/control
}
stop() {
	[ -n "${agent:-}" ] || return 0
	kill "$agent" 2>/dev/null
	wait "$agent" 2>/dev/null
	agent=
	# what it has learnt of this server is not carried from one test into the next
	rm -rf /var/lib/bellman/*
}
