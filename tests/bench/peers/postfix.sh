# Postfix with Debian's own services; messages wait in the deferred queue, and
# are taken from there by `postqueue -f`; submission alone is into maildrop.
# shellcheck shell=bash
set=postfix
queues=(/var/spool/postfix/{maildrop,incoming,active,deferred,hold})
fill_with_daemon=1
fill_with_smtp=1
version() { echo "Postfix $(postconf -h mail_version)"; }

configure() {
	postconf -e 'compatibility_level=3.6' 'myhostname=mail.example' \
	    'myorigin=mail.example' 'mydestination=mail.example, localhost' \
	    'default_transport=smtp' 'relay_transport=relay' \
	    'relayhost=[127.0.0.1]:2525' 'inet_interfaces=loopback-only' \
	    'inet_protocols=ipv4' 'smtp_tls_security_level=none' \
	    'smtp_host_lookup=native' 'alias_maps=hash:/etc/aliases' \
	    'mailbox_command=' 'mailbox_size_limit=0' \
	    'message_size_limit=50000000' 'biff=no' \
	    'enable_long_queue_ids=yes' # a queue that is put back keeps its names
	newaliases
}
settings() {
	postconf -e "defer_transports=$([ "$1" = hold ] && echo smtp relay local)" \
	    "home_mailbox=$([ "$1" = maildir ] && echo Maildir/)"
}
start() { postfix start >/dev/null 2>&1; }
kick() { postqueue -f; }
stop() {
	local pid
	pid=$(cat /var/spool/postfix/pid/master.pid 2>/dev/null) || return 0
	postfix stop >/dev/null 2>&1
	await -t 10 dead $pid
}
# Filled, they are all in the deferred queue and none on the way there.
waiting() { count_files '*' /var/spool/postfix/deferred; }
