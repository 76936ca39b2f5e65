/* bench.h - what the programs of the benchmark share.  They are linked
 * statically, so that they start the same way in any root. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Every message of the benchmark has this field, and a number of its own in it:
 * who counts arrivals counts different numbers. */
#define MARK "X-Bench: "

/* Microseconds of the wall clock, which a shell can read as well. */
static inline int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline long
number(const char *text, long most)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > most)
		errx(64, "not a number from 0 to %ld: %s", most, text);
	return n;
}

static inline void
write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done == -1)
			err(71, "write");
		bytes += done;
		n -= (size_t)done;
	}
}

#endif
