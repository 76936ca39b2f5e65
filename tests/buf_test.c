#include "common/buf.h"
#include "tests/rows.h"
#include <errno.h>

static void
zero_struct_is_empty(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_view(&b).len, 0);
	assert_string_equal(buf_c(&b), "");
	buf_free(&b);
}

static void
adds_in_order(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add(&b, "ab", 2);
	buf_str(&b, "cd");
	buf_chr(&b, 'e');
	buf_span(&b, SPAN("f\0g"));
	buf_fmt(&b, "%d-%s", 7, "h");
	assert_true(span_eq(buf_view(&b), SPAN("abcdef\0g7-h")));
	buf_free(&b);
}

static void
formats_past_its_room(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_fmt(&b, "%0*d", 5000, 1);
	assert_int_equal(b.len, 5000);
	assert_int_equal(buf_c(&b)[4999], '1');
	assert_int_equal(strlen(buf_c(&b)), 5000);
	buf_free(&b);
}

static void
drops_at_the_front(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_str(&b, "abcdef");
	buf_drop(&b, 2);
	assert_string_equal(buf_c(&b), "cdef");
	buf_drop(&b, 0);
	assert_string_equal(buf_c(&b), "cdef");
	buf_drop(&b, 99);
	assert_string_equal(buf_c(&b), "");
	buf_free(&b);
}

static void
the_error_is_sticky(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_str(&b, "abc");
	errno = 0;
	assert_int_equal(buf_room(&b, SIZE_MAX - 1), -1);
	assert_int_equal(errno, ENOMEM);
	assert_true(b.bad);
	buf_str(&b, "def");
	assert_int_equal(b.len, 3);
	assert_string_equal(buf_c(&b), "");
	buf_reset(&b);
	assert_true(b.bad);
	buf_free(&b);
	assert_false(b.bad);
}

static void
reset_keeps_the_memory(void **state)
{
	struct buf b = { 0 };
	char *ptr;

	(void)state;
	buf_str(&b, "abc");
	ptr = b.ptr;
	buf_reset(&b);
	buf_str(&b, "xyz");
	assert_ptr_equal(b.ptr, ptr);
	assert_string_equal(buf_c(&b), "xyz");
	buf_free(&b);
}

static void
room_is_for_the_caller(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_room(&b, 1000), 0);
	memset(b.ptr + b.len, 'x', 1000);
	b.len += 1000;
	assert_int_equal(strlen(buf_c(&b)), 1000);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_struct_is_empty),
		cmocka_unit_test(adds_in_order),
		cmocka_unit_test(formats_past_its_room),
		cmocka_unit_test(drops_at_the_front),
		cmocka_unit_test(the_error_is_sticky),
		cmocka_unit_test(reset_keeps_the_memory),
		cmocka_unit_test(room_is_for_the_caller),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
