/* For how long nobody asks a destination again. */
#include "deliver/net/shut.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000, SECOND = 1000, ROUNDS = 200 };

static const struct verdict later = { .outcome = OUT_LATER, .status = "4.4.1" };

static void
close_it(struct shut *s, enum shut_why by, uint64_t stamp)
{
	const struct shut_for f = { .by = by,
		.why = &later,
		.text = SPAN("nobody is there"),
		.mta = SPAN("mx.example"),
		.stamp = stamp };

	shut(s, &f, NOW, SECOND);
}

/* Twice as long each time, up to a limit; a quarter less or more, by chance. */
static void
longer_and_with_jitter(void **state)
{
	static const struct {
		enum shut_why by;
		unsigned nth;
		int64_t least, most; /* seconds */
	} rows[] = { { SHUT_AWAY, 1, 3, 6 }, { SHUT_AWAY, 2, 7, 12 },
		{ SHUT_AWAY, 3, 15, 25 }, { SHUT_AWAY, 6, 120, 200 },
		{ SHUT_AWAY, 7, 225, 300 }, { SHUT_AWAY, 50, 225, 300 },
		{ SHUT_DENIED, 1, 45, 75 }, { SHUT_DENIED, 2, 90, 150 },
		{ SHUT_DENIED, 5, 720, 960 }, { SHUT_DENIED, 50, 720, 960 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t first = 0;
		unsigned others = 0;

		for (int k = 0; k < ROUNDS; k++) {
			struct shut s = { 0 };
			int64_t t;

			for (unsigned n = 0; n < rows[i].nth; n++)
				close_it(&s, rows[i].by, 1);
			for (t = 0; shut_is(&s, rows[i].by, NOW + t, 1); t++)
				t += SECOND - 1;
			if (t < rows[i].least * SECOND ||
			    t > rows[i].most * SECOND)
				fail_msg("row %zu: %ld ms", i, (long)t);
			assert_true(shut_known(&s) > NOW + t);
			first = k ? first : t;
			others += t != first;
			shut_free(&s);
		}
		if (others == 0)
			fail_msg("row %zu: always %ld ms", i, (long)first);
	}
}

static void
what_ends_it(void **state)
{
	struct shut s = { 0 };

	(void)state;
	assert_false(shut_is(&s, SHUT_AWAY, NOW, 1));
	close_it(&s, SHUT_AWAY, 1);
	assert_true(shut_is(&s, SHUT_AWAY, NOW, 1));
	assert_true(shut_is(&s, SHUT_AWAY, NOW, 2)); /* no password's matter */
	assert_false(shut_is(&s, SHUT_DENIED, NOW, 1));
	shut_forgive(&s);
	assert_false(shut_is(&s, SHUT_AWAY, NOW, 1));

	close_it(&s, SHUT_DENIED, 1);
	assert_false(shut_is(&s, SHUT_AWAY, NOW, 1));
	shut_forgive(&s); /* the same would come again */
	assert_true(shut_is(&s, SHUT_DENIED, NOW, 1));
	assert_false(shut_is(&s, SHUT_DENIED, NOW, 2)); /* another password */
	assert_false(shut_is(&s, SHUT_DENIED, NOW, 1));

	close_it(&s, SHUT_DENIED, 1);
	shut_open(&s);
	assert_false(shut_is(&s, SHUT_DENIED, NOW, 1));
	assert_int_equal(shut_known(&s), 0);
	close_it(&s, SHUT_DENIED, 1); /* from the beginning */
	assert_false(shut_is(&s, SHUT_DENIED, NOW + 76 * SECOND, 1));
	shut_free(&s);
}

static void
the_answer_is_kept(void **state)
{
	struct shut s = { 0 };
	struct shut_for f = { .why = &later };

	(void)state;
	close_it(&s, SHUT_AWAY, 1);
	assert_string_equal(buf_c(&s.text), "nobody is there");
	assert_string_equal(buf_c(&s.mta), "mx.example");
	f.text = buf_view(&s.text); /* its own words */
	f.mta = buf_view(&s.mta);
	shut(&s, &f, NOW, SECOND);
	assert_string_equal(buf_c(&s.text), "nobody is there");
	assert_string_equal(s.why.status, "4.4.1");
	shut_free(&s);
}

/* Tried every ten minutes, it is shut for longer each time; and one that is not
 * asked for want of room stays so for as long as it was. */
static void
remembered_between_attempts(void **state)
{
	struct shut s = { 0 };
	int64_t now = NOW, first, again;

	(void)state;
	assert_false(shut_doubted(&s));
	for (int i = 0; i < 10; i++, now += 600 * SECOND) {
		const struct shut_for f = { .by = SHUT_AWAY, .why = &later };

		shut(&s, &f, now, SECOND);
		assert_true(shut_known(&s) > now + 600 * SECOND);
		assert_true(shut_doubted(&s));
	}
	now = shut_known(&s);
	first = shut_known(&s) - now;
	shut_again(&s, now, SECOND);
	again = shut_known(&s) - now;
	assert_true(again > first);
	assert_true(shut_is(&s, SHUT_AWAY, now + 224 * SECOND, 0));
	assert_false(shut_is(&s, SHUT_AWAY, now + 301 * SECOND, 0));
	shut_open(&s);
	assert_false(shut_doubted(&s));
	shut_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longer_and_with_jitter),
		cmocka_unit_test(remembered_between_attempts),
		cmocka_unit_test(what_ends_it),
		cmocka_unit_test(the_answer_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
