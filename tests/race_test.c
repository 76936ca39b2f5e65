/* Connections that race (RFC 8305), with addresses that refuse, answer, or are
 * silent: a listener whose backlog is full drops what comes (SYN), and so is
 * like an address behind which nobody is. */
#include "deliver/net/race.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR 3600000 /* a lead of half a minute */
#define HANGS 25     /* seconds: it waits for what it should not */
#define FILL 16

enum kind { LIVE, SILENT, REFUSES };

struct listener {
	struct conn_addr addr;
	int fd, filled[FILL];
};

static struct race race;
static int won;

static void
over(struct race *r, int fd)
{
	(void)r;
	won = fd;
	loop_stop();
}

static int
client(const struct listener *l)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd != -1);
	(void)!connect(fd, (const struct sockaddr *)&l->addr.sa, l->addr.len);
	return fd;
}

static void
make(struct listener *l, enum kind kind)
{
	struct sockaddr_in *sa = (struct sockaddr_in *)&l->addr.sa;
	struct pollfd p = { .events = POLLOUT };
	int n = 0;

	memset(l, -1, sizeof *l);
	memset(&l->addr, 0, sizeof l->addr);
	sa->sin_family = AF_INET;
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->addr.len = sizeof *sa;
	l->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)sa, sizeof *sa), 0);
	assert_int_equal(
	    getsockname(l->fd, (struct sockaddr *)sa, &l->addr.len), 0);
	if (kind == REFUSES)
		return; /* bound, so that nobody else has it */
	assert_int_equal(listen(l->fd, kind == SILENT ? 0 : 8), 0);
	for (; kind == SILENT; n++) { /* until one is not let in */
		assert_true(n < FILL);
		p.fd = l->filled[n] = client(l);
		if (poll(&p, 1, 200) == 0)
			break;
	}
}

static void
unmake(struct listener *l)
{
	for (int i = 0; i < FILL; i++)
		if (l->filled[i] != -1)
			close(l->filled[i]);
	close(l->fd);
}

static const struct row {
	const char *name;
	size_t n;
	enum kind kinds[3];
	int64_t patience;
	int winner;	 /* -1: none, then */
	int error;	 /* this */
	int64_t atleast; /* ms */
} rows[] = {
	/* A lead of 250 ms, not the 30 s that it might take. */
	{ "silent_then_live", 2, { SILENT, LIVE }, 30000, 1, 0, 250 },
	{ "two_silent_then_live", 3, { SILENT, SILENT, LIVE }, 30000, 2, 0,
	    500 },
	/* Who refuses has no lead. */
	{ "refused_then_live", 2, { REFUSES, LIVE }, HOUR, 1, 0, 0 },
	{ "live_first", 2, { LIVE, SILENT }, HOUR, 0, 0, 0 },
	{ "silent_only", 1, { SILENT }, 600, -1, ETIMEDOUT, 600 },
	{ "all_silent", 2, { SILENT, SILENT }, 600, -1, ETIMEDOUT, 605 },
	{ "all_refuse", 2, { REFUSES, REFUSES }, HOUR, -1, ECONNREFUSED, 0 },
	{ "no_address", 0, { 0 }, HOUR, -1, EADDRNOTAVAIL, 0 },
};

static void
run(void **state)
{
	const struct row *row = *state;
	struct listener all[3];
	struct conn_addr addrs[3];
	int64_t began;

	for (size_t i = 0; i < row->n; i++) {
		make(&all[i], row->kinds[i]);
		addrs[i] = all[i].addr;
	}
	loop_init();
	won = -2;
	began = loop_now();
	alarm(HANGS);
	race_begin(&race, addrs, row->n, row->patience, over);
	while (won == -2)
		loop_run();
	alarm(0);
	assert_true(loop_now() - began >= row->atleast);
	if (row->winner == -1) {
		assert_int_equal(won, -1);
		assert_int_equal(race.error, row->error);
	} else {
		assert_true(won >= 0);
		assert_int_equal(race.at, row->winner);
		/* Had it waited for the silent one it would have failed first.
		 */
		assert_false(race.lanes[0].used && row->kinds[0] == SILENT);
		close(won);
	}
	race_stop(&race);
	for (size_t i = 0; i < row->n; i++)
		unmake(&all[i]);
}

int
main(void)
{
	enum { N = sizeof rows / sizeof *rows };
	static struct CMUnitTest tests[N];

	loop_init();
	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, run, NULL, NULL,
			(void *)(size_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
