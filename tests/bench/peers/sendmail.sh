# Sendmail 8, configured by its own m4 files, with the limits that depend on the
# load of the machine raised; submission goes through its daemon.
# shellcheck shell=bash
set=sendmail
queues=(/var/spool/mqueue /var/spool/mqueue-client)
pattern='qf*'
submit_with_daemon=1
fill_with_daemon=1
version() { dpkg-query -W -f 'Sendmail ${Version}\n' sendmail-bin; }

configure() {
	mkdir -p /run/sendmail/{mta,msp,stampdir} /var/spool/mqueue /var/spool/mqueue-client
	chown root:smmta /var/spool/mqueue /run/sendmail/mta
	chmod 2750 /var/spool/mqueue
	chown smmsp:smmsp /run/sendmail/msp /var/spool/mqueue-client
	chmod 2770 /var/spool/mqueue-client
	m4 /etc/mail/submit.mc >/etc/mail/submit.cf 2>/dev/null
	printf '%s\n' mail.example localhost >/etc/mail/local-host-names
	printf 'hosts: files\n' >/etc/mail/service.switch
	newaliases >/dev/null 2>&1
}
settings() {
	[ "$1" != maildir ] || return 1
	runner=-q1h
	[ "$1" != hold ] || runner=
	cat >/etc/mail/bench.mc <<-X
		divert(-1)
		include(\`/usr/share/sendmail/cf/m4/cf.m4')
		divert(0)dnl
		OSTYPE(\`debian')
		DOMAIN(\`debian-mta')
		undefine(\`confHOST_STATUS_DIRECTORY')dnl
		define(\`confDOMAIN_NAME', \`mail.example')dnl
		define(\`confDELIVERY_MODE', \`$([ "$1" = hold ] && echo queueonly || echo background)')dnl
		define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl
		define(\`RELAY_MAILER_ARGS', \`TCP \$h 2525')dnl
		define(\`confQUEUE_LA', \`1000')dnl
		define(\`confREFUSE_LA', \`1000')dnl
		define(\`confDELAY_LA', \`0')dnl
		FEATURE(\`no_default_msa')dnl
		FEATURE(\`nocanonify')dnl
		FEATURE(\`accept_unresolvable_domains')dnl
		DAEMON_OPTIONS(\`Family=inet, Name=MTA-v4, Port=smtp, Addr=127.0.0.1')dnl
		MAILER_DEFINITIONS
		MAILER(\`local')dnl
		MAILER(\`smtp')dnl
	X
	m4 /etc/mail/bench.mc >/etc/mail/sendmail.cf 2>/dev/null
}
start() { /usr/sbin/sendmail-mta -Am -L sm-mta -bd $runner >/dev/null 2>&1; }
stop() { end_all sendmail-mta; }
