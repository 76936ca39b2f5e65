#include "deliver/check.h"
#include "tests/rows.h"
#include <stdlib.h>
#include <unistd.h>

/* One sentence that is said of a file, or, with "!", none that has this. */
static const struct row {
	const char *name, *text, *want;
} rows[] = {
	{ "names", "",
	    "This machine calls itself h.example; bare names are at "
	    "d.example.\n" },
	{ "mbox", "local-domains d.example localhost e",
	    "Mail for d.example, localhost and e is for users here; it goes to "
	    "the mbox /var/mail/%u.\n" },
	{ "mbox_size", "mailbox-size 2G\n", "/var/mail/%u of at most 2G.\n" },
	{ "maildir", "local maildir ~/M", "it goes to the Maildir ~/M.\n" },
	{ "lmtp", "local lmtp /run/x", "it goes to the relay lmtp:/run/x.\n" },
	{ "lmtp_relay", "local lmtp /run/x",
	    "The relay lmtp:/run/x is /run/x, by LMTP.\n" },
	{ "command", "local command exec \"x\"",
	    "it goes to the command: exec \"x\".\n" },
	{ "escapes_are_not_shown", "local command \xc2\x9bx",
	    "command: ??x.\n" },
	{ "aliases", "command-user u",
	    "Aliases are in /etc/aliases; their commands run as u.\n" },
	{ "bare_names_leave", "local-domains x",
	    "d.example is not in local-domains, so their mail leaves this "
	    "machine.\n" },
	{ "bare_names_stay", "local-domains d.example", "!not local" },

	{ "mx", "", "Other mail goes to the relay mx.\n" },
	{ "mx_servers", "",
	    "The relay mx is the servers of each recipient's domain (MX): TLS "
	    "as DANE says, where DNSSEC does, else if offered.\n" },
	{ "mx_refused", "", "Big receivers refuse mail" },
	{ "main", "relay a 25", "Other mail goes to the relay main.\n" },
	{ "main_not_refused", "relay a 25", "!Big receivers" },
	{ "main_without_mx", "relay a 25", "!relay mx" },
	{ "main_is", "relay a 25",
	    "The relay main is a port 25: TLS, with the certificate verified, "
	    "or nothing.\n" },
	{ "two_hosts", "relay w { host a 587 starttls ; host b 25 ; user u }",
	    "The relay w is a port 587 (STARTTLS), else b port 25: TLS, with "
	    "the certificate verified, or nothing; logged in as u.\n" },
	{ "never", "relay w { host a 25 ; tls never }",
	    "port 25: plain text." },
	{ "srv", "relay w { srv a ; auth plain ; token /t }",
	    "The relay w is the submission servers (SRV) of a: TLS, with the "
	    "certificate verified, or nothing; login only by plain; a token "
	    "from /t.\n" },
	{ "routes", "relay a 25\nroute domain b smtp c\nroute sender *@d mx",
	    "Mail from *@d goes to the relay mx.\n"
	    "Mail for b goes to the relay smtp:c:25.\n"
	    "All other mail goes to the relay main.\n" },
	{ "sender", "sender root@* \"x y\" <a@b>",
	    "Mail from root@* leaves as from \"x y\" <a@b>.\n" },
	{ "root_to_root", "local-domains d.example\naliases /nowhere",
	    "Mail from root to root goes to the mailbox of root (`sendmail -bv "
	    "root` follows lists and .forward files as well).\n" },
	{ "root_to_root_unknown", "local-domains d.example\naliases /dev",
	    "goes where /dev says, which cannot be read: Is a directory (" },
	{ "root_to_root_elsewhere",
	    "local-domains x\nrelay a 25\nsender *@x <e@f>\n"
	    "sender root@* <a@b>\nsender * <c@d>",
	    "Mail from root to root goes to the relay main, as from <a@b>.\n" },
	{ "root_to_a_stranger",
	    "local-domains d.example\nroute sender root@d.example smtp x",
	    "Mail from root to a stranger goes to the relay smtp:x:25.\n" },

	{ "terminals", "", "SEND, SOML and SAML are on, for all users.\n" },
	{ "terminals_group", "terminal-senders @g\nterminal-network yes",
	    "are on, for the group g and the network.\n" },
	{ "terminals_off", "terminal off\nterminal root saml",
	    "SEND, SOML and SAML are off.\nAlerts" },
	{ "rule", "terminal root saml from local via @adm",
	    "Mail for root from this machine is treated as SAML to the "
	    "terminals of @adm.\n" },
	{ "rule_via_nobody", "terminal root saml via adm",
	    "to the terminals of adm, which is no user here (a group is "
	    "written @adm).\n" },
	{ "alerts", "alert every 90m ; via u",
	    "Alerts go to the mailbox of postmaster, the terminals of u and "
	    "the "
	    "log, one in 90m for each cause.\n" },
	{ "alerts_off", "alert off", "Alerts are off.\n" },
	{ "times", "retry 90s 1d",
	    "is tried again after 90s 1d, its sender is told after 4h, and it "
	    "is returned after 5d.\n" },
	{ "no_warning", "warn off", "!told after" },
	{ "sizes", "limits size 1025 ; free-space 0",
	    "A message has at most 1025; at most 2000000 wait, of "
	    "one user 1500000; 0 stay free" },
	{ "of_a_user", "limits queue 90 ; user-queue 80 ; user-size 3G",
	    "at most 90 wait, of one user 80; 64M stay free in the spool.\n"
	    "Those of a user that wait take at most 3G.\n" },
	{ "queue_of_one", "limits queue 1", "at most 1 wait, of one user 1;" },
	{ "per_user", "limits per-user 9/1h",
	    "A user may send 9 messages each 1h.\n" },
	{ "clients", "relay-clients ::1 10.0.0.0/8",
	    "2 addresses or networks may have mail relayed" },
	{ "nameless", "nameless-uids no",
	    "Nothing is taken from uids that have no account here" },
	{ "dnssec", "dnssec no",
	    "What the resolver says of DNSSEC is not believed.\n" },
	{ "hold", "hold yes", "Nothing is delivered: hold is on.\n" },
};

/* Where root's mail goes by such aliases. */
static const struct whose {
	const char *name, *text, *aliases, *want;
} whose[] = {
	{ "root_is_sent_away", "relay a 25\nsender * <a@b>",
	    "root: ops@x.example\n",
	    ", to <ops@x.example> (by the relay main, as from <a@b>) (`" },
	{ "root_is_sent_away_and_returned", "relay none", "root: ops@x\n",
	    ", to <ops@x> (which is returned) (`" },
	{ "root_is_somebody", "", "Root: daemon\nroot: bin\n",
	    ", to the mailbox of daemon (`" },
	{ "root_is_named_in_full", "", "root: \\bin@d.example\nbin: x@y\n",
	    ", to the mailbox of bin (`" },
	{ "root_and_others", "",
	    "root: root, admin, |exec x, /srv/y, :include:/z\n"
	    "admin: daemon@d.example, daemon+x, nosuchuser\n",
	    ", to the mailbox of root, the mailbox of daemon, nosuchuser "
	    "(no user here), the command |exec x, the file /srv/y and the "
	    "members of /z (`" },
	{ "root_of_a_circle", "", "root: a\na: b\nb: a, bin\n",
	    ", to nobody, in a circle, by a and the mailbox of bin (`" },
	{ "root_and_many", "",
	    "root: a@b, b@b, c@b, d@b, e@b, f@b, g@b, h@b, "
	    "i@b\n",
	    "<h@b> (by the relay mx) and others (`" },
	{ "root_is_not_in_it", "", "# root: a@b\nbin: x@y\n",
	    "root to root goes to the mailbox of root (`" },
	{ "root_has_nothing_good", "", "root: \"\n",
	    "root to root goes to the mailbox of root (`" },
};

static void
check_whose(void **state)
{
	const struct whose *row = *state;
	char path[] = "/tmp/check.XXXXXX";
	struct buf err = { 0 }, out = { 0 };
	int fd = mkstemp(path);
	struct conf c;

	assert_int_equal(write(fd, row->aliases, strlen(row->aliases)),
	    strlen(row->aliases));
	close(fd);
	assert_int_equal(conf_parse(span_of(row->text), "F", &c, &err), 0);
	free(c.aliases);
	c.aliases = strdup(path);
	c.hostname = strdup("h.example");
	c.domain = strdup("d.example");
	c.local_domains = calloc(1, sizeof *c.local_domains);
	c.local_domains[c.nlocal_domains++] = strdup("d.example");
	check_sentences(&c, &out);
	unlink(path);
	if (strstr(buf_c(&out), row->want) == NULL)
		fail_msg("not said: %s\nbut:\n%s", row->want, buf_c(&out));
	conf_free(&c);
	buf_free(&out);
}

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf err = { 0 }, out = { 0 };
	struct conf c;

	if (conf_parse(span_of(row->text), "F", &c, &err) == -1)
		fail_msg("%s", buf_c(&err));
	c.hostname = strdup("h.example");
	c.domain = strdup("d.example");
	check_sentences(&c, &out);
	if (row->want[0] == '!')
		assert_null(strstr(buf_c(&out), row->want + 1));
	else if (strstr(buf_c(&out), row->want) == NULL)
		fail_msg("not said: %s\nbut:\n%s", row->want, buf_c(&out));
	conf_free(&c);
	buf_free(&out);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(whose)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, whose, check_whose);
	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
