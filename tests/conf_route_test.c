#include "common/conf.h"
#include "tests/rows.h"
#include <arpa/inet.h>

static const struct fit {
	const char *name, *pattern;
	struct span addr;
	bool want;
} fits[] = {
	{ "same", "a@b.example", S("a@b.example"), true },
	{ "case_of_domain", "a@b.example", S("a@B.Example"), true },
	{ "case_of_local_part", "root@b", S("Root@b"), true },
	{ "other_local_part", "a@b", S("aa@b"), false },
	{ "other_domain", "a@b", S("a@b.example"), false },
	{ "domain_beneath", "*@b", S("a@x.b"), false },
	{ "any_host", "root@*", S("root@h.example"), true },
	{ "any_host_other_user", "root@*", S("roots@h.example"), false },
	{ "any_user", "*@h", S("a@h"), true },
	{ "any_user_other_host", "*@h", S("a@i"), false },
	{ "any_of_any", "*@*", S("a@i"), true },
	{ "any", "*", S("a@i"), true },
	{ "any_but_the_null_path", "*", S(""), false },
	{ "any_of_any_but_the_null_path", "*@*", S(""), false },
	{ "quoted_at", "*@b", S("\"x@y\"@b"), true },
	{ "quoted_at_is_no_domain", "*@y\"", S("\"x@y\"@b"), false },
	{ "star_is_a_letter_in_an_address", "a@b", S("*@b"), false },
	{ "no_domain", "root@*", S("root"), false },
};

static void
check_fit(void **state)
{
	const struct fit *row = *state;

	assert_int_equal(conf_sender_fits(row->pattern, row->addr), row->want);
}

static const char settings[] = "relay work { host w 1 }\n"
			       "route domain lan.example smtp 10.0.0.5\n"
			       "route sender jdoe@corp.example relay work\n"
			       "route domain .lan.example lmtp /run/l\n"
			       "route domain corp.example mx verify\n"
			       "route domain .example relay work\n"
			       "route sender *@corp.example relay mx\n";

static const struct way {
	const char *name;
	struct span sender, domain;
	const char *without, *with; /* relay main */
} ways[] = {
	{ "default", S("a@b"), S("c"), "mx", "main" },
	{ "null_path", S(""), S("c"), "mx", "main" },
	{ "by_domain", S("a@b"), S("LAN.example"), "smtp:10.0.0.5:25",
	    "smtp:10.0.0.5:25" },
	{ "beneath", S("a@b"), S("x.y.Lan.Example"), "lmtp:/run/l",
	    "lmtp:/run/l" },
	{ "the_first_that_fits", S("a@b"), S("corp.example"), "mx:verify",
	    "mx:verify" },
	{ "beneath_more", S("a@b"), S("q.example"), "work", "work" },
	{ "not_beneath", S("a@b"), S("xexample"), "mx", "main" },
	{ "not_itself", S("a@b"), S("example"), "mx", "main" },
	{ "only_a_dot", S("a@b"), S(".example"), "mx", "main" },
	{ "no_domain", S("a@b"), S(""), "mx", "main" },
	{ "sender_before_domain", S("jdoe@corp.example"), S("lan.example"),
	    "work", "work" },
	{ "sender_to_mx", S("x@corp.example"), S("lan.example"), "mx", "mx" },
	{ "null_path_by_domain", S(""), S("corp.example"), "mx:verify",
	    "mx:verify" },
};

static void
go(const struct way *row, bool with)
{
	struct buf text = { 0 }, err = { 0 };
	struct conf c;

	buf_str(&text, with ? "relay m 25\n" : "");
	buf_str(&text, settings);
	if (conf_parse(buf_view(&text), "F", &c, &err) == -1)
		fail_msg("%s", buf_c(&err));
	assert_string_equal(conf_route(&c, row->sender, row->domain)->name,
	    with ? row->with : row->without);
	conf_free(&c);
	buf_free(&text);
}

static void
check_way(void **state)
{
	go(*state, false);
	go(*state, true);
}

static void
never_null(void **state)
{
	static const struct conf empty;
	const struct conf_relay *r = conf_route(&empty, SPAN("a@b"), SPAN("c"));

	(void)state;
	assert_string_equal(r->name, "mx");
	assert_int_equal(r->find, FIND_MX);
	assert_int_equal(r->tls, TLS_DANE);
	assert_int_equal(r->nhosts, 0);
}

static const struct client {
	const char *name, *nets, *addr;
	bool want;
} clients[] = {
	{ "none", "hold no", "::ffff:127.0.0.1", false },
	{ "one", "relay-clients 10.0.0.1", "::ffff:10.0.0.1", true },
	{ "one_other", "relay-clients 10.0.0.1", "::ffff:10.0.0.2", false },
	{ "net", "relay-clients 10.0.0.0/8", "::ffff:10.255.0.2", true },
	{ "net_other", "relay-clients 10.0.0.0/8", "::ffff:11.0.0.2", false },
	{ "bits", "relay-clients 10.16.0.0/12", "::ffff:10.31.0.2", true },
	{ "bits_other", "relay-clients 10.16.0.0/12", "::ffff:10.32.0.2",
	    false },
	{ "second", "relay-clients ::1 10.0.0.1", "::ffff:10.0.0.1", true },
	{ "six", "relay-clients fd00::/8", "fdff::1", true },
	{ "six_other", "relay-clients fd00::/8", "fe00::1", false },
	{ "six_bits", "relay-clients 2001:db8::/33", "2001:db8:7fff::", true },
	{ "six_bits_other", "relay-clients 2001:db8::/33",
	    "2001:db8:8000::", false },
	{ "all_of_four", "relay-clients 0.0.0.0/0", "::ffff:1.2.3.4", true },
	{ "all_of_four_is_not_six", "relay-clients 0.0.0.0/0", "::1", false },
	{ "all", "relay-clients ::/0", "2001:db8::1", true },
};

static void
check_client(void **state)
{
	const struct client *row = *state;
	unsigned char addr[16];
	struct buf err = { 0 };
	struct conf c;

	assert_int_equal(inet_pton(AF_INET6, row->addr, addr), 1);
	if (conf_parse(span_of(row->nets), "F", &c, &err) == -1)
		fail_msg("%s", buf_c(&err));
	assert_int_equal(conf_is_client(&c, addr), row->want);
	conf_free(&c);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(fits) + COUNT(ways) + COUNT(clients) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, fits, check_fit);
	ADD_ROWS(tests, n, ways, check_way);
	ADD_ROWS(tests, n, clients, check_client);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(never_null);
	return cmocka_run_group_tests_name("conf_route", tests, NULL, NULL);
}
