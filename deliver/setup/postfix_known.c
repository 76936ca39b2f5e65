/* postfix_known - what becomes of main.cf's settings that postfix.c does not
 * take over. */
#include "deliver/setup/maincf.h"

#define SERVER "nothing listens here; see sendmail(8), -bs."
#define RESTRICT                                                               \
	"nobody is relayed for; see \"relay-clients\" in "                     \
	"bellman.conf(5)."
static const struct known known[] = {
	/* taken over below, or of no meaning here */
	{ "relayhost", NULL },
	{ "myhostname", NULL },
	{ "mydomain", NULL },
	{ "mydestination", NULL },
	{ "message_size_limit", NULL },
	{ "mailbox_size_limit", NULL },
	{ "alias_maps", NULL },
	{ "smtp_generic_maps", NULL },
	{ "sender_canonical_maps", NULL },
	{ "canonical_maps", NULL },
	{ "home_mailbox", NULL },
	{ "mail_spool_directory", NULL },
	{ "mailbox_command", NULL },
	{ "mailbox_transport", NULL },
	{ "maximal_queue_lifetime", NULL },
	{ "delay_warning_time", NULL },
	{ "myorigin", NULL },
	{ "smtp_sasl_password_maps", NULL },
	{ "smtp_sasl_auth_enable", NULL },
	{ "smtp_tls_security_level", NULL },
	{ "smtp_tls_wrappermode", NULL },
	{ "smtp_tls_CAfile", NULL },
	{ "smtp_use_tls", NULL },
	{ "smtp_enforce_tls", NULL },
	{ "alias_database", NULL },
	{ "append_dot_mydomain", NULL },
	{ "biff", NULL },
	{ "bounce_queue_lifetime", NULL },
	{ "canonical_classes", NULL },
	{ "command_directory", NULL },
	{ "compatibility_level", NULL },
	{ "config_directory", NULL },
	{ "daemon_directory", NULL },
	{ "data_directory", NULL },
	{ "debug_peer_level", NULL },
	{ "debugger_command", NULL },
	{ "default_database_type", NULL },
	{ "html_directory", NULL },
	{ "inet_protocols", NULL },
	{ "mail_owner", NULL },
	{ "mailq_path", NULL },
	{ "manpage_directory", NULL },
	{ "meta_directory", NULL },
	{ "newaliases_path", NULL },
	{ "queue_directory", NULL },
	{ "readme_directory", NULL },
	{ "recipient_delimiter", NULL },
	{ "sample_directory", NULL },
	{ "sendmail_path", NULL },
	{ "setgid_group", NULL },
	{ "shlib_directory", NULL },
	{ "smtp_sasl_mechanism_filter", NULL },
	{ "smtp_sasl_security_options", NULL },
	{ "smtp_sasl_tls_security_options", NULL },
	{ "smtp_sasl_type", NULL },
	{ "smtp_tls_CApath", NULL },
	{ "smtp_tls_loglevel", NULL },
	{ "smtp_tls_note_starttls_offer", NULL },
	{ "smtp_tls_session_cache_database", NULL },
	{ "smtpd_banner", NULL },
	{ "smtpd_tls_*", NULL },
	{ "smtpd_use_tls", NULL },
	{ "unknown_local_recipient_reject_code", NULL },
	/* left out */
	{ "mynetworks", RESTRICT },
	{ "mynetworks_style", RESTRICT },
	{ "smtpd_relay_restrictions", NULL },
	{ "smtpd_recipient_restrictions", RESTRICT },
	{ "smtpd_*", SERVER },
	{ "inet_interfaces", SERVER },
	{ "milter_*", SERVER },
	{ "non_smtpd_milters", "no filter looks at mail here." },
	{ "header_checks", "no filter looks at mail here." },
	{ "body_checks", "no filter looks at mail here." },
	{ "content_filter", "no filter looks at mail here." },
	{ "transport_maps", "see \"route domain\" in bellman.conf(5)." },
	{ "sender_dependent_relayhost_maps",
	    "see \"route sender\" in bellman.conf(5)." },
	{ "smtp_sender_dependent_authentication",
	    "see \"route sender\" in bellman.conf(5)." },
	{ "virtual_*", "see aliases(5); there are no virtual mailboxes." },
	{ "recipient_canonical_maps", "see aliases(5)." },
	{ "recipient_bcc_maps", "see aliases(5)." },
	{ "always_bcc", "see aliases(5)." },
	{ "sender_bcc_maps", "see aliases(5)." },
	{ "relay_domains", RESTRICT },
	{ "masquerade_domains", "\"sender\" in bellman.conf(5) puts whole "
				"addresses in place of others." },
	{ "smtp_fallback_relay", "a second \"host\" of the relay's block in "
				 "bellman.conf(5) is asked when the first does "
				 "not answer." },
	{ "fallback_relay", "a second \"host\" of the relay's block in "
			    "bellman.conf(5) is asked when the first does not "
			    "answer." },
};

void
postfix_unknown(struct plan *p, const char *path, const struct setting *s)
{
	source_unknown(p, path, s, known, sizeof known / sizeof *known);
}
