# DragonFly's dma: each message is a process of its own.  It does not sync what
# it writes into a mailbox.
# shellcheck shell=bash
set=dma
queues=(/var/spool/dma)
pattern='Q*'
heavy=1 # a process a message, all at once: gigabytes
version() { dpkg-query -W -f 'dma ${Version}\n' dma; }

settings() {
	[ "$1" != maildir ] || return 1
	printf '%s\n' 'SMARTHOST 127.0.0.1' 'PORT 2525' 'MAILNAME mail.example' >/etc/dma/dma.conf
	[ "$1" != hold ] || echo DEFER >>/etc/dma/dma.conf
	chown root:mail /etc/dma/dma.conf
	chmod 640 /etc/dma/dma.conf
}
start() { /usr/sbin/dma -q; }
stop() { end_all dma; }
