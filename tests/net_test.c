/* Sessions and relays of the role net, and what it owes to the others. */
#include "deliver/net/relay.h"
#include "tests/net_rig.h"
#include <sys/un.h>

/* --- stories --- */

/* What the server does not take comes back before a word of it is said, and
 * the connection serves the others. */
static void
legal(unsigned eight, const char *ehlo)
{
	const char *said;

	server_start(0, ehlo, NULL);
	roles_start();
	w.suspects = ENV_LONG;
	job(0);
	w.suspects = ENV_EIGHT;
	job(1);
	w.suspects = ENV_EIGHT | ENV_LONG;
	job(2);
	w.suspects = 0;
	job(3);
	await(4, 10000);
	assert_false(w.late);
	assert_int_equal(w.converts[0], 1);
	assert_int_equal(w.converts[1], !eight);
	assert_int_equal(w.converts[2], 1);
	assert_int_equal(w.converts[3], 0);
	want(1, OUT_DELIVERED, eight);
	want(3, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_int_equal(times(said, "MAIL FROM"), eight + 1);
	assert_int_equal(times(said, "BODY=8BITMIME"), eight);
}

static void
illegal_text_comes_back(void **state)
{
	(void)state;
	legal(1, "[]");
}

static void
eight_bits_come_back_without_8bitmime(void **state)
{
	(void)state;
	legal(0, "[{\"EHLO\":\"250-fake\\n250 PIPELINING\"}]");
}

static void
eight_bits_come_back_from_helo(void **state)
{
	(void)state;
	legal(0, "[{\"EHLO\":\"500 what\"}]");
}

/* We are the role dns: the MX of every domain is a path of this machine. */
static char path[64];

static void
asked(struct ipc *c, struct ipc_msg *m)
{
	static struct dns_answer a;
	struct ipc_in in = { .rest = m->body };
	struct buf b = { 0 };

	a = (struct dns_answer){ .what = (enum dns_what)ipc_get8(&in),
		.status = DNS_NONE,
		.ttl = 60 };
	if (a.what == DNS_MX) {
		a.status = DNS_FOUND;
		a.n = 1;
		strlcpy(a.mx[0].name, path, sizeof a.mx[0].name);
	}
	dns_encode(&a, &b);
	assert_int_equal(ipc_send(c, IPC_DNS_ANSWER, m->ref, &b, -1), 0);
	buf_free(&b);
}

static void
mx_is_no_socket(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int ends[2], fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bool came;

	(void)state;
	snprintf(path, sizeof path, "/tmp/mx_is_no_socket-%ld", (long)getpid());
	strlcpy(sa.sun_path, path, sizeof sa.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(listen(fd, 5), 0);
	loop_init();
	w.conf.hostname = (char *)"client.example";
	w.conf.relays = w.relays;
	w.conf.nrelays = 1;
	w.second = 10;
	w.hosts[0].name = (char *)"corp.example";
	w.hosts[0].port = (char *)"25";
	w.relays[0].name = (char *)"main";
	w.relays[0].hosts = w.hosts;
	w.relays[0].nhosts = 1;
	w.relays[0].find = FIND_MX;
	w.net = fork_role(ROLE_NET, &w.to_net);
	join_queue();
	assert_int_equal(ipc_pair(ends), 0);
	give(&w.to_net, ROLE_DNS, ends[0]);
	w.to_dns = (struct ipc){ .got = asked, .gone = gone };
	assert_int_equal(ipc_open(&w.to_dns, ends[1], ROLE_DNS, ROLE_NET), 0);
	job(0);
	await(1, 10000);
	came = accept(fd, NULL, NULL) != -1;
	close(fd);
	unlink(path);
	assert_false(w.late);
	assert_false(came);
	want(0, OUT_LATER, 1);
	assert_string_equal(w.status[0], "4.4.4");
}

/* Every domain has a host without an address, and is gone when it is asked for
 * again. */
static void
asked_twice(struct ipc *c, struct ipc_msg *m)
{
	static struct dns_answer a;
	static char seen[REFS];
	struct ipc_in in = { .rest = m->body };
	struct buf b = { 0 };
	unsigned long n;

	a = (struct dns_answer){ .what = (enum dns_what)ipc_get8(&in),
		.status = DNS_NONE,
		.ttl = 1 };
	if (a.what != DNS_MX)
		return; /* no answer */
	n = strtoul(ipc_get(&in).ptr + 1, NULL, 10);
	assert_true(n < REFS);
	if (!seen[n]++) {
		a.status = DNS_FOUND;
		a.n = 1;
		strlcpy(a.mx[0].name, "mx.example", sizeof a.mx[0].name);
	}
	dns_encode(&a, &b);
	assert_int_equal(ipc_send(c, IPC_DNS_ANSWER, m->ref, &b, -1), 0);
	buf_free(&b);
}

/* Twice as many destinations as there may be sessions, and one more: those that
 * come to nothing leave their room to the others. */
static void
nobody_is_forgotten(void **state)
{
	char domain[32];
	int ends[2];

	(void)state;
	loop_init();
	w.conf.hostname = (char *)"client.example";
	w.conf.relays = w.relays;
	w.conf.nrelays = 1;
	w.second = 50;
	w.relays[0].name = (char *)"main";
	w.relays[0].find = FIND_MX;
	w.net = fork_role(ROLE_NET, &w.to_net);
	join_queue();
	assert_int_equal(ipc_pair(ends), 0);
	give(&w.to_net, ROLE_DNS, ends[0]);
	w.to_dns = (struct ipc){ .got = asked_twice, .gone = gone };
	assert_int_equal(ipc_open(&w.to_dns, ends[1], ROLE_DNS, ROLE_NET), 0);
	for (unsigned i = 0; i < 401; i++) {
		snprintf(domain, sizeof domain, "d%u.example", i);
		w.domain = domain;
		job(i);
	}
	await(401, 30000);
	w.domain = NULL;
	assert_false(w.late);
	assert_int_equal(w.ended, 401);
}

static void
one_connection(void **state)
{
	const char *said;

	(void)state;
	server_start(0, "[]", NULL);
	roles_start();
	for (uint32_t i = 0; i < 20; i++) {
		job(i);
		await(i + 1, 5000);
		want(i, OUT_DELIVERED, 1);
	}
	assert_string_equal(w.status[3], "2.0.0");
	assert_string_equal(w.text[3], "250 2.0.0 taken");
	assert_string_equal(w.mta[3], "127.0.0.1");
	server_until(0, "QUIT"); /* 5 s of no work are 500 ms */
	said = server_said(0);
	assert_int_equal(times(said, "open"), 1);
	assert_int_equal(times(said, "dot 24"), 20);
	assert_int_equal(times(said, "QUIT"), 1);
	assert_int_equal(times(said, "EHLO client.example"), 1);
}

static void
more_connections(void **state)
{
	const char *said;

	(void)state;
	server_start(0, "[{\"dot\": \"wait 0.01|250 2.0.0 ok\"}]", NULL);
	roles_start();
	for (uint32_t i = 0; i < 100; i++)
		job(i);
	await(100, 10000);
	for (uint32_t i = 0; i < 100; i++)
		want(i, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_in_range(times(said, "open"), 5, RELAY_MOST);
	assert_int_equal(times(said, "dot 24"), 100);
}

static void
fewer_connections_where_refused(void **state)
{
	(void)state;
	server_start(0,
	    "[{\"dot\": \"wait 0.005|250 2.0.0 ok\"},"
	    " {\"banner\": \"421 too many connections|close\"}]",
	    NULL);
	roles_start();
	for (uint32_t i = 0; i < 50; i++)
		job(i);
	await(50, 10000);
	for (uint32_t i = 0; i < 50; i++)
		want(i, OUT_DELIVERED, 1);
	/* A few at once, which is one frown; then one at a time. */
	assert_in_range(times(server_said(0), "open"), 2, 8);
}

static void
reconnect_after_close(void **state)
{
	const char *said;

	(void)state;
	server_start(0, "[{\"dot\": \"250 2.0.0 ok|close\"}]", NULL);
	roles_start();
	for (uint32_t i = 0; i < 3; i++)
		job(i);
	await(3, 5000);
	for (uint32_t i = 0; i < 3; i++)
		want(i, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_int_equal(times(said, "dot 24"), 3);
}

/* Closed, or 421, where the second message began: it is nobody's fault. */
static void
reconnect_when_reused(void **state)
{
	const char *const scripts[] = {
		"[{\"MAIL\": [\"250 ok\", \"close\"]}, {}]",
		"[{\"MAIL\": [\"250 ok\", \"reset\"]}, {}]",
		"[{\"MAIL\": [\"250 ok\", \"421 enough|close\"]}, {}]",
	};

	for (size_t i = 0; i < 3; i++) {
		setup(state);
		server_start(0, scripts[i], NULL);
		roles_start();
		job(0);
		await(1, 5000);
		job(1);
		await(2, 5000);
		want(0, OUT_DELIVERED, 1);
		want(1, OUT_DELIVERED, 1);
		assert_int_equal(times(server_said(0), "open"), 2);
		if (i < 2)
			assert_int_equal(teardown(state), 0);
	}
}

static void
second_host(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof sa;
	char port[8];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	snprintf(port, sizeof port, "%d", ntohs(sa.sin_port));
	server_start(1, "[{\"banner\": \"554 no|close\"}]", NULL);
	server_start(2, "[]", NULL);
	w.hosts[0] =
	    (struct conf_host){ .name = (char *)"127.0.0.1", .port = port };
	w.hosts[2].name = (char *)"localhost"; /* from the hosts file */
	roles_start();
	job(0);
	await(1, 5000);
	want(0, OUT_DELIVERED, 1);
	assert_string_equal(w.mta[0], "localhost");
	assert_int_equal(times(server_said(1), "open"), 1);
	close(fd);
}

static void
no_host(void **state)
{
	(void)state;
	server_start(0, "[{\"banner\": \"554 5.3.2 no|close\"}]", NULL);
	w.hosts[1] = (struct conf_host){ .name = (char *)"relay.onion",
		.port = (char *)"25" };
	w.relays[0].nhosts = 2;
	roles_start();
	for (uint32_t i = 0; i < 3; i++)
		job(i);
	await(3, 5000);
	for (uint32_t i = 0; i < 3; i++)
		want(i, OUT_LATER, 1);
	assert_string_equal(w.status[0], "4.4.4");
	assert_non_null(strstr(w.text[0], "relay.onion"));
	w.relays[0].nhosts = 1;
}

static void
settings(void **state)
{
	struct span body = SPAN("hello\n");

	(void)state;
	w.hosts[0] = (struct conf_host){ .name = (char *)"127.0.0.1",
		.port = (char *)"1" };
	w.relays[0].nhosts = 1;
	w.relays[0].tls = TLS_VERIFY;
	roles_start();
	job(0);
	send_mail(1, "other", 1, body, 0);
	send_rcpts(1, 0, 1);
	send_mail(2, "other", 0, body, 0);
	await(3, 5000);
	want(0, OUT_LATER, 1);
	assert_string_equal(w.status[0], "4.4.1"); /* nobody is there */
	want(1, OUT_LATER, 1);
	assert_string_equal(w.status[1], "4.3.5");
}

/* The queue ends in the middle of a message; another one comes. */
static void
queue_ends(void **state)
{
	enum { LEN = 10 << 20 };
	char *body = big_body(LEN);
	const char *said;

	(void)state;
	server_start(0, "[{\"DATA\": \"354 go|wait 0.5\"}, {}]", NULL);
	roles_start();
	send_mail(
	    0, "main", 1, (struct span){ body, LEN }, crc32c(0, body, LEN));
	send_rcpts(0, 0, 1);
	server_until(0, "DATA");
	assert_int_equal(w.ended, 0);
	ipc_close(&w.queue);
	join_queue();
	job(1);
	await(1, 5000);
	want(1, OUT_DELIVERED, 1);
	server_until(0, "torn");
	said = server_said(0);
	assert_int_equal(times(said, "torn"), 1);
	assert_int_equal(times(said, "dot"), 1);
	free(body);
}

static void
queue_ends_for_good(void **state)
{
	(void)state;
	w.second = 5;
	w.relays[0].nhosts = 0;
	roles_start();
	ipc_close(&w.queue);
	await(0, 2000);
	assert_true(w.net_gone);
}

static void
queue_breaks_the_rules(void **state)
{
	struct span body = SPAN("hello\n");

	(void)state;
	server_start(0, "[]", NULL);
	roles_start();
	send_mail(0, "main", 1, body, 0);
	send_rcpts(0, 0, 2); /* one too many */
	await(0, 2000);
	assert_true(w.queue_gone);
	assert_false(w.net_gone);
	join_queue();
	job(1);
	await(1, 5000);
	want(1, OUT_DELIVERED, 1);
}

static void
dns_ends(void **state)
{
	(void)state;
	server_start(0, "[]", NULL);
	roles_start();
	kill(w.dns, SIGKILL);
	waitpid(w.dns, NULL, 0);
	ipc_close(&w.to_dns);
	job(0);
	await(1, 200);
	assert_int_equal(w.ended, 0);
	w.dns = fork_role(ROLE_DNS, &w.to_dns);
	join_dns();
	await(1, 5000);
	want(0, OUT_DELIVERED, 1);
}

/* What is under way is finished, what waits is left to the queue. */
static void
stop(void **state)
{
	const char *said;

	(void)state;
	w.second = 1000;
	server_start(0, "[{\"dot\": \"wait 0.2|250 2.0.0 ok\"}]", NULL);
	roles_start();
	for (uint32_t i = 0; i < 3; i++)
		job(i);
	server_until(0, "dot");
	assert_int_equal(w.ended, 0);
	assert_int_equal(ipc_send(&w.to_net, IPC_STOP, 0, NULL, -1), 0);
	/* The second stands behind the first one's dot. */
	await(3, 3000);
	assert_true(w.net_gone || w.queue_gone);
	assert_int_equal(w.ended, 2);
	want(0, OUT_DELIVERED, 1);
	want(1, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_int_equal(times(said, "dot"), 2);
	assert_int_equal(times(said, "QUIT"), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		STORY(mx_is_no_socket),
		STORY(nobody_is_forgotten),
		STORY(one_connection),
		STORY(illegal_text_comes_back),
		STORY(eight_bits_come_back_without_8bitmime),
		STORY(eight_bits_come_back_from_helo),
		STORY(more_connections),
		STORY(fewer_connections_where_refused),
		STORY(reconnect_after_close),
		STORY(reconnect_when_reused),
		STORY(second_host),
		STORY(no_host),
		STORY(settings),
		STORY(queue_ends),
		STORY(queue_ends_for_good),
		STORY(queue_breaks_the_rules),
		STORY(dns_ends),
		STORY(stop),
	};

	log_open("net_test");
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
