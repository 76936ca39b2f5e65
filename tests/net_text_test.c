/* What the role net sends: many recipients, large texts, chunks. */
#include "tests/net_rig.h"

static void
thousand_recipients(void **state)
{
	struct span body = SPAN("hello\n");
	const char *said;

	(void)state;
	server_start(0,
	    "[{\"RCPT\": [\"550 5.1.1 no\", \"450 4.2.1 not now\","
	    " \"250 ok\"]}]",
	    NULL);
	roles_start();
	send_mail(7, "main", 1000, body, crc32c(0, body.ptr, body.len));
	for (unsigned i = 0; i < 1000; i += 250)
		send_rcpts(7, i, 250);
	await(1, 10000);
	want(7, OUT_DELIVERED, 998);
	want(7, OUT_NEVER, 1);
	want(7, OUT_LATER, 1);
	said = server_said(0);
	assert_int_equal(times(said, "RCPT TO:"), 1000);
	assert_int_equal(times(said, "dot"), 1);
}

/* A server that takes two at a time gets the rest in further transactions. */
static void
too_many_recipients(void **state)
{
	struct span body = SPAN("hello\n");
	const char *said;

	(void)state;
	server_start(0,
	    "[{\"RCPT\": [\"250 ok\", \"250 ok\", \"452 4.5.3 no\","
	    " \"452 4.5.3 no\", \"250 ok\", \"250 ok\"]}]",
	    NULL);
	roles_start();
	send_mail(7, "main", 4, body, crc32c(0, body.ptr, body.len));
	send_rcpts(7, 0, 4);
	await(1, 10000);
	want(7, OUT_DELIVERED, 4);
	said = server_said(0);
	assert_int_equal(times(said, "open"), 1);
	assert_int_equal(times(said, "dot 7"), 2);
}

/* Each reply comes in time, but the message never ends. */
static void
too_slow(void **state)
{
	struct span body = SPAN("hello\n");

	(void)state;
	w.second = 1; /* 3600 s are 3.6 s */
	server_start(0, "[{\"RCPT\": \"wait 0.05|250 ok\"}]", NULL);
	roles_start();
	send_mail(0, "main", 100, body, crc32c(0, body.ptr, body.len));
	send_rcpts(0, 0, 100);
	await(1, 8000);
	assert_false(w.late);
	want(0, OUT_LATER, 100);
	assert_non_null(strstr(w.text[0], "too slow"));
}

static void
ten_megabytes(void **state)
{
	enum { LEN = 10 << 20 };
	char folder[] = "/tmp/net_test.XXXXXX", name[64];
	char *body = big_body(LEN), *back = malloc(LEN + 1);
	int fd;

	(void)state;
	w.second = 200; /* the other side is slow */
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof name, "%s/1", folder);
	server_start(0, "[]", folder);
	roles_start();
	send_mail(
	    0, "main", 1, (struct span){ body, LEN }, crc32c(0, body, LEN));
	send_rcpts(0, 0, 1);
	await(1, 20000);
	want(0, OUT_DELIVERED, 1);
	server_said(0);
	fd = open(name, O_RDONLY);
	assert_int_equal(read(fd, back, LEN + 1), LEN);
	assert_memory_equal(body, back, LEN);
	close(fd);
	unlink(name);
	rmdir(folder);
	free(body);
	free(back);
}

/* The other side stops reading, or says no in the middle. */
static void
stalled_text(void **state)
{
	enum { LEN = 10 << 20 };
	char *body = big_body(LEN);

	(void)state;
	w.second = 4;
	server_start(0,
	    "[{\"DATA\": \"354 go|silent\"},"
	    " {\"DATA\": \"354 go|552 5.3.4 too much|wait 0.1|close\"}]",
	    NULL);
	roles_start();
	for (uint32_t i = 0; i < 2; i++) {
		send_mail(i, "main", 1, (struct span){ body, LEN },
		    crc32c(0, body, LEN));
		send_rcpts(i, 0, 1);
		await(i + 1, 5000);
		assert_false(w.late);
	}
	want(0, OUT_LATER, 1);
	assert_non_null(strstr(w.text[0], "message text"));
	want(1, OUT_NEVER, 1);
	assert_string_equal(w.status[1], "5.3.4");
	assert_int_equal(times(server_said(0), "dot"), 0);
	free(body);
}

static void
damaged(void **state)
{
	struct span body = SPAN("hello\n");
	const char *said;

	(void)state;
	server_start(0, "[]", NULL);
	roles_start();
	send_mail(0, "main", 1, body, crc32c(0, body.ptr, body.len) + 1);
	send_rcpts(0, 0, 1);
	job(1);
	await(2, 5000);
	want(0, OUT_DAMAGED, 1);
	assert_string_equal(w.status[0], "4.3.0");
	assert_non_null(strstr(w.text[0], "damaged"));
	want(1, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_int_equal(times(said, "dot"), 1);
	assert_int_equal(times(said, "torn"), 1);
}

/* A large text in chunks, byte for byte; a small one on the same connection. */
static void
chunks(void **state)
{
	enum { LEN = 3 << 20 };
	char folder[] = "/tmp/net_test.XXXXXX", name[64];
	char *body = big_body(LEN), *back = malloc(LEN + 1);
	const char *said;
	int fd;

	(void)state;
	w.second = 200;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof name, "%s/1", folder);
	server_start(0,
	    "[{\"EHLO\": \"250-fake\\n250-PIPELINING\\n250 CHUNKING\"}]",
	    folder);
	roles_start();
	send_mail(
	    0, "main", 1, (struct span){ body, LEN }, crc32c(0, body, LEN));
	send_rcpts(0, 0, 1);
	job(1);
	await(2, 30000);
	want(0, OUT_DELIVERED, 1);
	want(1, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_int_equal(times(said, "DATA"), 0);
	assert_int_equal(times(said, "LAST"), 2);
	assert_true(times(said, "BDAT") > 40);
	assert_non_null(strstr(said, "BDAT 24 LAST"));
	fd = open(name, O_RDONLY);
	assert_int_equal(read(fd, back, LEN + 1), LEN);
	assert_memory_equal(body, back, LEN);
	close(fd);
	unlink(name);
	snprintf(name, sizeof name, "%s/2", folder);
	unlink(name);
	rmdir(folder);
	free(body);
	free(back);
}

/* A damaged text is never ended: the server has nothing whole. */
static void
damaged_chunk(void **state)
{
	struct span body = SPAN("hello\n");

	(void)state;
	server_start(0, "[{\"EHLO\": \"250-fake\\n250 CHUNKING\"}]", NULL);
	roles_start();
	send_mail(0, "main", 1, body, crc32c(0, body.ptr, body.len) + 1);
	send_rcpts(0, 0, 1);
	await(1, 10000);
	want(0, OUT_DAMAGED, 1);
	assert_int_equal(times(server_said(0), "BDAT"), 0);
}

/* MAILMAX: a session for each two, and all of them delivered. */
static void
limits(void **state)
{
	const char *said;

	(void)state;
	server_start(0,
	    "[{\"EHLO\": \"250-fake\\n250 LIMITS MAILMAX=2 RCPTMAX=2\"}]",
	    NULL);
	roles_start();
	w.relays[0].sessions = 1;
	for (uint32_t i = 0; i < 6; i++)
		job(i);
	job_to(6, "main", 3);
	await(7, 10000);
	for (uint32_t i = 0; i < 6; i++)
		want(i, OUT_DELIVERED, 1);
	want(6, OUT_DELIVERED, 3);
	said = server_said(0);
	assert_int_equal(times(said, "dot 24"), 8);
	assert_true(times(said, "open") >= 4);
}

static void
greylisted(void **state)
{
	(void)state;
	server_start(0, "[{\"RCPT\": \"450 4.7.1 greylisted\"}]", NULL);
	roles_start();
	job(0);
	await(1, 10000);
	want(0, OUT_LATER, 1);
	assert_int_equal(w.flags[0], IPC_SOON);
}

static void
dsn(void **state)
{
	(void)state;
	server_start(0, "[{\"EHLO\": \"250-fake\\n250 DSN\"}]", NULL);
	roles_start();
	job(0);
	await(1, 10000);
	want(0, OUT_DELIVERED, 1);
	assert_int_equal(w.flags[0], IPC_DSN_PASSED);
}

/* One of three has no room: the others are not asked again. */
static void
lmtp(void **state)
{
	(void)state;
	server_start(0,
	    "[{\"dot\": [\"250 2.0.0 in\", \"452 4.2.2 full\", \"250 in\"]}]",
	    NULL);
	w.relays[0].lmtp = true;
	roles_start();
	job_to(0, "main", 3);
	await(1, 10000);
	want(0, OUT_DELIVERED, 2);
	want(0, OUT_LATER, 1);
	assert_int_equal(times(server_said(0), "LHLO client.example"), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		STORY(thousand_recipients),
		STORY(too_many_recipients),
		STORY(too_slow),
		STORY(ten_megabytes),
		STORY(stalled_text),
		STORY(damaged),
		STORY(chunks),
		STORY(damaged_chunk),
		STORY(limits),
		STORY(greylisted),
		STORY(dsn),
		STORY(lmtp),
	};

	log_open("net_test");
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
