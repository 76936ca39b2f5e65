#include "deliver/bounds.h"
#include "tests/rows.h"

static const struct row {
	const char *name, *text, *want;
} rows[] = {
	{ "empty", "", "" },
	{ "files", "passwd: files systemd\ngroup: files\n", "" },
	{ "nis", "passwd: files nis\n", "nis" },
	{ "of_a_group", "passwd: files\ngroup:\tfiles ldap\n", "ldap" },
	{ "behind_a_condition", "passwd: files [NOTFOUND=return] nis\n",
	    "nis" },
	{ "condition_of_two_words", "group: files [ SUCCESS=merge ] db\n",
	    "SUCCESS=merge" }, /* rather the network than no users */
	{ "for_compat", "passwd: compat\npasswd_compat: nis\n", "nis" },
	{ "in_a_comment", "passwd: files # nis\n#group: nis\n", "" },
	{ "hosts_are_another_matter", "hosts: files dns\n", "" },
	{ "no_last_line_end", "initgroups: nis", "nis" },
};

static void
test_row(void **state)
{
	const struct row *r = *state;
	struct span got = bounds_far_names(span_of(r->text));

	assert_int_equal(got.len, strlen(r->want));
	assert_memory_equal(got.len ? got.ptr : "", r->want, got.len);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, test_row);
	return _cmocka_run_group_tests("bounds", tests, n, NULL, NULL);
}
