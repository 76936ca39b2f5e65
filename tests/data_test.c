#include "common/crc.h"
#include "deliver/net/data.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define S(s)                                                                   \
	{                                                                      \
		s, sizeof s - 1                                                \
	}

static const struct {
	const char *name;
	struct span body, want; /* without the final dot */
} rows[] = {
	{ "empty", S(""), S("") },
	{ "line", S("a\n"), S("a\r\n") },
	{ "no_newline", S("a"), S("a\r\n") },
	{ "empty_lines", S("\n\n\n"), S("\r\n\r\n\r\n") },
	{ "dot", S(".\n"), S("..\r\n") },
	{ "dot_only_octet", S("."), S("..\r\n") },
	{ "two_dots", S("..\n"), S("...\r\n") },
	{ "dot_in_the_line", S("a.\n.b\n"), S("a.\r\n..b\r\n") },
	{ "dot_after_empty_line", S("\n.\n"), S("\r\n..\r\n") },
	{ "nul", S("a\0b\n\0.\n"), S("a\0b\r\n\0.\r\n") },
	{ "eight_bit", S("\xff\xfe\n"), S("\xff\xfe\r\n") },
	/* What no stored body holds still leaves as legal lines: no smuggling.
	 */
	{ "crlf", S("a\r\nb\r\n"), S("a\r\nb\r\n") },
	{ "bare_cr", S("a\rb\n"), S("a\r\nb\r\n") },
	{ "cr_dot_cr", S("a\r.\rQUIT\r"), S("a\r\n..\r\nQUIT\r\n") },
	{ "lf_dot_cr_lf", S("a\n.\r\nMAIL\n"), S("a\r\n..\r\nMAIL\r\n") },
	{ "cr_lf_dot_lf", S("a\r\n.\nMAIL\n"), S("a\r\n..\r\nMAIL\r\n") },
	{ "two_crs", S("a\r\r\nb"), S("a\r\n\r\nb\r\n") },
	{ "lf_cr", S("a\n\rb\n"), S("a\r\n\r\nb\r\n") },
	{ "cr_at_the_end", S("a\r"), S("a\r\n") },
};

static int
body_fd(const char *before, struct span body)
{
	int fd = memfd_create("body", 0);

	assert_int_equal(write(fd, before, strlen(before)), strlen(before));
	assert_int_equal(write(fd, body.ptr, body.len), body.len);
	return fd;
}

/* For BDAT: no dots of ours, and lines are legal all the same. */
static void
chunked(const char *name, int fd, struct span b)
{
	struct buf out = { 0 };
	struct data d;
	size_t dots = 0, theirs = 0;

	data_begin(&d, fd, 8, b.len, crc32c(0, b.ptr, b.len));
	d.chunks = true;
	assert_int_equal(data_more(&d, &out, 1 << 20), DATA_END);
	for (size_t i = 0; i < out.len; i++) {
		dots += out.ptr[i] == '.';
		if (out.ptr[i] == '\n')
			assert_true(i > 0 && out.ptr[i - 1] == '\r');
		if (out.ptr[i] == '\r')
			assert_true(i + 1 < out.len && out.ptr[i + 1] == '\n');
	}
	for (size_t i = 0; i < b.len; i++)
		theirs += b.ptr[i] == '.';
	if (dots != theirs)
		fail_msg("%s: %zu dots", name, dots);
	buf_free(&out);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span b = rows[i].body;
		int fd = body_fd("envelope", b);
		struct buf out = { 0 };
		struct data d;

		data_begin(&d, fd, 8, b.len, crc32c(0, b.ptr, b.len));
		assert_int_equal(data_more(&d, &out, 1 << 20), DATA_END);
		buf_span(&out, (struct span){ "", 0 });
		chunked(rows[i].name, fd, b);
		if (out.len != rows[i].want.len + 3 ||
		    memcmp(out.ptr, rows[i].want.ptr, rows[i].want.len) != 0 ||
		    memcmp(out.ptr + out.len - 3, ".\r\n", 3) != 0)
			fail_msg(
			    "%s: %.*s", rows[i].name, (int)out.len, out.ptr);
		buf_free(&out);
		close(fd);
	}
}

/* Wherever the pieces are cut, the result is the same. */
static void
test_cuts(void **state)
{
	size_t big = 3 * DATA_PIECE + 17;
	char *text = malloc(big);
	struct buf all = { 0 }, out = { 0 };
	uint32_t x = arc4random();
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < big; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = "\r\n.a"[x >> 30];
	}
	for (int round = 0; round < 2; round++) {
		int fd = body_fd("", (struct span){ text, big });
		size_t full = round ? 1 : SIZE_MAX / 8;
		enum data_status s;
		struct data d;

		data_begin(&d, fd, 0, big, crc32c(0, text, big));
		while ((s = data_more(&d, &out, full)) == DATA_MORE) {
			assert_true(out.len <= 1 + 2 * DATA_PIECE + 8);
			buf_span(&all, buf_view(&out));
			buf_reset(&out);
		}
		assert_int_equal(s, DATA_END);
		buf_span(&all, buf_view(&out));
		buf_reset(&out);
		at = round ? at : all.len;
		close(fd);
	}
	assert_int_equal(all.len, 2 * at);
	assert_memory_equal(all.ptr, all.ptr + at, at);
	/* Not one CR or LF by itself, and one lone dot, at the end. */
	for (size_t i = 0; i < at; i++) {
		if (all.ptr[i] == '\r')
			assert_int_equal(all.ptr[i + 1], '\n');
		if (all.ptr[i] == '\n')
			assert_int_equal(all.ptr[i - 1], '\r');
	}
	assert_ptr_equal(memmem(all.ptr, at, "\r\n.\r\n", 5), all.ptr + at - 5);
	free(text);
	buf_free(&all);
	buf_free(&out);
}

static void
test_damage(void **state)
{
	struct span b = SPAN("hello\nworld\n");
	int fd = body_fd("", b);
	uint32_t sum = crc32c(0, b.ptr, b.len);
	struct buf out = { 0 };
	struct data d;

	(void)state;
	data_begin(&d, fd, 0, b.len, sum + 1);
	assert_int_equal(data_more(&d, &out, 4096), DATA_DAMAGED);
	assert_null(memmem(out.ptr, out.len, "\r\n.", 3));
	buf_reset(&out);
	data_begin(&d, fd, 0, b.len + 1, sum); /* the file is shorter */
	assert_int_equal(data_more(&d, &out, 4096), DATA_DAMAGED);
	assert_null(memmem(out.ptr, out.len, "\r\n.", 3));
	buf_reset(&out);
	data_begin(&d, fd, 0, b.len - 1, sum);
	assert_int_equal(data_more(&d, &out, 4096), DATA_DAMAGED);
	buf_reset(&out);
	data_begin(&d, fd, 1, b.len - 1, sum);
	assert_int_equal(data_more(&d, &out, 4096), DATA_DAMAGED);
	buf_reset(&out);
	data_begin(&d, -1, 0, b.len, sum);
	assert_int_equal(data_more(&d, &out, 4096), DATA_ERROR);
	assert_int_equal(errno, EBADF);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
