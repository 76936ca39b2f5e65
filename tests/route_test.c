#include "deliver/queue/route.h"
#include "tests/rows.h"

static char domain[] = "d.example", localhost[] = "localhost",
	    hostname[] = "h.d.example", main_relay[] = "main";
static char *local[] = { domain, localhost };
static const struct conf_relay relay = { .name = main_relay };
static const struct conf alone = { .hostname = hostname,
	.domain = domain,
	.local_domains = local,
	.nlocal_domains = 2 };

/* root and nobody are users of every machine. */
static const struct row {
	const char *name;
	struct span address;
	enum route_kind want;
	const char *user, *status;
} rows[] = {
	{ "user", S("nobody@d.example"), ROUTE_BOX, "nobody", "" },
	{ "user_without_domain", S("nobody"), ROUTE_BOX, "nobody", "" },
	{ "root", S("root@localhost"), ROUTE_BOX, "root", "" },
	{ "domain_in_capitals", S("nobody@D.EXAMPLE"), ROUTE_BOX, "nobody",
	    "" },
	{ "user_in_capitals", S("NoBody@d.example"), ROUTE_BOX, "nobody", "" },
	{ "detail", S("nobody+lists.x@d.example"), ROUTE_BOX, "nobody", "" },
	{ "detail_with_two_signs", S("nobody+a+b@d.example"), ROUTE_BOX,
	    "nobody", "" },
	{ "detail_in_capitals", S("NOBODY+A@d.example"), ROUTE_BOX, "nobody",
	    "" },
	{ "empty_detail", S("nobody+@d.example"), ROUTE_BOX, "nobody", "" },
	{ "detail_only", S("+nobody@d.example"), ROUTE_NEVER, NULL, "5.1.1" },
	{ "quoted_user", S("\"nobody\"@d.example"), ROUTE_BOX, "nobody", "" },
	{ "quoted_detail", S("\"nobody+a b\"@d.example"), ROUTE_BOX, "nobody",
	    "" },
	{ "postmaster", S("postmaster@d.example"), ROUTE_BOX, "root", "" },
	{ "postmaster_in_capitals", S("POSTMASTER@d.example"), ROUTE_BOX,
	    "root", "" },
	{ "postmaster_alone", S("Postmaster"), ROUTE_BOX, "root", "" },
	{ "postmaster_with_detail", S("postmaster+x"), ROUTE_BOX, "root", "" },
	{ "mailer_daemon", S("MAILER-DAEMON@d.example"), ROUTE_BOX, "root",
	    "" },
	{ "no_such_user", S("no-such-user@d.example"), ROUTE_NEVER, NULL,
	    "5.1.1" },
	{ "postmaster_is_a_whole_name", S("postmasters@d.example"), ROUTE_NEVER,
	    NULL, "5.1.1" },
	{ "path_for_a_user", S("../root@d.example"), ROUTE_NEVER, NULL,
	    "5.1.1" },
	{ "file_for_a_user", S("/etc/passwd@d.example"), ROUTE_NEVER, NULL,
	    "5.1.1" },
	{ "command_for_a_user", S("|sh@d.example"), ROUTE_NEVER, NULL,
	    "5.1.1" },
	{ "uid_is_no_name", S("0@d.example"), ROUTE_NEVER, NULL, "5.1.1" },
	{ "empty_quotes", S("\"\"@d.example"), ROUTE_NEVER, NULL, "5.1.1" },
	{ "longest_local_part",
	    S("0123456789abcdef0123456789abcdef0123456789abcdef"
	      "0123456789abcdef@d.example"),
	    ROUTE_NEVER, NULL, "5.1.1" },
	{ "malformed", S("a b@d.example"), ROUTE_NEVER, NULL, "5.1.3" },
	{ "empty", S(""), ROUTE_NEVER, NULL, "5.1.3" },
	{ "elsewhere_without_a_relay", S("bob@example.net"), ROUTE_LATER, NULL,
	    "4.4.4" },
	{ "below_a_local_domain_is_elsewhere", S("root@x.d.example"),
	    ROUTE_LATER, NULL, "4.4.4" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct route r;

	route(&alone, row->address, &r);
	assert_int_equal(r.kind, row->want);
	assert_string_equal(r.status, row->status);
	if (row->user)
		assert_string_equal(r.name, row->user);
	else
		assert_true(strlen(r.text) > 10);
}

static void
elsewhere_goes_to_the_relay(void **state)
{
	struct conf c = alone;
	struct route r;

	(void)state;
	c.relays = (struct conf_relay *)(uintptr_t)&relay;
	c.nrelays = 1;
	route(&c, SPAN("bob@example.net"), &r);
	assert_int_equal(r.kind, ROUTE_RELAY);
	assert_string_equal(r.name, "main");
	route(&c, SPAN("nobody@d.example"), &r); /* local stays local */
	assert_int_equal(r.kind, ROUTE_BOX);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	tests[n] =
	    (struct CMUnitTest)cmocka_unit_test(elsewhere_goes_to_the_relay);
	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
