/* MTA-STS (RFC 8461): when a policy is fetched, and what holds when it cannot
 * be. We are DNS, and the connection to the server. */
#include "deliver/ipc.h"
#include "deliver/net/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct {
	struct ask *asked;
	struct conn *open;
	unsigned fetches, got;
	enum sts_mode mode; /* of the last answer; -1: none */
	bool none;
} w;

void
ask(struct asks *all, struct ask *a, int64_t patience)
{
	(void)all, (void)patience;
	w.asked = a;
}

void
ask_cancel(struct ask *a)
{
	if (w.asked == a)
		w.asked = NULL;
}

void
conn_init(struct conn *c, void (*happened)(struct conn *, enum conn_event))
{
	*c = (struct conn){ .happened = happened, .io = { .fd = -1 } };
}

void
conn_open(
    struct conn *c, const struct conn_addr *addrs, size_t n, int64_t patience)
{
	(void)addrs, (void)n, (void)patience;
	w.open = c;
	w.fetches++;
}

void
conn_close(struct conn *c)
{
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->why);
	w.open = NULL;
}

void
conn_starttls(struct conn *c, struct tls_store *s, const struct tls_want *want)
{
	(void)c, (void)s;
	assert_int_equal(want->how, TLS_VERIFY);
	assert_string_equal(want->name, "mta-sts.a.example");
}

void
conn_patience(struct conn *c, int64_t ms)
{
	(void)c, (void)ms;
}

void
conn_limit(struct conn *c, int64_t ms)
{
	(void)c, (void)ms;
}

void
conn_flush(struct conn *c)
{
	(void)c;
}

static void
got(struct policy_ask *a, const struct sts *sts)
{
	(void)a;
	w.got++;
	w.none = sts == NULL;
	if (sts)
		w.mode = sts->mode;
}

static struct dns_answer answer; /* it is large */

/* One question; how: the server's answer, or NULL when it cannot be reached.
 * Is it asked at all? */
static bool
once(struct policies *all, const char *id, const char *how)
{
	static struct policy_ask a;
	static const struct conf_relay mx = { .name = (char *)"mx" };
	unsigned fetches = w.fetches, before = w.got;

	memset(&a, 0, sizeof a);
	a.got = got;
	policy_ask(all, &a, &mx, "a.example");
	assert_non_null(w.asked);
	assert_string_equal(w.asked->host, "_mta-sts.a.example");
	answer = (struct dns_answer){ .what = DNS_TXT, .status = DNS_EMPTY };
	if (id) {
		answer.status = DNS_FOUND;
		answer.n = 1;
		answer.txt[0].len = (uint16_t)snprintf(answer.txt[0].text,
		    sizeof answer.txt[0].text, "v=STSv1; id=%s;", id);
	}
	w.asked->got(w.asked, &answer);
	if (w.got > before)
		return false;
	assert_string_equal(w.asked->host, "mta-sts.a.example");
	answer = (struct dns_answer){
		.what = DNS_HOST, .status = DNS_FOUND, .n = 1
	};
	w.asked->got(w.asked, &answer);
	assert_non_null(w.open);
	if (how) {
		a.conn.happened(&a.conn, CONN_UP);
		a.conn.happened(&a.conn, CONN_SECURE);
		assert_non_null(strstr(buf_c(&a.conn.out), "GET "));
		buf_str(&a.conn.in, how);
		a.conn.happened(&a.conn, CONN_LOST);
	} else {
		buf_str(&a.conn.why, "the certificate is another's");
		a.conn.happened(&a.conn, CONN_INSECURE);
	}
	assert_int_equal(w.got, before + 1);
	assert_null(w.open);
	return w.fetches > fetches;
}

#define HEAD "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
#define ENFORCE                                                                \
	HEAD "version: STSv1\nmode: enforce\nmax_age: 864000\nmx: *.example\n"
#define NONE HEAD "version: STSv1\nmode: none\nmax_age: 864000\n"

static void
begin(struct policies *all, struct asks *asks, struct ipc *queue)
{
	static struct tls_store *tls;

	memset(&w, 0, sizeof w);
	*queue = (struct ipc){ .io = { .fd = -1 } };
	policies_init(all, asks, &tls, queue, 1000);
}

static void
fetched_when_its_id_is_another(void **state)
{
	struct policies all;
	struct asks asks;
	struct ipc queue;

	(void)state;
	begin(&all, &asks, &queue);
	assert_false(once(&all, NULL, NULL)); /* nothing announced */
	assert_true(w.none);
	assert_true(once(&all, "1", NULL)); /* not to be had: RFC 8461 5 */
	assert_true(w.none);
	assert_true(once(&all, "1", ENFORCE));
	assert_int_equal(w.mode, STS_ENFORCE);
	assert_false(once(&all, "1", NONE));
	assert_false(once(&all, NULL, NONE)); /* whoever hides the record */
	assert_false(w.none);
	assert_int_equal(w.mode, STS_ENFORCE);
	assert_true(once(&all, "2", NULL)); /* or keeps us from the server */
	assert_false(w.none);
	assert_int_equal(w.mode, STS_ENFORCE);
	assert_true(once(&all, "2", "HTTP/1.0 404 No\r\n\r\n"));
	assert_int_equal(w.mode, STS_ENFORCE);
	assert_true(once(&all, "2", NONE));
	assert_int_equal(w.mode, STS_NONE);
	policies_free(&all);
}

/* No second is the time after which it is due. */
static void
fetched_again_before_its_end(void **state)
{
	struct policies all;
	struct asks asks;
	struct ipc queue;

	(void)state;
	begin(&all, &asks, &queue);
	assert_true(once(&all, "1", ENFORCE));
	all.second = 0;
	assert_true(once(&all, "1", NULL)); /* kept from it: it holds */
	assert_false(w.none);
	assert_int_equal(w.mode, STS_ENFORCE);
	all.second = 1000;
	assert_false(once(&all, "1", NULL)); /* for a while it is not asked */
	assert_int_equal(w.mode, STS_ENFORCE);
	policies_free(&all);
}

/* What the queue gives us of an earlier process. */
static void
kept_ones_hold(void **state)
{
	static const struct {
		const char *octets;
		int64_t left;
		bool holds;
	} rows[] = {
		{ "v=STSv1; id=1;\nversion: STSv1\nmode: enforce\nmax_age: 99\n"
		  "mx: mx.example\n",
		    9999, true },
		{ "v=STSv1; id=1;\nversion: STSv1\nmode: enforce\nmax_age: 99\n"
		  "mx: mx.example\n",
		    -1, false }, /* its time is over */
		{ "v=STSv1; id=1;\nversion: STSv1\nmode: enforce\nmax_age: 99\n"
		  "mx: mx.example\n",
		    STS_AGE + 99, false }, /* the clock, or a forger */
		{ "v=STSv1; id=1;\nmode: enforce\nmx: mx.example\n", 9999,
		    false },
		{ "version: STSv1\nmode: enforce\nmax_age: 99\nmx: a\n", 9999,
		    false },
		{ "", 9999, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct policies all;
		struct asks asks;
		struct ipc queue;
		struct buf b = { 0 };

		begin(&all, &asks, &queue);
		ipc_str(&b, "a.example");
		ipc_u64(&b, (uint64_t)((int64_t)time(NULL) + rows[i].left));
		ipc_str(&b, rows[i].octets);
		assert_int_equal(policies_kept(&all, buf_view(&b)), 0);
		assert_false(once(&all, NULL, NULL));
		assert_int_equal(w.none, !rows[i].holds);
		b.len--;
		assert_int_equal(policies_kept(&all, buf_view(&b)), -1);
		buf_free(&b);
		policies_free(&all);
	}
}

/* A queue that was started again has what it kept, which may be older. */
static void
kept_ones_do_not_replace_a_newer_one(void **state)
{
	struct policies all;
	struct asks asks;
	struct ipc queue;
	struct buf b = { 0 };

	(void)state;
	begin(&all, &asks, &queue);
	assert_true(once(&all, "2", ENFORCE));
	ipc_str(&b, "a.example");
	ipc_u64(&b, (uint64_t)time(NULL) + 9999);
	ipc_str(&b, "v=STSv1; id=1;\nversion: STSv1\nmode: none\nmax_age: 9\n");
	assert_int_equal(policies_kept(&all, buf_view(&b)), 0);
	assert_false(once(&all, "2", NULL));
	assert_int_equal(w.mode, STS_ENFORCE);
	buf_free(&b);
	policies_free(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetched_when_its_id_is_another),
		cmocka_unit_test(fetched_again_before_its_end),
		cmocka_unit_test(kept_ones_hold),
		cmocka_unit_test(kept_ones_do_not_replace_a_newer_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
