#include "deliver/net/ehlo.h"
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
	{ "unknown", "mx\nAUTH PLAIN\nSTARTTLS\nX-Y", 0, 0 },
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

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
