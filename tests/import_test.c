#include "deliver/net/secrets.h"
#include "deliver/setup/source.h"
#include "tests/rows.h"
#include <stdio.h>
#include <stdlib.h>

/* The settings of a mailer; its files are parted by lines "== PATH".  want: all
 * of bellman.conf; secrets: all of them; note: a part of a sentence, or with
 * "!" of none. */
static const struct row {
	const char *name, *from, *text, *conf, *secrets, *note;
} rows[] = {
	{ "postfix_null_client", "postfix",
	    "== /etc/postfix/main.cf\n"
	    "# See /usr/share/postfix/main.cf.dist for a commented one\n"
	    "smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)\n"
	    "biff = no\nappend_dot_mydomain = no\nreadme_directory = no\n"
	    "compatibility_level = 3.6\n"
	    "smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem\n"
	    "smtp_tls_CApath=/etc/ssl/certs\nsmtp_tls_security_level=may\n"
	    "smtp_tls_session_cache_database = btree:${data_directory}/x\n"
	    "smtpd_relay_restrictions = permit_mynetworks defer\n"
	    "myhostname = web1.example.org\nalias_maps = hash:/etc/aliases\n"
	    "alias_database = hash:/etc/aliases\nmyorigin = /etc/mailname\n"
	    "mydestination = $myhostname, web1, localhost.$mydomain,\n"
	    "# a comment\n"
	    "   localhost\n"
	    "relayhost = [smtp.example.net]:587\n"
	    "mynetworks = 127.0.0.0/8 [::1]/128\nmailbox_size_limit = 0\n"
	    "recipient_delimiter = +\ninet_interfaces = loopback-only\n"
	    "inet_protocols = all\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
	    "== /etc/postfix/sasl_passwd\n"
	    "[smtp.example.net]:587 alerts@example.org:se:cret \"x\n",
	    "hostname web1.example.org\n"
	    "local-domains localhost web1.example.org web1 "
	    "localhost.example.org\n"
	    "relay smtp.example.net 587\n",
	    "smtp.example.net alerts@example.org \"se:cret \\\"x\"\n",
	    "main.cf:20: mynetworks is left out: nobody" },
	{ "postfix_notes_nothing_without_cause", "postfix",
	    "== /etc/postfix/main.cf\nbiff = no\nsmtpd_banner = x\n", "", "",
	    "" },
	{ "postfix_lan_relay", "postfix",
	    "== /etc/postfix/main.cf\nrelayhost = [10.0.0.5]\n"
	    "mydestination =\n",
	    "local-domains localhost\n"
	    "relay main {\n\thost 10.0.0.5 25\n\ttls opportunistic\n}\n",
	    "", "" },
	{ "postfix_relay_by_mx", "postfix",
	    "== /etc/postfix/main.cf\nrelayhost = example.net\n"
	    "smtp_tls_security_level = none\n",
	    "relay main {\n\tmx example.net\n\ttls never\n}\n", "", "" },
	{ "postfix_wrapped", "postfix",
	    "== /etc/postfix/main.cf\nrelayhost = [r.example]:465\n"
	    "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt\n",
	    "relay r.example 465\n", "", "any certificate was good" },
	{ "postfix_wrapped_elsewhere", "postfix",
	    "== /etc/postfix/main.cf\nrelayhost = [r.example]:2465\n"
	    "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = secure\n",
	    "relay r.example 2465\n", "",
	    "TLS from the first octet at another port" },
	{ "postfix_dane", "postfix",
	    "== /etc/postfix/main.cf\nrelayhost = r.example\n"
	    "smtp_tls_security_level = dane\n",
	    "relay main {\n\tmx r.example\n\ttls dane\n}\n", "", "" },
	{ "postfix_last_value_counts", "postfix",
	    "== /etc/postfix/main.cf\nrelayhost = [a.example]\n"
	    "relayhost = [b.example]:25\nsmtp_tls_security_level=verify\n",
	    "relay b.example 25\n", "", "" },
	{ "postfix_generic", "postfix",
	    "== /etc/postfix/main.cf\n"
	    "smtp_generic_maps = hash:/etc/postfix/generic\n"
	    "sender_canonical_maps = regexp:/etc/postfix/sc\n"
	    "== /etc/postfix/generic\n"
	    "root@web1.local alerts@example.org\nbob bob@example.org\n"
	    "@web1.local all@example.org\n@x.local @example.org\n"
	    "== /etc/postfix/sc\n/.+/ one@example.org\n/^a/ two@example.org\n",
	    "sender *@* <one@example.org>\n"
	    "sender root@web1.local <alerts@example.org>\n"
	    "sender bob@* <bob@example.org>\n"
	    "sender *@web1.local <all@example.org>\n",
	    "", "smtp_generic_maps: a line is left out" },
	{ "postfix_maildir", "postfix",
	    "== /etc/postfix/main.cf\nhome_mailbox = Maildir/\n",
	    "local maildir ~/Maildir\n", "", "" },
	{ "postfix_mbox_at_home", "postfix",
	    "== /etc/postfix/main.cf\nhome_mailbox = Mailbox\n", "", "",
	    "home_mailbox is left out" },
	{ "postfix_spool", "postfix",
	    "== /etc/postfix/main.cf\nmail_spool_directory = /srv/mail\n",
	    "local mbox /srv/mail/%u\n", "", "" },
	{ "postfix_procmail", "postfix",
	    "== /etc/postfix/main.cf\n"
	    "mailbox_command = procmail -a \"$EXTENSION\"\n",
	    /* as Debian writes it: there Postfix leaves a $ to the shell */
	    "local command procmail -a \"$EXTENSION\"\n", "", "" },
	{ "postfix_dovecot", "postfix",
	    "== /etc/postfix/main.cf\n"
	    "mailbox_transport = lmtp:unix:private/dovecot-lmtp\n",
	    "local lmtp /var/spool/postfix/private/dovecot-lmtp\n", "", "" },
	{ "postfix_limits", "postfix",
	    "== /etc/postfix/main.cf\nmessage_size_limit = 20480000\n"
	    "mailbox_size_limit = 51200000\nmaximal_queue_lifetime = 2w\n"
	    "delay_warning_time = 4h\n",
	    "limits size 20480000\nmailbox-size 51200000\n"
	    "give-up 14d\nwarn 4h\n",
	    "", "" },
	{ "postfix_other_aliases", "postfix",
	    "== /etc/postfix/main.cf\n"
	    "alias_maps = hash:/etc/mail/aliases, nis:mail.aliases\n",
	    "aliases /etc/mail/aliases\n", "", "alias_maps: a map" },
	{ "postfix_origin", "postfix",
	    "== /etc/postfix/main.cf\nmyorigin = example.org\n"
	    "== /etc/mailname\nweb1.example.org\n",
	    "", "", "myorigin is left out" },
	{ "postfix_unknown", "postfix",
	    "== /etc/postfix/main.cf\n\nfrobnicate = yes\n", "", "",
	    "main.cf:2: frobnicate is left out" },
	{ "postfix_values_are_not_shown", "postfix",
	    "== /etc/postfix/main.cf\nfrobnicate = geheim\n", "", "",
	    "!geheim" },
	{ "postfix_goes_in_circles", "postfix",
	    "== /etc/postfix/main.cf\nmyhostname = $mydomain\n"
	    "mydomain = $myhostname\n",
	    "", "", "" },

	{ "exim_smarthost", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "# /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='smarthost'\n"
	    "dc_other_hostnames='web1.example.org;example.org'\n"
	    "dc_local_interfaces='127.0.0.1 ; ::1'\ndc_readhost=''\n"
	    "dc_relay_domains=''\ndc_minimaldns='false'\ndc_relay_nets=''\n"
	    "dc_smarthost='smtp.example.net::587'\nCFILEMODE='644'\n"
	    "dc_use_split_config='false'\ndc_hide_mailname=''\n"
	    "dc_mailname_in_oh='true'\ndc_localdelivery='maildir_home'\n"
	    "== /etc/exim4/passwd.client\n"
	    "# target.mail.server.example:login:password\n"
	    "smtp.example.net:alerts:se:cret\nother.example:x:y\n"
	    "== /etc/mailname\nweb1.example.org\n"
	    "== /etc/email-addresses\nroot: alerts@example.org\n",
	    "relay smtp.example.net 587\n"
	    "local-domains localhost web1.example.org example.org\n"
	    "local maildir ~/Maildir\n"
	    "sender root@* <alerts@example.org>\n",
	    "smtp.example.net alerts se:cret\n", "1 passwords are left out" },
	{ "exim_pattern_of_hosts", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='satellite'\n"
	    "dc_smarthost='smtp.gmail.com::587'\n"
	    "== /etc/exim4/passwd.client\n*.google.com:a@gmail.com:word\n",
	    "relay smtp.gmail.com 587\n"
	    "local-domains localhost\n",
	    "smtp.gmail.com a@gmail.com word\n", "the one password" },
	/* As Debian's questions leave it: the mailname is among the names, and
	 * yet nothing is to stay here. */
	{ "exim_satellite", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='satellite'\n"
	    "dc_other_hostnames='web1.example.org'\n"
	    "dc_readhost='example.org'\ndc_hide_mailname='true'\n"
	    "dc_smarthost='mail.example.org'\n"
	    "== /etc/mailname\nweb1.example.org\n== /etc/hostname\nweb1\n",
	    "relay main {\n\thost mail.example.org 25\n"
	    "\ttls opportunistic\n}\n"
	    "local-domains localhost\n",
	    "", "write example.org into /etc/mailname" },
	{ "exim_satellite_reads_where_it_is", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='satellite'\ndc_readhost='example.org'\n"
	    "dc_other_hostnames=''\ndc_smarthost='r.example::587'\n"
	    "== /etc/mailname\nexample.org\n",
	    "relay main {\n\thost r.example 587\n\ttls opportunistic\n}\n"
	    "local-domains localhost\n",
	    "", "!/etc/mailname" },
	/* Taken out of the names by hand: its mail is for the smarthost. */
	{ "exim_mailname_is_elsewhere", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='smarthost'\ndc_other_hostnames=''\n"
	    "dc_smarthost='r.example::587'\n"
	    "== /etc/mailname\nexample.org\n"
	    "== /etc/hostname\nweb1.example.org\n",
	    "relay main {\n\thost r.example 587\n\ttls opportunistic\n}\n"
	    "local-domains localhost web1.example.org\n",
	    "", "" },
	{ "exim_mailname_is_the_host", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='smarthost'\n"
	    "dc_other_hostnames='example.org'\n"
	    "dc_smarthost='r.example::587'\n"
	    "== /etc/mailname\nweb1.example.org\n== /etc/hostname\nweb1\n",
	    "relay main {\n\thost r.example 587\n\ttls opportunistic\n}\n"
	    "local-domains localhost example.org web1.example.org\n",
	    "", "" },
	{ "exim_no_names_but_the_host", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='local'\ndc_other_hostnames=''\n"
	    "== /etc/mailname\nweb1.example.org\n== /etc/hostname\nweb1\n",
	    "relay none\n", "", "" },
	{ "exim_without_password", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='smarthost'\n"
	    "dc_smarthost='[2001:db8::1]::26;b.example'\n",
	    "relay main {\n\thost 2001:db8::1 26\n\thost b.example 25\n"
	    "\ttls opportunistic\n}\n",
	    "", "" },
	{ "exim_local", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='local'\n"
	    "dc_localdelivery='mail_spool'\n",
	    "relay none\n", "", "" },
	{ "exim_internet", "exim4",
	    "== /etc/exim4/update-exim4.conf.conf\n"
	    "dc_eximconfig_configtype='internet'\ndc_relay_nets='10.0.0.0/8'\n",
	    "", "", "dc_relay_nets is left out" },

	{ "dma_gmail", "dma",
	    "== /etc/dma/dma.conf\n# Your smarthost\nSMARTHOST smtp.gmail.com\n"
	    "PORT 587\n#ALIASES /etc/aliases\nAUTHPATH /etc/dma/auth.conf\n"
	    "SECURETRANSFER\nSTARTTLS\nMASQUERADE alerts@example.org\n"
	    "MAILNAME /etc/mailname\n"
	    "== /etc/dma/auth.conf\nalerts@example.org|smtp.gmail.com:a b:c\n",
	    "relay smtp.gmail.com 587\n"
	    "sender *@* <alerts@example.org>\n",
	    "smtp.gmail.com alerts@example.org \"a b:c\"\n",
	    "MAILNAME is left out" },
	{ "dma_wrapped", "dma",
	    "== /etc/dma/dma.conf\nSMARTHOST r.example\nPORT 465\n"
	    "SECURETRANSFER\nNULLCLIENT\nMASQUERADE root@\n",
	    "relay r.example 465\nlocal-domains localhost\n", "",
	    "MASQUERADE is left out" },
	{ "dma_plain", "dma", "== /etc/dma/dma.conf\nSMARTHOST 10.0.0.5\n",
	    "relay main {\n\thost 10.0.0.5 25\n\ttls opportunistic\n}\n", "",
	    "" },
	{ "dma_local", "dma", "== /etc/dma/dma.conf\nALIASES /etc/aliases\n",
	    "", "", "" },

	{ "nullmailer_remote", "nullmailer",
	    "== /etc/nullmailer/remotes\n"
	    "smtp.example.net smtp --port=465 --ssl --user=alerts "
	    "--pass='se \"cret'\n"
	    "backup.example.net smtp --port=465 --ssl --user=alerts "
	    "--pass=other\n"
	    "== /etc/nullmailer/adminaddr\nops@example.org\n"
	    "== /etc/nullmailer/allmailfrom\nalerts@example.org\n",
	    "relay main {\n\thost smtp.example.net 465\n"
	    "\thost backup.example.net 465\n}\n"
	    "sender *@* <alerts@example.org>\n",
	    "smtp.example.net alerts \"se \\\"cret\"\n"
	    "backup.example.net alerts \"se \\\"cret\"\n",
	    "adminaddr: root's mail goes there" },
	{ "nullmailer_starttls", "nullmailer",
	    "== /etc/nullmailer/remotes\nr.example smtp --port=587 "
	    "--starttls --insecure\n",
	    "relay r.example 587\nlocal-domains localhost\n", "",
	    "any certificate was good" },
	{ "nullmailer_plain_and_qmqp", "nullmailer",
	    "== /etc/nullmailer/remotes\nq.example qmqp\nr.example\n",
	    "relay main {\n\thost r.example 25\n\ttls opportunistic\n}\n"
	    "local-domains localhost\n",
	    "", "its protocol is not smtp" },

	{ "msmtp_password_elsewhere", "msmtp",
	    "== /etc/msmtprc\ntls on\nauth on\nport 587\n"
	    "account work\nhost r.example\nuser jdoe\n"
	    "account home\nhost h.example\nfrom a@h.example\n"
	    "user a@h.example\npasswordeval pass h\n",
	    "relay r.example 587\nrelay home {\n\thost h.example 587\n}\n"
	    "sender a@h.example <a@h.example>\n"
	    "route sender a@h.example relay home\n"
	    "local-domains localhost\n",
	    "",
	    "account home: its password is not in the file; put a line "
	    "\"home a@h.example PASSWORD\" into /etc/bellman/secrets" },
	{ "msmtp_accounts", "msmtp",
	    "== /etc/msmtprc\n# Set default values for all accounts.\n"
	    "defaults\nauth           on\ntls            on\n"
	    "tls_trust_file /etc/ssl/certs/ca-certificates.crt\n"
	    "logfile        ~/.msmtp.log\n\n"
	    "account        work\nhost           smtp.corp.example\n"
	    "port           587\nfrom           jdoe@corp.example\n"
	    "user           jdoe\npassword       \"p#w d\"\n"
	    "account        home\nhost           smtp.example.net\n"
	    "tls_starttls   off\nfrom           me@example.net\n"
	    "user           me\npassword       word\n"
	    "account default : home\n",
	    "relay smtp.example.net 465\n"
	    "relay work {\n\thost smtp.corp.example 587\n}\n"
	    "sender jdoe@corp.example <jdoe@corp.example>\n"
	    "route sender jdoe@corp.example relay work\n"
	    "sender *@* <me@example.net>\n"
	    "local-domains localhost\n",
	    "smtp.example.net me word\nwork jdoe \"p#w d\"\n", "" },
	{ "msmtp_passwordeval", "msmtp",
	    "== /etc/msmtprc\naccount default\nhost r.example\nport 587\n"
	    "tls on\nauth on\nuser u\npasswordeval gpg -d geheim\n",
	    "relay r.example 587\nlocal-domains localhost\n", "",
	    "passwordeval is left out: its command" },
	{ "msmtp_commands_are_not_shown", "msmtp",
	    "== /etc/msmtprc\nhost r\npasswordeval gpg -d geheim\n",
	    "relay main {\n\thost r 25\n\ttls never\n}\n"
	    "local-domains localhost\n",
	    "", "!geheim" },
	{ "nothing_breaks_out_of_a_line", "msmtp",
	    "== /etc/msmtprc\nhost r.example 25 ; tls never }\nfrom "
	    "a@b> x <c@d\n",
	    "local-domains localhost\n", "", "an account is left out" },
	{ "a_password_with_a_control_octet", "msmtp",
	    "== /etc/msmtprc\nhost r.example\ntls on\nauth on\nuser u\n"
	    "password a\001b\n",
	    "relay r.example 25\nlocal-domains localhost\n", "",
	    "holds a control octet" },
};

static void
split(const char *text, struct source_files *f, char *names, size_t size)
{
	const char *at = text;
	size_t used = 0;

	f->n = 0;
	while (*at) {
		const char *lf = strchr(at, '\n'), *end = strstr(lf, "\n== ");
		size_t len = (size_t)(lf - at) - 3;

		assert_true(used + len + 1 <= size);
		memcpy(names + used, at + 3, len);
		names[used + len] = '\0';
		end = end ? end + 1 : lf + strlen(lf);
		f->file[f->n].path = names + used;
		f->file[f->n++].text =
		    (struct span){ lf + 1, (size_t)(end - lf - 1) };
		used += len + 1;
		at = end;
	}
}

static void
imports(void **state)
{
	const struct row *r = *state;
	struct source_files f;
	struct plan p = { 0 };
	char names[512];

	split(r->text, &f, names, sizeof names);
	source_named(r->from)->parse(&f, &p);
	assert_false(plan_bad(&p));
	assert_string_equal(buf_c(&p.conf), r->conf);
	assert_string_equal(buf_c(&p.secrets), r->secrets);
	assert_int_equal(p.nwant, 0);
	if (r->note[0] == '!')
		assert_null(strstr(buf_c(&p.notes), r->note + 1));
	else if (r->note[0])
		assert_non_null(strstr(buf_c(&p.notes), r->note));
	else
		assert_string_equal(buf_c(&p.notes), "");
	plan_free(&p);
}

static void
a_map_that_is_not_there_is_wanted(void **state)
{
	struct source_files f = { .n = 1 };
	struct plan p = { 0 };

	(void)state;
	f.file[0].path = "/etc/postfix/main.cf";
	f.file[0].text = SPAN("relayhost = [a.example]\n"
			      "smtp_sasl_auth_enable = yes\n"
			      "smtp_sasl_password_maps = hash:/etc/x/y\n");
	source_named("postfix")->parse(&f, &p);
	assert_int_equal(p.nwant, 1);
	assert_string_equal(p.want[0], "/etc/x/y");
	plan_free(&p);
}

static void
secrets_are_read_back(void **state)
{
	struct plan p = { 0 };
	struct secrets_key key = { "main", "a.example", NULL };
	struct secret s;
	struct buf why = { 0 };

	(void)state;
	plan_secret(
	    &p, "x", SPAN("a.example"), SPAN("u#1"), SPAN("p \"q\\ {;} #z"));
	assert_int_equal(
	    secrets_parse(buf_view(&p.secrets), "x", &key, &s, &why), 1);
	assert_string_equal(s.user, "u#1");
	assert_string_equal(s.password, "p \"q\\ {;} #z");
	assert_string_equal(buf_c(&p.masked), "a.example u#1 ********\n");
	secret_wipe(&s);
	plan_free(&p);
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 2];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, imports);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
	    a_map_that_is_not_there_is_wanted);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(secrets_are_read_back);
	return _cmocka_run_group_tests("import", tests, n, NULL, NULL);
}
