/* Servers that misbehave, all at once, and one that does not.  Each leads to
 * the outcome that an honest failure would have had, within the time-outs; and
 * the good one's mail does not wait for any of them.
 * A second of the time-outs lasts 30 ms. */
#include "tests/misbehave_rows.h"

#define MS 30
#define GOOD "good" /* the relay behind which all is well */
#define GOOD_JOBS 40
#define USER "joe"
#define PASSWORD "sesame7"
#define SHOWN "AGpvZQBzZXNhbWU3" /* as PLAIN has it, in base 64 */
enum { ALL = PAIRS + MANY(rows) };
static char names[ALL][48];
static unsigned early; /* of them had ended when the good one's mail was out */
static const char *said;

/* Of the way's script, with what is usual. */
static void
add_way(struct buf *b, const struct at *at, const struct way *way)
{
	struct span rest = span_of(way->script);

	buf_fmt(b, "[{\"%s\":\"", at->key);
	while (rest.len) {
		if (rest.len > 1 && rest.ptr[0] == '%') {
			buf_fmt(b, "%d", at->code);
			rest = span_from(rest, 2);
		} else {
			buf_chr(b, rest.ptr[0]);
			rest = span_from(rest, 1);
		}
	}
	buf_fmt(b, "\"%s}]", at->besides);
}

static struct buf secrets;

static void
settings_of(size_t i, const struct row *row)
{
	static const enum conf_tls how[] = { [NEVER] = TLS_NEVER,
		[MUST] = TLS_VERIFY,
		[MAY] = TLS_OPPORTUNISTIC };

	w.relays[i].tls = how[row->tls];
	w.relays[i].plain_auth = row->login == CLEAR;
	if (row->login != NOBODY) {
		w.relays[i].user = (char *)USER;
		buf_fmt(&secrets, "%s " USER " " PASSWORD "\n", row->name);
	}
}

static void
add_relay(size_t i, const char *name, bool lmtp)
{
	w.relays[i] = (struct conf_relay){ .name = (char *)name,
		.hosts = &w.hosts[i],
		.nhosts = 1,
		.tls = TLS_NEVER,
		.lmtp = lmtp };
}

/* One process serves them all; its ports come in the order of the script. */
static void
start_all(void)
{
	static char ports[ALL + 1][8];
	struct buf script = { 0 };
	size_t i;

	buf_chr(&script, '{');
	for (i = 0; i < PAIRS; i++) {
		const struct at *at = &stages[i / MANY(ways)];
		const struct way *way = &ways[i % MANY(ways)];

		snprintf(names[i], sizeof *names, "%s_%s", at->name, way->name);
		buf_fmt(&script, "\"%s\":", names[i]);
		add_way(&script, at, way);
		buf_chr(&script, ',');
		add_relay(i, names[i], at->lmtp);
	}
	for (; i < ALL; i++) {
		const struct row *row = &rows[i - PAIRS];

		snprintf(names[i], sizeof *names, "%s", row->name);
		buf_fmt(&script, "\"%s\":[%s],", names[i], row->script);
		add_relay(i, names[i], row->lmtp);
		settings_of(i, row);
	}
	buf_str(&script, "\"" GOOD "\":[]}");
	add_relay(ALL, GOOD, false);
	server_start(0, buf_c(&script), NULL);
	buf_free(&script);
	for (i = 0; i <= ALL; i++) {
		size_t n = 0;

		if (i == 0)
			strlcpy(ports[0], w.servers[0].port, sizeof *ports);
		while (i && read(w.servers[0].out, ports[i] + n, 1) == 1 &&
		       ports[i][n] != '\n' && n < 7)
			n++;
		if (i)
			ports[i][n] = '\0';
		w.hosts[i] = (struct conf_host){ .name = (char *)"127.0.0.1",
			.port = ports[i] };
		w.relays[i].nhosts = 1;
	}
	w.conf.nrelays = ALL + 1;
	w.secrets = buf_c(&secrets);
	roles_start();
}

static unsigned
ended_of(size_t from, size_t to)
{
	unsigned n = 0;

	for (size_t i = from; i < to; i++)
		n += w.outcomes[i][OUT_DELIVERED] + w.outcomes[i][OUT_LATER] +
		     w.outcomes[i][OUT_NEVER] + w.outcomes[i][OUT_DAMAGED];
	return n;
}

/* All the bad ones have their jobs before the good one has any. */
static int
everything(void **state)
{
	unsigned last = 0;

	(void)state;
	assert_true(ALL + 1 <= HOSTS && ALL + GOOD_JOBS <= REFS);
	memset(&w, 0, sizeof w);
	w.second = MS;
	loop_init();
	start_all();
	for (uint32_t i = 0; i < ALL; i++)
		job_to(i, names[i], i >= PAIRS ? rows[i - PAIRS].rcpts : 1);
	for (uint32_t i = 0; i < GOOD_JOBS; i++)
		job_to(ALL + i, GOOD, 1);
	while (ended_of(ALL, ALL + GOOD_JOBS) < GOOD_JOBS) {
		last = w.ended;
		await(w.ended + 1, 60000);
		if (w.late || w.ended == last)
			return -1;
	}
	early = ended_of(0, ALL);
	await(ALL + GOOD_JOBS, 90000);
	said = server_said(0);
	/* A handshake that was taken for lines has NULs: nothing behind them
	 * would be seen. */
	for (size_t i = 0; i < w.servers[0].said.len; i++)
		if (w.servers[0].said.ptr[i] == '\0')
			w.servers[0].said.ptr[i] = '?';
	return 0;
}

static void
good_mail_waits_for_none(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < GOOD_JOBS; i++)
		want(ALL + i, OUT_DELIVERED, 1);
	/* The silent ones, at the least, were still being waited for. */
	assert_true(early < ALL);
	assert_int_equal(w.ended, ALL + GOOD_JOBS);
}

/* Nobody is asked again and again. */
static void
quiet(const char *name)
{
	char open[64];

	snprintf(open, sizeof open, "%s.4 open", name);
	assert_null(strstr(said, open));
}

static void
status_is(uint32_t ref, const char *want_status)
{
	if (strcmp(w.status[ref], want_status) != 0)
		fail_msg("status %s, not %s: %s", w.status[ref], want_status,
		    w.text[ref]);
}

static void
pair(void **state)
{
	size_t i = (size_t)(uintptr_t)*state;
	const struct way *way = &ways[i % MANY(ways)];
	bool opening = stages[i / MANY(ways)].opening;

	want((uint32_t)i, OUT_LATER, 1);
	status_is(
	    (uint32_t)i, opening && way->opening ? way->opening : way->status);
	quiet(names[i]);
	for (const char *p = w.text[i]; *p; p++)
		assert_true(*p >= ' ' && *p <= '~');
}

static void
single(void **state)
{
	size_t i = (size_t)(uintptr_t)*state;
	const struct row *row = &rows[i - PAIRS];

	assert_int_equal(ended_of(i, i + 1), row->rcpts);
	if (w.outcomes[i][row->outcome] == 0)
		want((uint32_t)i, row->outcome, 1);
	status_is((uint32_t)i, row->status);
	quiet(names[i]);
}

/* What a server was told, by the names in front: never a message or a password
 * without the TLS that was asked for. */
static void
nothing_leaked(void **state)
{
	char open[64];

	(void)state;
	for (size_t i = 0; i < MANY(rows); i++) {
		const struct row *row = &rows[i];
		const char *at = said;
		size_t len;

		len = (size_t)snprintf(open, sizeof open, "\n%s.", row->name);
		while ((at = strstr(at, open)) != NULL) {
			struct span line = span_of(at + len);

			line = span_cut(&line, '\n');
			if (row->tls == MUST &&
			    memmem(line.ptr, line.len, "MAIL FROM", 9))
				fail_msg("%s: %.*s", row->name, (int)line.len,
				    line.ptr);
			if (row->login != CLEAR &&
			    (memmem(line.ptr, line.len, SHOWN, 16) ||
				memmem(line.ptr, line.len, " AUTH", 5)))
				fail_msg("%s: %.*s", row->name, (int)line.len,
				    line.ptr);
			at += len;
		}
	}
	assert_null(strstr(said, PASSWORD));
	assert_non_null(strstr(said, SHOWN)); /* where it may be */
}

static int
end(void **state)
{
	buf_free(&secrets);
	return teardown(state);
}

int
main(void)
{
	static struct CMUnitTest tests[ALL + 2];

	log_open("net_test");
	tests[0] = (struct CMUnitTest){ "good_mail_waits_for_none",
		good_mail_waits_for_none, NULL, NULL, NULL };
	for (size_t i = 0; i < ALL; i++) {
		if (i >= PAIRS)
			snprintf(names[i], sizeof *names, "%s",
			    rows[i - PAIRS].name);
		else
			snprintf(names[i], sizeof *names, "%s_%s",
			    stages[i / MANY(ways)].name,
			    ways[i % MANY(ways)].name);
		tests[i + 1] =
		    (struct CMUnitTest){ names[i], i < PAIRS ? pair : single,
			    NULL, NULL, (void *)(uintptr_t)i };
	}
	tests[ALL + 1] = (struct CMUnitTest){ "nothing_leaked", nothing_leaked,
		NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, everything, end);
}
