#include "common/crc.h"
#include "deliver/user/item.h"
#include "tests/rows.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BEFORE "what stands before the body "
#define TOP "Return-Path: <s@x>\nDelivered-To: r@y\n"
#define FROM "From s@x Mon Nov 23 05:20:33 2026\n" TOP

/* A message file in memory with this body. */
static struct item
item_of(struct span body)
{
	struct item it = { .ref = 1,
		.id = strdup("0123456789ABCDEF"),
		.sender = strdup("s@x"),
		.rcpt = strdup("r@y"),
		.arrived_us = 1795411233123456,
		.offset = sizeof BEFORE - 1,
		.len = body.len,
		.sum = crc32c(0, body.ptr, body.len),
		.fd = memfd_create("message", MFD_CLOEXEC) };

	assert_int_equal(
	    write(it.fd, BEFORE, sizeof BEFORE - 1), sizeof BEFORE - 1);
	for (size_t done = 0; done < body.len;) {
		ssize_t n = write(it.fd, body.ptr + done, body.len - done);

		assert_true(n > 0);
		done += (size_t)n;
	}
	assert_int_equal(write(it.fd, "@ journal\n", 10), 10);
	return it;
}

static int
keep(void *arg, const char *bytes, size_t n)
{
	buf_add(arg, bytes, n);
	return 0;
}

static const struct row {
	const char *name;
	struct span body, want;
} rows[] = {
	{ "text_stays", S("A: 1\n\ntext\n"), S("A: 1\n\ntext\n") },
	{ "empty", S(""), S("") },
	{ "from_at_a_line_s_start", S("x\nFrom y\n"), S("x\n>From y\n") },
	{ "from_first", S("From y\n"), S(">From y\n") },
	{ "from_quoted_once", S(">From y\n"), S(">>From y\n") },
	{ "from_quoted_often", S(">>>>From y\n"), S(">>>>>From y\n") },
	{ "two_in_a_row", S("From a\nFrom b\n"), S(">From a\n>From b\n") },
	{ "from_last_without_newline", S("a\nFrom "), S("a\n>From ") },
	{ "from_within_a_line", S("a From y\n"), S("a From y\n") },
	{ "from_field", S("From: y\n"), S("From: y\n") },
	{ "from_without_blank", S("From\n"), S("From\n") },
	{ "from_and_tab", S("From\ty\n"), S("From\ty\n") },
	{ "other_case", S("from y\nFROM y\n"), S("from y\nFROM y\n") },
	{ "blank_before", S(" From y\n> From y\n"), S(" From y\n> From y\n") },
	{ "only_marks", S(">>>\n"), S(">>>\n") },
	{ "cut_short", S("a\nFrom"), S("a\nFrom") },
	{ "nul_and_8_bit", S("\0\nFrom \xff\n"), S("\0\n>From \xff\n") },
	{ "cr_is_no_line_end", S("a\rFrom y\n"), S("a\rFrom y\n") },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct item it = item_of(row->body);
	struct buf got = { 0 }, want = { 0 };

	assert_int_equal(item_mbox(&it, keep, &got), ITEM_OK);
	buf_str(&want, FROM);
	buf_span(&want, row->want);
	buf_chr(&want, '\n');
	assert_true(span_eq(buf_view(&got), buf_view(&want)));
	buf_reset(&got);
	buf_reset(&want);
	assert_int_equal(item_plain(&it, keep, &got), ITEM_OK);
	buf_str(&want, TOP);
	buf_span(&want, row->body);
	assert_true(span_eq(buf_view(&got), buf_view(&want)));
	buf_free(&got);
	buf_free(&want);
	item_free(&it);
}

static const struct sender {
	const char *name, *sender, *want;
} senders[] = {
	{ "null_sender", "",
	    "From MAILER-DAEMON Mon Nov 23 05:20:33 2026\nReturn-Path: <>\n" },
	{ "blank_in_sender", "\"a b\"@x",
	    "From \"a_b\"@x Mon Nov 23 05:20:33 2026\n"
	    "Return-Path: <\"a b\"@x>\n" },
};

static void
check_sender(void **state)
{
	const struct sender *row = *state;
	struct item it = item_of(SPAN("x\n"));
	struct buf got = { 0 };

	free(it.sender);
	it.sender = strdup(row->sender);
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_OK);
	assert_true(span_starts(buf_view(&got), span_of(row->want)));
	buf_free(&got);
	item_free(&it);
}

/* mboxrd backwards: one mark less before From_. */
static void
unquote(struct span text, struct buf *out)
{
	while (text.len) {
		struct span left = text, line = span_cut(&left, '\n'), s;

		for (s = line; s.len && *s.ptr == '>'; s = span_from(s, 1))
			;
		if (s.len >= 5 && memcmp(s.ptr, "From ", 5) == 0) {
			assert_true(s.len < line.len);
			line = span_from(line, 1);
		}
		buf_span(out, line);
		if (left.ptr)
			buf_chr(out, '\n');
		text = left;
	}
}

/* Written, parted and unquoted it is the body again, wherever lines meet the
 * ends of pieces: a From_ line, quoted or not, at each place around it. */
static void
from_lines_across_pieces(void **state)
{
	static const char *const lines[] = { "From y\n", ">From y\n",
		">>From y\n", "From", "x\n", "Fromy\n" };
	const size_t piece = 65536;

	(void)state;
	for (size_t l = 0; l < COUNT(lines); l++)
		for (size_t at = piece - 12; at <= piece + 2; at++) {
			struct buf body = { 0 }, got = { 0 }, back = { 0 };
			struct item it;
			struct span text;
			size_t top = sizeof FROM - 1;

			while (body.len < at - 1)
				buf_chr(
				    &body, body.len % 70 == 69 ? '\n' : 'x');
			buf_chr(&body, '\n');
			buf_str(&body, lines[l]);
			buf_str(&body, "the end\nFrom z\n");
			it = item_of(buf_view(&body));
			assert_int_equal(item_mbox(&it, keep, &got), ITEM_OK);
			text = span_from(buf_view(&got), top);
			text.len--; /* the empty line */
			unquote(text, &back);
			assert_true(span_eq(buf_view(&back), buf_view(&body)));
			buf_free(&body);
			buf_free(&got);
			buf_free(&back);
			item_free(&it);
		}
}

/* A line longer than a piece: what follows within it begins no line. */
static void
line_of_ten_megabytes(void **state)
{
	struct buf body = { 0 }, got = { 0 };
	struct item it;
	size_t at, top = sizeof FROM - 1;

	(void)state;
	while (body.len < 10000000)
		buf_str(&body, "From From ");
	at = body.len;
	buf_str(&body, "\nFrom z\n");
	it = item_of(buf_view(&body));
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_OK);
	assert_int_equal(got.len, top + body.len + 3);
	assert_int_equal(got.ptr[top], '>');
	assert_memory_equal(got.ptr + top + 1, body.ptr, at);
	assert_memory_equal(got.ptr + top + 1 + at, "\n>From z\n\n", 10);
	buf_free(&body);
	buf_free(&got);
	item_free(&it);
}

/* What has been here before, and what has not. */
static const struct loop {
	const char *name;
	struct span body;
	const char *want; /* a part of the sentence; NULL: none */
} loops[] = {
	{ "no_loop", S("Subject: s\n\nx\n"), NULL },
	{ "delivered_before", S("A: b\nDelivered-To: r@y\n\nx\n"),
	    "Delivered-To" },
	{ "delivered_before_in_other_case", S("delivered-to:  R@Y \n\nx\n"),
	    "Delivered-To" },
	{ "delivered_before_and_folded", S("Delivered-To:\n r@y\n\nx\n"),
	    "Delivered-To" },
	{ "delivered_to_another", S("Delivered-To: rr@y\n\nx\n"), NULL },
	{ "only_the_text_says_so", S("A: b\n\nDelivered-To: r@y\n"), NULL },
	{ "no_header", S("\nDelivered-To: r@y\n"), NULL },
	{ "header_without_end", S("Delivered-To: r@y"), "Delivered-To" },
	{ "empty_message", S(""), NULL },
};

static void
check_loop(void **state)
{
	const struct loop *row = *state;
	struct item it = item_of(row->body);
	const char *why = item_loop(&it);

	assert_int_equal(why == NULL, row->want == NULL);
	if (row->want)
		assert_non_null(strstr(why, row->want));
	item_free(&it);
}

static void
hops(void **state)
{
	(void)state;
	for (int n = ITEM_HOPS; n <= ITEM_HOPS + 1; n++) {
		struct buf body = { 0 };
		struct item it;

		for (int i = 0; i < n; i++)
			buf_fmt(&body, "Received: from a%d\n\tby b; then\n", i);
		for (int i = 0; i < 500; i++) /* a long header */
			buf_fmt(&body, "X-Long-%d: %060d\n", i, i);
		buf_str(&body, "\nReceived: x\n");
		it = item_of(buf_view(&body));
		assert_int_equal(item_loop(&it) != NULL, n > ITEM_HOPS);
		buf_str(&body, "");
		buf_free(&body);
		item_free(&it);
	}
}

/* Behind more header than is held at first. */
static void
delivered_before_far_down(void **state)
{
	struct buf body = { 0 };
	struct item it;

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_fmt(&body, "X-Long-%d: %060d\n", i, i);
	buf_str(&body, "Delivered-To: r@y\n\nx\n");
	it = item_of(buf_view(&body));
	assert_non_null(item_loop(&it));
	buf_free(&body);
	item_free(&it);
}

static void
wrong_sum_anywhere(void **state)
{
	struct item it = item_of(SPAN("A: 1\n\nsome text\n"));
	struct buf got = { 0 };

	(void)state;
	for (off_t i = 0; i < (off_t)it.len; i++) {
		char c, d;

		assert_int_equal(pread(it.fd, &c, 1, it.offset + i), 1);
		d = (char)(c ^ 1);
		assert_int_equal(pwrite(it.fd, &d, 1, it.offset + i), 1);
		assert_int_equal(item_mbox(&it, keep, &got), ITEM_DAMAGED);
		assert_int_equal(item_plain(&it, keep, &got), ITEM_DAMAGED);
		assert_int_equal(pwrite(it.fd, &c, 1, it.offset + i), 1);
	}
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_OK);
	it.sum++;
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_DAMAGED);
	it.len = 0; /* the sum of nothing is 0 */
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_DAMAGED);
	it.sum = 0;
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_OK);
	buf_free(&got);
	item_free(&it);
}

static void
truncated_anywhere(void **state)
{
	struct item it = item_of(SPAN("A: 1\n\nsome text\n"));
	struct buf got = { 0 };

	(void)state;
	for (off_t n = (off_t)it.len - 1; n >= 0; n--) {
		assert_int_equal(ftruncate(it.fd, it.offset + n), 0);
		assert_int_equal(item_mbox(&it, keep, &got), ITEM_DAMAGED);
		assert_int_equal(item_plain(&it, keep, &got), ITEM_DAMAGED);
	}
	assert_int_equal(ftruncate(it.fd, 0), 0);
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_DAMAGED);
	close(it.fd);
	it.fd = -1;
	assert_int_equal(item_mbox(&it, keep, &got), ITEM_READ);
	buf_free(&got);
	item_free(&it);
}

static int
stop(void *arg, const char *bytes, size_t n)
{
	int *left = arg;

	(void)bytes;
	(void)n;
	errno = EDQUOT;
	return (*left)-- > 0 ? 0 : -1;
}

/* Wherever the sink stops, nothing follows and its errno is kept. */
static void
the_sink_s_word_is_kept(void **state)
{
	struct item it = item_of(SPAN("a\nFrom b\nc\n"));
	enum item_error e;

	(void)state;
	for (int i = 0; i < 10; i++) {
		int left = i;

		e = item_mbox(&it, stop, &left);
		if (e == ITEM_OK)
			break;
		assert_int_equal(e, ITEM_SINK);
		assert_int_equal(errno, EDQUOT);
		assert_int_equal(left, -1);
	}
	assert_int_equal(e, ITEM_OK);
	item_free(&it);
}

static void
fields_of_a_packet(void **state)
{
	struct buf b = { 0 };
	struct ipc_msg m = { .type = IPC_BOX_ITEM, .ref = 9, .fd = -1 };
	struct item it;

	(void)state;
	ipc_str(&b, "0123456789ABCDEF");
	ipc_str(&b, "");
	ipc_str(&b, "r@y");
	ipc_u64(&b, 5);
	ipc_u64(&b, 6);
	ipc_u64(&b, 7);
	ipc_u32(&b, 8);
	for (size_t n = 0; n <= b.len; n++) { /* cut anywhere */
		m.body = (struct span){ b.ptr, n };
		m.fd = memfd_create("x", MFD_CLOEXEC);
		assert_int_equal(item_get(&m, &it), n == b.len ? 0 : -1);
		if (n < b.len) {
			assert_int_equal(errno, EPROTO);
			assert_int_equal(fcntl(m.fd, F_GETFD), -1);
		}
	}
	assert_int_equal(it.ref, 9);
	assert_string_equal(it.sender, "");
	assert_string_equal(it.rcpt, "r@y");
	assert_true(it.arrived_us == 5 && it.offset == 6 && it.len == 7);
	assert_int_equal(it.sum, 8);
	item_free(&it);
	assert_int_equal(it.fd, -1);
	buf_str(&b, "x"); /* one too many */
	m.body = buf_view(&b);
	m.fd = -1;
	assert_int_equal(item_get(&m, &it), -1);
	b.ptr[3] = '\0'; /* within the id */
	m.body.len--;
	assert_int_equal(item_get(&m, &it), -1);
	buf_free(&b);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(from_lines_across_pieces),
		cmocka_unit_test(line_of_ten_megabytes),
		cmocka_unit_test(hops),
		cmocka_unit_test(delivered_before_far_down),
		cmocka_unit_test(wrong_sum_anywhere),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(the_sink_s_word_is_kept),
		cmocka_unit_test(fields_of_a_packet),
	};
	struct CMUnitTest
	    tests[COUNT(rows) + COUNT(senders) + COUNT(loops) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, senders, check_sender);
	ADD_ROWS(tests, n, loops, check_loop);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
