#include "deliver/net/ehlo.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *name, *text;
	unsigned offers;
	uint64_t size;
} rows[] = {
	{ "nothing", "mx.example", 0, 0 },
	{ "empty", "", 0, 0 },
	{ "all",
	    "mx\nPIPELINING\nSIZE 1000\n8BITMIME\nSMTPUTF8\n"
	    "ENHANCEDSTATUSCODES\nDSN\nCHUNKING",
	    127, 1000 },
	{ "case", "mx\npipelining\nSize 5\n8bitMime",
	    EHLO_PIPELINING | EHLO_SIZE | EHLO_8BITMIME, 5 },
	{ "greeting_is_no_offer", "PIPELINING SIZE 1000", 0, 0 },
	{ "greeting_word_by_word", "SIZE\nDSN", EHLO_DSN, 0 },
	{ "size_without_number", "mx\nSIZE", EHLO_SIZE, 0 },
	{ "size_zero", "mx\nSIZE 0", EHLO_SIZE, 0 },
	{ "size_negative", "mx\nSIZE -1", EHLO_SIZE, 0 },
	{ "size_beyond_all", "mx\nSIZE 99999999999999999999999", EHLO_SIZE, 0 },
	{ "size_words", "mx\nSIZE 10 20", EHLO_SIZE, 10 },
	{ "size_letters", "mx\nSIZE 10M", EHLO_SIZE, 0 },
	{ "size_large", "mx\nSIZE 9223372036854775807", EHLO_SIZE, INT64_MAX },
	{ "longer_word", "mx\nPIPELININGS\nSIZES 4\nXDSN", 0, 0 },
	{ "blanks", "mx\n  PIPELINING  \n\n\tSIZE\t7",
	    EHLO_PIPELINING | EHLO_SIZE, 7 },
	{ "verbs", "mx\nSEND\nsoml\nSAML", EHLO_SEND | EHLO_SOML | EHLO_SAML,
	    0 },
	{ "requiretls", "mx\nREQUIRETLS", EHLO_REQUIRETLS, 0 },
	{ "unknown", "mx\nX-Y\nETRN", 0, 0 },
	{ "tls_and_auth", "mx\nAUTH PLAIN\nSTARTTLS", EHLO_AUTH | EHLO_STARTTLS,
	    0 },
	{ "auth_of_old", "mx\nAUTH=PLAIN LOGIN", EHLO_AUTH, 0 },
	{ "twice", "mx\nSIZE 5\nSIZE 6", EHLO_SIZE, 6 },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ehlo e;

		ehlo_parse(span_of(rows[i].text), &e);
		if (e.offers != rows[i].offers || e.size != rows[i].size)
			fail_msg("%s: %u, %llu", rows[i].name, e.offers,
			    (unsigned long long)e.size);
	}
}

static const struct {
	const char *name, *text;
	uint64_t mailmax, rcptmax;
} limits[] = {
	{ "both", "mx\nLIMITS MAILMAX=5 RCPTMAX=100", 5, 100 },
	{ "case_and_others", "mx\nlimits rcptdomainmax=1 rcptmax=7 X", 0, 7 },
	{ "none", "mx\nLIMITS", 0, 0 },
	{ "no_numbers", "mx\nLIMITS MAILMAX= RCPTMAX=x MAILMAX", 0, 0 },
	{ "negative", "mx\nLIMITS MAILMAX=-1 RCPTMAX=0", 0, 0 },
	{ "not_offered", "mx\nMAILMAX=5", 0, 0 },
};

static void
test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct ehlo e;

		ehlo_parse(span_of(limits[i].text), &e);
		if (e.mailmax != limits[i].mailmax ||
		    e.rcptmax != limits[i].rcptmax)
			fail_msg("%s: %llu, %llu", limits[i].name,
			    (unsigned long long)e.mailmax,
			    (unsigned long long)e.rcptmax);
	}
}

static const struct {
	const char *hostname;
	bool good;
} names[] = {
	{ "host.example.org", true },
	{ "a-1.b2", true },
	{ "host", false },
	{ "", false },
	{ "localhost", false },
	{ "localhost.localdomain", false },
	{ "my_host.example.org", false },
	{ "host..example", false },
	{ "host.example.", false },
	{ ".example", false },
	{ "-a.example", false },
	{ "192.0.2.7", false },
	{ "h\xc3\xb6.example", false },
};

static void
test_names(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr none = { .sa_family = AF_UNIX };
	char name[EHLO_NAME];

	(void)state;
	inet_pton(AF_INET, "192.0.2.1", &four.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *host = names[i].hostname;

		ehlo_name(host, (struct sockaddr *)&four, name);
		assert_string_equal(name, names[i].good ? host : "[192.0.2.1]");
		ehlo_name(host, (struct sockaddr *)&six, name);
		assert_string_equal(
		    name, names[i].good ? host : "[IPv6:2001:db8::1]");
		ehlo_name(host, &none, name);
		assert_string_equal(name, host);
		ehlo_name(host, NULL, name);
		assert_string_equal(name, host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
