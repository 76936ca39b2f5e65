/* rows - every row of a table is a cmocka test under its own name, so that
 * the one that breaks is named and the others still run. */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))
#define S(literal)                                                             \
	{                                                                      \
		(literal), sizeof(literal) - 1                                 \
	} /* NULs are kept */
#define ADD_ROWS(tests, n, rows, check)                                        \
	for (size_t i_ = 0; i_ < COUNT(rows); i_++)                            \
		(tests)[(n)++] = (struct CMUnitTest)                           \
		{                                                              \
			(rows)[i_].name, check, NULL, NULL,                    \
			    (void *)(uintptr_t) & (rows)[i_]                   \
		}
#endif
