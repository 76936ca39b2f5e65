#include "common/crc.h"
#include "deliver/queue/journal.h"
#include "tests/rows.h"
#include <errno.h>
#include <stdlib.h>

/* A line, and how it stands in the file behind its sum. */
static const struct row {
	const char *name;
	struct journal_line line;
	const char *text;
} rows[] = {
	{ "done", { J_DONE, 1795497640, 0, 0, S("2.0.0"), S("/var/mail/al") },
	    "1795497640 done 0 2.0.0 /var/mail/al" },
	{ "fail", { J_FAIL, 1, 4294967294, 0, S("5.1.1"), S("550 no") },
	    "1 fail 4294967294 5.1.1 550 no" },
	{ "later_for_all", { J_LATER, 1, JOURNAL_ALL, 0, S("4.4.1"), S("x") },
	    "1 later * 4.4.1 x" },
	{ "try", { J_TRY, 1, 3, 0, S(""), S("") }, "1 try 3" },
	{ "defer", { J_DEFER, 1, 0, 1795497999, S(""), S("") },
	    "1 defer 1795497999" },
	{ "bounce", { J_BOUNCE, 1, 0, 2, S(""), S("0123456789ABCDEF-2") },
	    "1 bounce 2 0123456789ABCDEF-2" },
	{ "relayed", { J_RELAYED, 1, 3, 0, S("2.0.0"), S("ok") },
	    "1 relayed 3 2.0.0 ok" },
	{ "passed", { J_PASSED, 1, 3, 0, S("2.0.0"), S("ok") },
	    "1 passed 3 2.0.0 ok" },
	{ "told", { J_TOLD, 1, 0, 2, S(""), S("0123456789ABCDEF-2S") },
	    "1 told 2 0123456789ABCDEF-2S" },
	{ "warn", { J_WARN, 1, 0, 1, S(""), S("0123456789ABCDEF-1W") },
	    "1 warn 1 0123456789ABCDEF-1W" },
	{ "list", { J_LIST, 1, 0, 0, S(""), S("0123456789ABCDEF-1M") },
	    "1 list 0123456789ABCDEF-1M" },
	{ "bounce_not_made", { J_BOUNCE, 1, 0, 1, S(""), S("-") },
	    "1 bounce 1 -" },
	{ "child", { J_CHILD, 1, 0, 0, S("box"), S("alice - alice@y") },
	    "1 child 0 box alice - alice@y" },
	{ "hold", { J_HOLD, 1, 0, 0, S(""), S("1001") }, "1 hold 1001" },
	{ "release", { J_RELEASE, 1, 0, 0, S(""), S("0") }, "1 release 0" },
	{ "retry", { J_RETRY, 1, 0, 0, S(""), S("0") }, "1 retry 0" },
	{ "return", { J_RETURN, 1, 0, 0, S(""), S("0") }, "1 return 0" },
	{ "split", { J_SPLIT, 1, 2, 0, S(""), S("") }, "1 split 2" },
	{ "drop", { J_DROP, 1, 7, 0, S(""), S("") }, "1 drop 7" },
	{ "no_text", { J_DONE, 1, 0, 0, S("2.0.0"), S("") },
	    "1 done 0 2.0.0 " },
	{ "blanks_in_text", { J_FAIL, 1, 0, 0, S("5.0.0"), S(" a  b ") },
	    "1 fail 0 5.0.0  a  b " },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf b = { 0 }, want = { 0 };
	struct journal_line l;
	struct span rest;

	journal_put(&b, &row->line);
	buf_fmt(&want, "@ %08x %s\n", crc32c(0, row->text, strlen(row->text)),
	    row->text);
	assert_string_equal(buf_c(&b), buf_c(&want));
	rest = buf_view(&b);
	assert_int_equal(journal_get(&rest, &l), 1);
	assert_int_equal(rest.len, 0);
	assert_int_equal(l.event, row->line.event);
	assert_true(l.when == row->line.when);
	assert_true(l.until == row->line.until);
	assert_int_equal(l.rcpt, row->line.rcpt);
	assert_true(span_eq(l.status, row->line.status));
	assert_true(span_eq(l.text, row->line.text));
	assert_int_equal(journal_get(&rest, &l), 0);
	buf_free(&b);
	buf_free(&want);
}

/* Any octets but NUL, and no string at all, come back as they went. */
static void
words_of_a_child(void **state)
{
	static const char *const words[] = { "alice", NULL, "-", "", "%41", "%",
		"|/bin/x -a \"b c\"\n", "j\xc3\xb6rg@x", "--" };
	struct buf b = { 0 };
	struct span rest;
	char *word;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		journal_add_word(&b, words[i]);
	for (size_t i = 0; i < b.len; i++)
		assert_true(b.ptr[i] >= ' ' && b.ptr[i] < 0x7f);
	rest = buf_view(&b);
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(journal_word(&rest, &word), 0);
		if (words[i])
			assert_string_equal(word, words[i]);
		else
			assert_null(word);
		free(word);
	}
	errno = 0;
	assert_int_equal(journal_word(&rest, &word), -1);
	assert_int_equal(errno, EBADMSG);
	buf_free(&b);
}

static void
words_that_are_none(void **state)
{
	static const struct span bad[] = { S("%4"), S("a%"), S("%zz"), S("%00"),
		S("a%4 x"), S(""), S(" x") };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct span rest = bad[i];
		char *word;

		errno = 0;
		assert_int_equal(journal_word(&rest, &word), -1);
		assert_int_equal(errno, EBADMSG);
		assert_null(word);
	}
}

/* Whatever a server says, a line stays a line. */
static void
text_from_outside_is_made_harmless(void **state)
{
	static char big[2000];
	struct journal_line l = { J_FAIL, 1, 0, 0, S("5.0.0"),
		S("a\n@ 00000000 1 done 0 2.0.0 x\r\0\xff") };
	struct buf b = { 0 };
	struct span rest;

	(void)state;
	memset(big, 'x', sizeof big);
	journal_put(&b, &l);
	l.text = (struct span){ big, sizeof big };
	l.status = l.text;
	journal_put(&b, &l);
	l.status = SPAN("");
	journal_put(&b, &l);
	rest = buf_view(&b);
	assert_int_equal(journal_get(&rest, &l), 1);
	assert_true(span_eq(l.text, SPAN("a?@ 00000000 1 done 0 2.0.0 x???")));
	assert_int_equal(journal_get(&rest, &l), 1);
	assert_int_equal(l.status.len, 11);
	assert_int_equal(l.text.len, 300);
	assert_int_equal(journal_get(&rest, &l), 1);
	assert_true(span_eq(l.status, SPAN("-")));
	assert_int_equal(rest.len, 0);
	buf_free(&b);
}

static void
three_lines(struct buf *b)
{
	struct journal_line l = { J_DONE, 1, 0, 0, S("2.0.0"), S("one") };

	journal_put(b, &l);
	l.rcpt = 1;
	journal_put(b, &l);
	l.event = J_DEFER;
	l.until = 5;
	journal_put(b, &l);
}

/* Torn at any octet: the whole lines before it count, the rest does not, and
 * *rest says where to go on. */
static void
torn_anywhere(void **state)
{
	struct buf b = { 0 };
	size_t ends[4] = { 0 }, n = 1;

	(void)state;
	three_lines(&b);
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] == '\n')
			ends[n++] = i + 1;
	assert_int_equal(n, 4);
	for (size_t len = 0; len <= b.len; len++) {
		struct span rest = { b.ptr, len };
		struct journal_line l;
		size_t whole = 0;
		int got;

		while ((got = journal_get(&rest, &l)) == 1)
			whole++;
		assert_int_equal(got, 0);
		for (n = 0; n < 3 && ends[n + 1] <= len; n++)
			;
		assert_int_equal(whole, n);
		assert_ptr_equal(rest.ptr ? rest.ptr : b.ptr, b.ptr + ends[n]);
		assert_int_equal(rest.len, len - ends[n]);
	}
	buf_free(&b);
}

/* An octet that is wrong: in the last line it was torn there; before it the
 * file is damaged. */
static void
wrong_anywhere(void **state)
{
	struct buf b = { 0 };
	size_t last;

	(void)state;
	three_lines(&b);
	for (last = b.len - 1; b.ptr[last - 1] != '\n'; last--)
		;
	for (size_t i = 0; i < b.len; i++) {
		struct span rest = buf_view(&b);
		struct journal_line l;
		int got, lf = b.ptr[i] == '\n';

		b.ptr[i] ^= 1;
		errno = 0;
		while ((got = journal_get(&rest, &l)) == 1)
			;
		/* without its LF the line before the last swallows the last */
		if (i > last || (lf && i == last - 1)) {
			assert_int_equal(got, 0);
		} else {
			assert_int_equal(got, -1);
			assert_int_equal(errno, EBADMSG);
		}
		b.ptr[i] ^= 1;
	}
	buf_free(&b);
}

static const struct bad {
	const char *name, *text; /* with a sum that fits */
} bad[] = {
	{ "unknown_event", "1 dune 0 2.0.0 x" },
	{ "no_event", "1" },
	{ "no_time", "done 0 2.0.0 x" },
	{ "negative_time", "-1 done 0 2.0.0 x" },
	{ "no_recipient", "1 done" },
	{ "recipient_no_number", "1 done x 2.0.0 x" },
	{ "recipient_beyond_32_bits", "1 done 4294967296 2.0.0 x" },
	{ "try_with_text", "1 try 0 x" },
	{ "defer_without_time", "1 defer" },
	{ "defer_until_no_number", "1 defer soon" },
	{ "defer_with_text", "1 defer 5 x" },
	{ "bounce_without_round", "1 bounce - x" },
	{ "child_without_a_parent", "1 child" },
	{ "split_with_text", "1 split 0 x" },
	{ "drop_no_number", "1 drop x" },
	{ "two_blanks", "1  done 0 2.0.0 x" },
};

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	struct journal_line l = { J_TRY, 1, 0, 0, S(""), S("") };
	struct buf b = { 0 };
	struct span rest;

	buf_fmt(&b, "@ %08x %s\n", crc32c(0, row->text, strlen(row->text)),
	    row->text);
	journal_put(&b, &l); /* so that it is not the last */
	rest = buf_view(&b);
	errno = 0;
	assert_int_equal(journal_get(&rest, &l), -1);
	assert_int_equal(errno, EBADMSG);
	buf_free(&b);
}

/* Room that was reserved and never written reads as zeros. */
static void
zeros_at_the_end_are_torn(void **state)
{
	struct buf b = { 0 };
	struct journal_line l;
	struct span rest;

	(void)state;
	three_lines(&b);
	buf_add(&b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n", 20);
	rest = buf_view(&b);
	for (int i = 0; i < 3; i++)
		assert_int_equal(journal_get(&rest, &l), 1);
	assert_int_equal(journal_get(&rest, &l), 0);
	assert_int_equal(rest.len, 20);
	buf_free(&b);
}

/* After a power cut the file has its new length, and sectors that were not
 * synced read as zeros: the lines before them count, and no more. */
static void
zeros_anywhere_are_torn(void **state)
{
	struct buf b = { 0 }, text = { 0 };

	(void)state;
	three_lines(&b);
	for (size_t from = 0; from < b.len; from++)
		for (size_t n = 1; from + n <= b.len; n++) {
			struct span rest;
			struct journal_line l;
			size_t whole = 0, end = 0;
			int got;

			buf_reset(&text);
			buf_span(&text, buf_view(&b));
			memset(text.ptr + from, 0, n);
			for (size_t i = 0; i < from; i++)
				if (b.ptr[i] == '\n')
					end = i + 1, whole++;
			rest = buf_view(&text);
			while ((got = journal_get(&rest, &l)) == 1)
				whole--;
			assert_int_equal(got, 0);
			assert_int_equal(whole, 0);
			assert_int_equal(rest.len, b.len - end);
		}
	buf_free(&b);
	buf_free(&text);
}

/* The tail of a body, where the first line's length is wrong. */
static void
what_never_was_a_line_is_not_torn(void **state)
{
	static const struct span tails[] = { S("\n"), S("bye\n"), S("bye"),
		S(" @ 5a3f01c2 1"), S("\xff") };

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		struct span rest = tails[i];
		struct journal_line l;

		errno = 0;
		assert_int_equal(journal_get(&rest, &l), -1);
		assert_int_equal(errno, EBADMSG);
	}
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(text_from_outside_is_made_harmless),
		cmocka_unit_test(words_of_a_child),
		cmocka_unit_test(words_that_are_none),
		cmocka_unit_test(torn_anywhere),
		cmocka_unit_test(wrong_anywhere),
		cmocka_unit_test(zeros_at_the_end_are_torn),
		cmocka_unit_test(zeros_anywhere_are_torn),
		cmocka_unit_test(what_never_was_a_line_is_not_torn),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(bad) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, bad, check_bad);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
