#include "common/conf.h"
#include "tests/rows.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file and the sentence about it, which begins "F:". */
static const struct wrong {
	const char *name;
	struct span text;
	const char *want;
} wrongs[] = {
	{ "unknown_setting", S("\n\nretyr 5m\n"),
	    "F:3: unknown setting \"retyr\"; did you mean \"retry\"?" },
	{ "unknown_setting_in_relay", S("relay x {\nhots a 25\n}\n"),
	    "F:2: unknown setting \"hots\"; did you mean \"host\"?" },
	{ "unknown_limit", S("limits sice 5M"),
	    "F:1: unknown setting \"sice\"; did you mean \"size\"?" },
	{ "unknown_value", S("relay x {\nhost a 25\ntls verfy\n}\n"),
	    "F:3: unknown word \"verfy\" behind \"tls\"; "
	    "did you mean \"verify\"?" },
	{ "case_matters", S("Relay a 25"),
	    "F:1: unknown setting \"Relay\"; did you mean \"relay\"?" },
	{ "escapes_are_not_shown", S("\"a\xff\x80\" b"),
	    "F:1: unknown setting \"a??\"; did you mean \"warn\"?" },

	{ "sender_not_yet", S("sender root@* <a@b>"),
	    "F:1: this version cannot rewrite senders yet; "
	    "remove the line \"sender\"" },
	{ "route_not_yet", S("\nroute domain lan.example smtp 10.0.0.5"),
	    "F:2: this version cannot choose a route by sender or domain yet; "
	    "remove the line \"route\"" },
	{ "terminal_rules_not_yet", S("terminal root saml from local via @adm"),
	    "F:1: this version cannot show mail on terminals by rules yet; "
	    "remove the line \"terminal\"" },
	{ "auth_not_yet", S("relay x {\nhost a 25\nauth plain\n}"),
	    "F:3: this version cannot log in to a relay yet; "
	    "remove the line \"auth\"" },
	{ "user_not_yet", S("relay x { host a 25 ; user jdoe }"),
	    "F:1: this version cannot log in to a relay yet; "
	    "remove the line \"user\"" },
	{ "dane_not_yet", S("relay x {\nhost a 25\ntls dane\n}"),
	    "F:3: this version cannot look for DANE records yet; "
	    "remove the line \"tls\"" },
	{ "pin_not_yet", S("relay x {\nhost a 25\ntls pin sha256:00\n}"),
	    "F:3: this version cannot pin certificates yet; "
	    "remove the line \"tls\"" },
	{ "opportunistic_not_yet", S("relay x {\ntls opportunistic\n}"),
	    "F:2: this version cannot do opportunistic TLS yet; "
	    "remove the line \"tls\"" },
	{ "lmtp_not_yet", S("local lmtp /run/dovecot/lmtp"),
	    "F:1: this version cannot hand local mail to LMTP yet; "
	    "remove the line \"local\"" },
	{ "command_not_yet", S("local command procmail"),
	    "F:1: this version cannot hand local mail to a command yet; "
	    "remove the line \"local\"" },
	{ "per_user_not_yet", S("limits size 5M ; per-user 9/1h"),
	    "F:1: this version cannot limit single users yet; "
	    "remove the line \"per-user\"" },

	{ "twice", S("warn 4h\n\nwarn 5h"),
	    "F:3: \"warn\" was already set in line 1" },
	{ "limit_twice", S("limits size 5M ; size 6M"),
	    "F:1: \"size\" was already set in line 1" },
	{ "relay_twice", S("relay a 25\nrelay b 25"),
	    "F:2: relay \"main\" was already set in line 1" },
	{ "relay_main_twice", S("relay a 25\nrelay main { host b 25 }"),
	    "F:2: relay \"main\" was already set in line 1" },
	{ "tls_twice", S("relay x {\ntls never\ntls never\n}"),
	    "F:3: \"tls\" was already set in line 2" },

	{ "missing_brace", S("hold no\nrelay x {\nhost a 25\n"),
	    "F:2: the block of relay \"x\" has no closing brace" },
	{ "missing_brace_in_one_line", S("relay x { host a 25"),
	    "F:1: the block of relay \"x\" has no closing brace" },
	{ "brace_alone", S("}"), "F:1: a line begins with \"}\"" },
	{ "brace_in_block", S("relay x {\n{\n"),
	    "F:2: a brace inside a block" },
	{ "no_host", S("relay x {\n}"), "F:1: relay \"x\" has no host" },
	{ "relay_name_not_printable", S("relay w\xac {\n}\n"),
	    "F:1: \"w?\" is no name for a relay; "
	    "write at most 63 letters, digits, dots and dashes" },
	{ "relay_name_empty", S("relay \"\" {\n}\n"),
	    "F:1: \"\" is no name for a relay; "
	    "write at most 63 letters, digits, dots and dashes" },
	{ "starttls_never", S("relay x {\nhost a 25 starttls\ntls never\n}"),
	    "F:1: relay \"x\" says both starttls and tls never" },
	{ "junk_behind_block", S("relay x { host a 25 } y"),
	    "F:1: junk behind the value of \"relay\": \"y\"" },
	{ "junk_behind_value", S("hold no thanks"),
	    "F:1: junk behind the value of \"hold\": \"thanks\"" },
	{ "junk_behind_relay", S("relay a 25 tls never"),
	    "F:1: junk behind the value of \"relay\": \"tls\"" },
	{ "semicolon_behind_value", S("hold no ; warn 4h"),
	    "F:1: junk behind the value of \"hold\": \";\"" },
	{ "block_for_a_value", S("hold no {"),
	    "F:1: junk behind the value of \"hold\": \"{\"" },
	{ "junk_between_limits", S("limits size 5M queue 6"),
	    "F:1: junk behind the value of \"size\": \"queue\"" },
	{ "limits_in_braces", S("limits { size 5M }"),
	    "F:1: \"limits\" needs a limit" },
	{ "no_value", S("hostname\nhold no"),
	    "F:1: \"hostname\" needs a name or auto" },
	{ "no_value_but_a_comment", S("warn # 4h"),
	    "F:1: \"warn\" needs a duration" },
	{ "relay_without_port", S("relay a"),
	    "F:1: \"relay\" needs a host and a port" },

	{ "duration_without_unit", S("warn 4"),
	    "F:1: \"4\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_of_two_units", S("retry 5m 1h30m"),
	    "F:1: \"1h30m\" in \"retry\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_negative", S("warn -4h"),
	    "F:1: \"-4h\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_of_a_week", S("warn 1w"),
	    "F:1: \"1w\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_empty", S("warn \"\""),
	    "F:1: \"\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_zero", S("retry 0s"),
	    "F:1: \"0s\" in \"retry\" is not between 1s and 365d" },
	{ "duration_too_long", S("give-up 366d"),
	    "F:1: \"366d\" in \"give-up\" is not between 1s and 365d" },
	{ "duration_overflows", S("give-up 99999999999999999999d"),
	    "F:1: \"99999999999999999999d\" in \"give-up\" "
	    "is not between 1s and 365d" },
	{ "too_many_steps",
	    S("retry 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s "
	      "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"),
	    "F:1: more than 32 steps in \"retry\"" },
	{ "size_of_bad_unit", S("limits size 50X"),
	    "F:1: \"50X\" behind \"size\" is no size; "
	    "write a number, or one with K, M or G" },
	{ "size_unit_alone", S("limits size M"),
	    "F:1: \"M\" behind \"size\" is no size; "
	    "write a number, or one with K, M or G" },
	{ "size_too_small", S("limits size 1"),
	    "F:1: \"1\" behind \"size\" is out of range (1024 to 1024G)" },
	{ "size_too_large", S("limits size 1025G"),
	    "F:1: \"1025G\" behind \"size\" is out of range (1024 to 1024G)" },
	{ "queue_of_none", S("limits queue 0"),
	    "F:1: \"0\" behind \"queue\" is not between 1 and 1000000000" },

	{ "port_zero", S("relay a 0"),
	    "F:1: \"0\" is no port; write 1 to 65535, or a service's name" },
	{ "port_too_large", S("relay a 65536"),
	    "F:1: \"65536\" is no port; write 1 to 65535, or a service's "
	    "name" },
	{ "port_with_slash", S("relay a smtp/tcp"),
	    "F:1: \"smtp/tcp\" is no port; write 1 to 65535, or a service's "
	    "name" },
	{ "host_no_name", S("relay a_/b 25"),
	    "F:1: \"a_/b\" is no domain name" },
	{ "host_no_literal", S("relay [::g] 25"),
	    "F:1: \"[::g]\" is no domain name" },
	{ "hostname_no_name", S("hostname a..b"),
	    "F:1: \"a..b\" is no domain name" },
	{ "local_domain_no_name", S("local-domains a -b"),
	    "F:1: \"-b\" is no domain name" },

	{ "mbox_not_absolute", S("local mbox mail/%u"),
	    "F:1: the path of an mbox must begin with /" },
	{ "mbox_not_at_home", S("local mbox ~/mbox"),
	    "F:1: the path of an mbox must begin with /" },
	{ "maildir_not_absolute", S("local maildir Maildir"),
	    "F:1: the path of a maildir must begin with / or ~/" },
	{ "maildir_of_another", S("local maildir ~bob/Maildir"),
	    "F:1: the path of a maildir must begin with / or ~/" },
	{ "path_goes_up", S("local mbox /var/mail/../%u"),
	    "F:1: \"..\" is not allowed in a path" },
	{ "path_goes_up_at_end", S("local maildir ~/.."),
	    "F:1: \"..\" is not allowed in a path" },
	{ "path_percent_h", S("local mbox /home/%h"),
	    "F:1: in a path only %u may follow a percent sign" },
	{ "path_percent_at_end", S("local mbox /home/%"),
	    "F:1: in a path only %u may follow a percent sign" },
	{ "mbox_is_directory", S("local mbox /var/mail/"),
	    "F:1: the path of an mbox ends in /" },

	{ "nul", S("hold no\n\0hold"), "F:2: a control octet (0x00)" },
	{ "control_in_comment", S("# \x1b[2J"), "F:1: a control octet (0x1b)" },
	{ "del", S("hold no\x7f"), "F:1: a control octet (0x7f)" },
	{ "crlf", S("hold no\r\n"),
	    "F:1: the line ends in CR LF; save the file with plain line "
	    "ends" },
	{ "unclosed_quote", S("hostname \"a"),
	    "F:1: the closing quote is missing" },
	{ "unclosed_quote_escaped", S("hostname \"a\\\""),
	    "F:1: the closing quote is missing" },
	{ "backslash_at_end", S("hostname \"a\\"),
	    "F:1: in quotes a backslash stands only before \" or \\" },
	{ "quote_in_word", S("hostname a\"b\""), "F:1: a quote inside a word" },
	{ "glued_to_quote", S("hostname \"a\"b"),
	    "F:1: junk behind a closing quote" },
};

static void
check_wrong(void **state)
{
	const struct wrong *row = *state;
	struct buf err = { 0 };
	struct conf c;

	assert_int_equal(conf_parse(row->text, "F", &c, &err), -1);
	assert_string_equal(buf_c(&err), row->want);
	conf_free(&c);
	buf_free(&err);
}

/* What is in force, one word a setting that differs from its default. */
static void
print(const struct conf *c, struct buf *out)
{
	static const long usual[] = { 300, 900, 1800, 3600, 7200 };

	if (c->hostname)
		buf_fmt(out, "host=%s ", c->hostname);
	for (size_t i = 0; i < c->nlocal_domains; i++)
		buf_fmt(out, "local=%s ", c->local_domains[i]);
	if (c->local != LOCAL_MBOX || strcmp(c->local_path, "/var/mail/%u"))
		buf_fmt(out, "%s=%s ", c->local == LOCAL_MBOX ? "mbox" : "dir",
		    c->local_path);
	buf_str(out, c->terminal ? "" : "terminal=off ");
	buf_str(out, c->hold ? "hold " : "");
	if (c->nretry != COUNT(usual) ||
	    memcmp(c->retry, usual, sizeof usual) != 0)
		for (size_t i = 0; i < c->nretry; i++)
			buf_fmt(out, "retry=%ld ", c->retry[i]);
	if (c->warn != 4 * 3600)
		buf_fmt(out, "warn=%ld ", c->warn);
	if (c->give_up != 5 * 86400)
		buf_fmt(out, "give-up=%ld ", c->give_up);
	if (c->max_size != 50 << 20)
		buf_fmt(out, "size=%ju ", (uintmax_t)c->max_size);
	if (c->max_queue != 1000000)
		buf_fmt(out, "queue=%ju ", (uintmax_t)c->max_queue);
	if (c->min_free != 64 << 20)
		buf_fmt(out, "free=%ju ", (uintmax_t)c->min_free);
	for (size_t i = 0; i < c->nrelays; i++) {
		const struct conf_relay *r = &c->relays[i];

		buf_fmt(out, "%s:%u", r->name, r->line);
		for (size_t j = 0; j < r->nhosts; j++)
			buf_fmt(
			    out, ",%s,%s", r->hosts[j].name, r->hosts[j].port);
		buf_str(out, r->tls == TLS_VERIFY ? ",verify " : ",never ");
	}
}

static const struct right {
	const char *name;
	struct span text;
	const char *want;
} rights[] = {
	{ "empty_file", S(""), "" },
	{ "comments_and_blanks", S("# x\n\n  \t# \xe9\n"), "" },
	{ "no_last_lf", S("hold yes"), "hold " },
	{ "comment_behind_value", S("hold yes # for now\n"), "hold " },
	{ "hash_inside_a_word", S("local mbox /m/#%u\n"), "mbox=/m/#%u " },
	{ "hostname", S("hostname mail.example\n"), "host=mail.example " },
	{ "hostname_auto", S("hostname auto\n"), "" },
	{ "local_domains", S("local-domains a.example \"b\"\n"),
	    "local=a.example local=b " },
	{ "quoted_path", S("local mbox \"/var/my \\\"mail\\\\/%u\"\n"),
	    "mbox=/var/my \"mail\\/%u " },
	{ "maildir_at_home", S("local maildir ~/Maildir\n"), "dir=~/Maildir " },
	{ "maildir_absolute", S("local maildir /srv/%u/\n"), "dir=/srv/%u/ " },
	{ "dots_are_no_way_up", S("local mbox /a..b/.../%u\n"),
	    "mbox=/a..b/.../%u " },
	{ "terminal_off", S("terminal off # quiet\n"), "terminal=off " },
	{ "terminal_on", S("terminal on\n"), "" },
	{ "retry", S("retry 1s 2m 3h 4d\n"),
	    "retry=1 retry=120 retry=10800 retry=345600 " },
	{ "retry_of_32",
	    S("retry 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s "
	      "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 2s"),
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=2 " },
	{ "warn_and_give_up", S("warn 90m\ngive-up 365d\n"),
	    "warn=5400 give-up=31536000 " },
	{ "limits", S("limits size 1K ; queue 5 ; free-space 2G\n"),
	    "size=1024 queue=5 free=2147483648 " },
	{ "limits_without_blanks", S("limits size 2M;queue 5;\n"),
	    "size=2097152 queue=5 " },
	{ "limits_in_octets", S("limits free-space 0\n"), "free=0 " },
	{ "relay_line", S("relay smtp.example.net submissions\n"),
	    "main:1,smtp.example.net,submissions,verify " },
	{ "relay_ipv4", S("relay 10.0.0.5 25\n"),
	    "main:1,10.0.0.5,25,verify " },
	{ "relay_ipv6", S("relay ::1 25\n"), "main:1,::1,25,verify " },
	{ "relay_ipv6_in_brackets", S("relay [::1] 25\n"),
	    "main:1,::1,25,verify " },
	{ "relay_block",
	    S("\nrelay work {\n\thost mx1 587 starttls\n\n"
	      "\thost mx2 587 # when the first fails\n\ttls verify\n}\n"),
	    "work:2,mx1,587,mx2,587,verify " },
	{ "relay_main_without_tls", S("relay main {\nhost a 25\ntls never\n}"),
	    "main:1,a,25,never " },
	{ "relay_in_one_line", S("relay x{host a 25;tls never}\n"),
	    "x:1,a,25,never " },
	{ "two_relays", S("relay a 25\nrelay b { host c 26 }\n"),
	    "main:1,a,25,verify b:2,c,26,verify " },
};

static void
check_right(void **state)
{
	const struct right *row = *state;
	struct buf err = { 0 }, got = { 0 };
	struct conf c;

	if (conf_parse(row->text, "F", &c, &err) == -1)
		fail_msg("%s", buf_c(&err));
	print(&c, &got);
	assert_string_equal(buf_c(&got), row->want);
	assert_int_equal(err.len, 0);
	conf_free(&c);
	buf_free(&got);
	buf_free(&err);
}

static void
a_line_has_4096_octets(void **state)
{
	static char text[4098];
	struct buf err = { 0 };
	struct conf c;

	(void)state;
	memset(text, '#', sizeof text);
	text[4096] = '\n';
	assert_int_equal(
	    conf_parse((struct span){ text, 4097 }, "F", &c, &err), 0);
	conf_free(&c);
	text[4096] = '#';
	assert_int_equal(
	    conf_parse((struct span){ text, 4097 }, "F", &c, &err), -1);
	assert_string_equal(buf_c(&err), "F:1: a line over 4096 octets");
	conf_free(&c);
	buf_free(&err);
}

/* conf_load of a path: the sentence, or "". */
static void
load(const char *path, struct conf *c, char out[400])
{
	struct buf err = { 0 };
	int result = conf_load(path, c, &err);

	assert_int_equal(result, err.len ? -1 : 0);
	strlcpy(out, buf_c(&err), 400);
	buf_free(&err);
}

static void
what_cannot_be_read(void **state)
{
	char dir[] = "/tmp/conf_test.XXXXXX", path[64], want[200], got[400];
	struct conf c;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	load(dir, &c, got);
	snprintf(want, sizeof want, "%s: cannot be read: Is a directory", dir);
	assert_string_equal(got, want);
	conf_free(&c);

	snprintf(path, sizeof path, "%s/file", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	load(path, &c, got); /* and does not wait for a writer */
	snprintf(
	    want, sizeof want, "%s: cannot be read: Invalid argument", path);
	assert_string_equal(got, want);
	conf_free(&c);
	unlink(path);

	assert_int_equal(symlink("file", path), 0);
	load(path, &c, got);
	snprintf(want, sizeof want,
	    "%s: cannot be read: Too many levels of symbolic links", path);
	assert_string_equal(got, want);
	conf_free(&c);
	unlink(path);

	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	load(path, &c, got);
	snprintf(want, sizeof want, "%s: the file is over 1 MiB", path);
	assert_string_equal(got, want);
	conf_free(&c);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void
a_missing_file_is_a_working_machine(void **state)
{
	char got[400], host[256] = "";
	struct conf c;

	(void)state;
	load("/nonexistent/bellman.conf", &c, got);
	assert_string_equal(got, "");
	gethostname(host, sizeof host);
	assert_string_equal(c.hostname, host);
	assert_true(strlen(c.domain) > 0);
	assert_true(conf_is_local(&c, span_of(c.hostname)));
	assert_true(conf_is_local(&c, span_of(c.domain)));
	assert_true(conf_is_local(&c, SPAN("LocalHost")));
	assert_false(conf_is_local(&c, SPAN("elsewhere.example")));
	assert_false(conf_is_local(&c, SPAN("")));
	assert_string_equal(c.local_path, "/var/mail/%u");
	assert_int_equal(c.nretry, 5);
	assert_null(conf_relay(&c, "main"));
	conf_free(&c);
}

static void
given_domains_are_all_but_localhost(void **state)
{
	char path[] = "/tmp/conf_test.XXXXXX", got[400];
	int fd = mkstemp(path);
	struct conf c;

	(void)state;
	assert_int_not_equal(fd, -1);
	dprintf(
	    fd, "hostname h.example\nlocal-domains A.example\nrelay r 25\n");
	load(path, &c, got);
	assert_string_equal(got, "");
	assert_string_equal(c.hostname, "h.example");
	assert_int_equal(c.nlocal_domains, 2);
	assert_true(conf_is_local(&c, SPAN("a.EXAMPLE")));
	assert_true(conf_is_local(&c, SPAN("localhost")));
	assert_false(conf_is_local(&c, SPAN("h.example")));
	assert_string_equal(conf_relay(&c, "main")->hosts[0].name, "r");
	assert_null(conf_relay(&c, "work"));
	conf_free(&c);
	close(fd);
	unlink(path);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_line_has_4096_octets),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(a_missing_file_is_a_working_machine),
		cmocka_unit_test(given_domains_are_all_but_localhost),
	};
	struct CMUnitTest tests[COUNT(wrongs) + COUNT(rights) + COUNT(others)];
	size_t n = 0;

	ADD_ROWS(tests, n, wrongs, check_wrong);
	ADD_ROWS(tests, n, rights, check_right);
	memcpy(tests + n, others, sizeof others);
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
