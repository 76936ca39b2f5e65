/* The order of hosts and addresses, and names as DNS knows them. */
#include "deliver/net/order.h"
#include "deliver/net/way.h"
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 400 /* in which chance does what it can do, but once in 1e30 */

static const struct dns_mx list[] = { { 20, "c.example" }, { 10, "a.example" },
	{ 30, "d.example" }, { 10, "b.example" }, { 20, "Me.Example" },
	{ 5, "" } };
#define N (sizeof list / sizeof *list)

static void
mx_by_preference_equals_by_chance(void **state)
{
	unsigned a_first = 0, b_first = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct dns_mx mx[N];

		memcpy(mx, list, sizeof list);
		assert_int_equal(order_mx(mx, N), N - 1);
		for (size_t k = 0; k + 1 < N - 1; k++)
			assert_true(mx[k].pref <= mx[k + 1].pref);
		a_first += mx[0].name[0] == 'a';
		b_first += mx[0].name[0] == 'b';
		assert_string_equal(mx[4].name, "d.example");
	}
	assert_int_equal(a_first + b_first, ROUNDS);
	assert_true(a_first > 0 && b_first > 0);
}

static void
what_is_ours_and_behind_us_goes(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct dns_mx mx[N];
		size_t n;

		memcpy(mx, list, sizeof list);
		n = order_mx(mx, N);
		assert_int_equal(order_before_self(mx, n, "me.example"), 2);
		assert_int_equal(order_before_self(mx, n, "d.example"), 4);
		assert_int_equal(order_before_self(mx, n, "a.example"), 0);
		assert_int_equal(order_before_self(mx, n, "x.example"), 5);
	}
}

static void
srv_by_priority_and_weight(void **state)
{
	static const struct dns_srv srv[] = { { 2, 0, 465, "last" },
		{ 1, 0, 465, "rare" }, { 1, 90, 465, "often" },
		{ 1, 10, 465, "some" }, { 0, 1, 465, "" } };
	unsigned often = 0, some = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct dns_srv s[5];

		memcpy(s, srv, sizeof srv);
		assert_int_equal(order_srv(s, 5), 4);
		assert_string_equal(s[3].name, "last");
		often += strcmp(s[0].name, "often") == 0;
		some += strcmp(s[0].name, "some") == 0;
	}
	assert_true(some > 0);
	assert_true(often > 2 * some); /* 360 and 40 are to be expected */
}

static void
families_take_turns(void **state)
{
	static const struct {
		const char *in;
		bool six;
		const char *out;
	} rows[] = { { "444666", true, "646464" },
		{ "444666", false, "464646" }, { "46", true, "64" },
		{ "4446", true, "6444" }, { "6444", false, "6444" },
		{ "444", true, "444" }, { "666", false, "666" },
		{ "", true, "" } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conn_addr a[CONN_ADDRS];
		size_t n = strlen(rows[i].in);
		int last[2] = { -1, -1 };
		char out[CONN_ADDRS + 1] = "";

		for (size_t k = 0; k < n; k++) {
			a[k].sa.ss_family =
			    rows[i].in[k] == '4' ? AF_INET : AF_INET6;
			a[k].len = (socklen_t)k; /* its old place */
		}
		order_families(a, n, rows[i].six);
		for (size_t k = 0; k < n; k++) {
			bool six = a[k].sa.ss_family == AF_INET6;

			out[k] = six ? '6' : '4';
			assert_true((int)a[k].len > last[six]);
			last[six] = (int)a[k].len;
		}
		assert_string_equal(out, rows[i].out);
	}
}

static void
domains(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = { { "Example.ORG", "example.org" },
		{ "example.org.", "example.org" },
		{ "b\xc3\xbc"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.Example",
		    "xn--bcher-kva.example" },
		{ "stra\xc3\x9f"
		  "e.example",
		    "xn--strae-oqa.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "under_score.example", "under_score.example" },
		{ "[192.0.2.1]", "[192.0.2.1]" },
		{ "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]" }, { "", NULL },
		{ ".", NULL }, { "b\xff.example", NULL },
		{ "a..example", NULL }, { ".example", NULL },
		{ "a23456789b123456789c123456789d123456789e123456789f123456789"
		  "g123.example",
		    "a23456789b123456789c123456789d123456789e123456789f1234567"
		    "89g123.example" },
		{ "a23456789b123456789c123456789d123456789e123456789f123456789"
		  "g1234.example",
		    NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *out;

		if (!way_speaks(rows[i].in))
			continue; /* built without libidn2 */
		out = way_domain(rows[i].in);
		if ((out == NULL) != (rows[i].out == NULL) ||
		    (out && strcmp(out, rows[i].out) != 0))
			fail_msg(
			    "\"%s\": \"%s\"", rows[i].in, out ? out : "(none)");
		free(out);
	}
}

static void
own_addresses(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	assert_true(way_is_own((struct sockaddr *)&four));
	four.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 */
	assert_false(way_is_own((struct sockaddr *)&four));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mx_by_preference_equals_by_chance),
		cmocka_unit_test(what_is_ours_and_behind_us_goes),
		cmocka_unit_test(srv_by_priority_and_weight),
		cmocka_unit_test(families_take_turns),
		cmocka_unit_test(domains),
		cmocka_unit_test(own_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
