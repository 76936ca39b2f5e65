/* MTA-STS (RFC 8461): records, answers, policies, hosts. */
#include "deliver/net/sts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
records(void **state)
{
	static const struct {
		const char *txt, *id;
	} rows[] = { { "v=STSv1; id=20160831085700Z;", "20160831085700Z" },
		{ "v=STSv1;id=a", "a" }, { "v=STSv1 ; id=a ;x=y", "a" },
		{ "v=STSv1; x=y; id=a", "a" }, { "v=STSv1; id=a; id=b", "a" },
		{ "v=STSv1", NULL }, { "v=STSv1; id=", NULL },
		{ "v=STSv1; id=a-b", NULL }, { "v=STSv2; id=a", NULL },
		{ "id=a; v=STSv1", NULL }, { "v=spf1 -all", NULL },
		{ "", NULL },
		{ "v=STSv1; id=0123456789012345678901234567890123", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char id[STS_ID];
		bool found = sts_record(
		    (struct span){ rows[i].txt, strlen(rows[i].txt) }, id);

		if (found != (rows[i].id != NULL) ||
		    (found && strcmp(id, rows[i].id) != 0))
			fail_msg("%s", rows[i].txt);
	}
}

#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

static void
responses(void **state)
{
	static const struct {
		const char *text;
		bool ended;
		int want;
		const char *body;
	} rows[] = { { OK "\r\nbody", true, 1, "body" },
		{ OK "\r\nbody", false, 0, NULL },
		{ OK "Content-Length: 4\r\n\r\nbody", false, 1, "body" },
		{ OK "Content-Length: 4\r\n\r\nbodyguard", false, 1, "body" },
		{ OK "content-length: 5\r\n\r\nbody", false, 0, NULL },
		{ OK "content-length: 5\r\n\r\nbody", true, -1, NULL },
		{ OK "Content-Length: -1\r\n\r\nbody", true, -1, NULL },
		{ OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", true, -1,
		    NULL },
		{ OK, true, -1, NULL }, { OK, false, 0, NULL },
		{ "HTTP/1.0 200 OK\nContent-Type: Text/Plain; charset=utf-8\n\n"
		  "x",
		    true, 1, "x" },
		{ "HTTP/1.1 301 Moved\r\nContent-Type: text/plain\r\n"
		  "Location: /\r\n\r\n",
		    true, -1, NULL },
		{ "HTTP/1.1 2000 OK\r\nContent-Type: text/html\r\n\r\n", true,
		    -1, NULL },
		{ "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nx", true,
		    -1, NULL },
		{ "HTTP/1.1 200 OK\r\n\r\nx", true, -1, NULL },
		{ "220 mx.example\r\n\r\n", true, -1, NULL },
		{ "", true, -1, NULL }, { "", false, 0, NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span body = { NULL, 0 };
		int got = sts_response(
		    (struct span){ rows[i].text, strlen(rows[i].text) },
		    rows[i].ended, &body);

		if (got != rows[i].want ||
		    (got == 1 && (body.len != strlen(rows[i].body) ||
				     memcmp(body.ptr, rows[i].body, body.len))))
			fail_msg("%s: %d", rows[i].text, got);
	}
}

#define V "version: STSv1\n"
#define M "mode: enforce\n"
#define A "max_age: 86400\n"
#define X "mx: mx.example\n"

static void
policies(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = { { V M A X, 0 },
		{ "version: STSv1\r\nmode: testing\r\nmax_age: 1\r\nmx: a\r\n",
		    0 },
		{ V "mode: none\n" A, 0 }, { X A M V, 0 },
		{ V M A X "unknown: x\n", 0 }, { V M A, -1 }, { M A X, -1 },
		{ V A X, -1 }, { V M X, -1 }, { V "mode: Enforce\n" A X, -1 },
		{ V M "max_age: -1\n" X, -1 }, { V M "max_age: x\n" X, -1 },
		{ V M "max_age: 31557601\n" X, -1 }, { "", -1 },
		{ "version: STSv2\n" M A X, -1 }, { "<html>\n<body>\n", -1 },
		{ V M A "mx:\n", -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sts p;

		if (sts_parse(
			(struct span){ rows[i].text, strlen(rows[i].text) },
			&p) != rows[i].want)
			fail_msg("%s", rows[i].text);
	}
}

static void
hosts(void **state)
{
	static const struct {
		const char *host;
		bool fits;
	} rows[] = { { "mx.example", true }, { "MX.Example", true },
		{ "a.mail.example", true }, { "a.b.mail.example", false },
		{ "mail.example", false }, { ".mail.example", false },
		{ "mx.example.org", false }, { "xmx.example", false },
		{ "", false }, { "*.mail.example", true } };
	struct sts p;

	(void)state;
	assert_int_equal(
	    sts_parse(SPAN(V M A X "mx: *.mail.example\n"), &p), 0);
	assert_int_equal(p.mode, STS_ENFORCE);
	assert_int_equal(p.max_age, 86400);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (sts_fits(&p, rows[i].host) != rows[i].fits)
			fail_msg("%s", rows[i].host);
}

/* What is kept is read again as if it came from outside. */
static void
kept(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = { { "v=STSv1; id=a1;\n" V M A X, 0 },
		{ "v=STSv1; id=a1;\n" V M A X X "mx: *.b.example\n", 0 },
		{ "v=STSv1; id=a1;\n" V "mode: none\n" A, 0 },
		{ "v=STSv1; id=a1;\n" V "mode: testing\nmax_age: 0\n" X, 0 },
		{ "v=STSv1; id=a1;\n" V M A, -1 }, { V M A X, -1 },
		{ "v=STSv1; id=;\n" V M A X, -1 }, { "v=STSv1; id=a1;", -1 },
		{ "v=STSv1; id=a1;\n", -1 }, { "", -1 } };
	struct buf b = { 0 };
	struct sts p, again;
	char id[STS_ID];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (sts_load(span_of(rows[i].text), id, &p) != rows[i].want)
			fail_msg("%s", rows[i].text);
		if (rows[i].want == -1)
			continue;
		buf_reset(&b);
		sts_save(&p, id, &b);
		assert_int_equal(sts_load(buf_view(&b), id, &again), 0);
		assert_string_equal(id, "a1");
		assert_int_equal(again.mode, p.mode);
		assert_int_equal(again.max_age, p.max_age);
		assert_int_equal(again.n, p.n);
		for (size_t k = 0; k < p.n; k++)
			assert_string_equal(again.mx[k], p.mx[k]);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(responses),
		cmocka_unit_test(policies),
		cmocka_unit_test(hosts),
		cmocka_unit_test(kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
