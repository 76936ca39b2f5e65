#include "sendmail/who.h"
#include "tests/rows.h"
#include <stdio.h>

#define LONG63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct row {
	const char *name;
	struct span line;
	const char *login, *fullname; /* NULL: not 1001's */
} rows[] = {
	{ "whole", S("al:x:1001:7:Al B,room 1,,:/home/al:/bin/sh"), "al",
	    "Al B" },
	{ "no_name", S("al:x:1001:7::/home/al:/bin/sh"), "al", "" },
	{ "ampersand", S("al:x:1001:7:Mr & & x:/:/"), "al", "Mr al al x" },
	{ "ends_behind_gecos", S("al:x:1001:7:Al"), "al", "Al" },
	{ "ends_before_gecos", S("al:x:1001:7"), NULL, NULL },
	{ "another", S("al:x:1002:7:Al:/:/"), NULL, NULL },
	{ "number_begins_alike", S("al:x:10010:7:Al:/:/"), NULL, NULL },
	{ "number_wraps", S("al:x:4294968297:7:Al:/:/"), NULL, NULL },
	{ "number_with_a_sign", S("al:x:+1001:7:Al:/:/"), NULL, NULL },
	{ "number_in_the_wrong_field", S("al:1001:9:1001:Al:/:/"), NULL, NULL },
	{ "no_login", S(":x:1001:7:Al:/:/"), NULL, NULL },
	{ "compat", S("+al:x:1001:7:Al:/:/"), NULL, NULL },
	{ "compat_minus", S("-al:x:1001:7:Al:/:/"), NULL, NULL },
	{ "login_with_cr", S("a\rl:x:1001:7:Al:/:/"), NULL, NULL },
	{ "login_with_blank", S("a l:x:1001:7:Al:/:/"), NULL, NULL },
	{ "login_with_nul", S("a\0l:x:1001:7:Al:/:/"), NULL, NULL },
	{ "login_63", S(LONG63 ":x:1001:7:Al:/:/"), LONG63, "Al" },
	{ "login_64", S(LONG63 "l:x:1001:7:Al:/:/"), NULL, NULL },
	{ "backslash", S("DOM\\al:x:1001:7:Al:/:/"), "DOM\\al", "Al" },
	{ "empty", S(""), NULL, NULL },
	{ "comment", S("# al:x:1001:7"), NULL, NULL },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct who w = { .login = "before", .fullname = "nobody" };
	bool his = who_line(row->line, 1001, &w);

	assert_int_equal(his, row->login != NULL);
	assert_string_equal(w.login, his ? row->login : "before");
	assert_string_equal(w.fullname, his ? row->fullname : "nobody");
}

/* nsswitch.conf(5) */
static const struct sources {
	const char *name;
	struct span text;
	bool here;
} sources[] = {
	{ "files", S("hosts: ldap\npasswd: files\n"), true },
	{ "files_and_systemd", S("passwd:\tcompat systemd # ldap\n"), true },
	{ "an_order", S("passwd: files [NOTFOUND=return] db"), true },
	{ "ldap", S("passwd:files ldap\n"), false },
	{ "sss", S("# x\npasswd:         files systemd sss\n"), false },
	{ "no_line", S("hosts: files dns\n"), true },
	{ "no_text", S(""), true },
};

static void
check_sources(void **state)
{
	const struct sources *row = *state;

	assert_int_equal(who_all_here(row->text), row->here);
}

/* However often "&" stands there. */
static void
long_names(void **state)
{
	char line[4096];
	struct who w;
	int n;

	(void)state;
	n = snprintf(line, sizeof line, "%s:x:1001:7:", LONG63);
	for (int i = 0; i < 300; i++)
		line[n++] = i % 3 ? '&' : 'x';
	assert_true(who_line((struct span){ line, (size_t)n }, 1001, &w));
	assert_int_equal(strlen(w.fullname), sizeof w.fullname - 1);
	n = snprintf(line, sizeof line, "al:x:1001:7:");
	memset(line + n, 'y', 3000);
	assert_true(who_line((struct span){ line, 3000 }, 1001, &w));
	assert_int_equal(strlen(w.fullname), sizeof w.fullname - 1);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(sources) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, sources, check_sources);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(long_names);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
