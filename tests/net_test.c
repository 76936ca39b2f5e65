/* The roles net and dns, forked and joined as the parent does it, against
 * servers that do what they are told (tests/fake_smtpd.py).  We are parent and
 * queue.  A second of their time-outs is a few ms. */
#include "common/crc.h"
#include "common/env.h"
#include "common/log.h"
#include "deliver/dns/dns.h"
#include "deliver/ipc.h"
#include "deliver/net/net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HOSTS 3
#define REFS 256

struct server {
	pid_t pid;
	int in, out;
	char port[8];
	struct buf said; /* what it printed, when it has ended */
};

struct world {
	struct conf conf;
	struct conf_relay relays[2];
	struct conf_host hosts[HOSTS];
	struct server servers[HOSTS];
	int64_t second;
	pid_t net, dns;
	struct ipc to_net, to_dns, queue;
	struct loop_timer timer;
	bool net_gone, queue_gone, late;
	/* answers */
	unsigned outcomes[REFS][OUT_COUNT], ended;
	char status[REFS][16], text[REFS][600], mta[REFS][64];
	unsigned flags[REFS];
	unsigned converts[REFS]; /* jobs given back */
	unsigned suspects;	 /* of the next job: ENV_EIGHT, ENV_LONG */
	unsigned until;		 /* stop waiting when so many jobs have ended */
};

static struct world w;

void __lsan_do_leak_check(void) __attribute__((weak));

/* --- servers --- */

static void
server_start(size_t i, const char *script, const char *folder)
{
	struct server *s = &w.servers[i];
	int in[2], out[2];
	size_t n = 0;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s->pid = fork();
	if (s->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/usr/bin/python3", "python3", "tests/fake_smtpd.py",
		    script, folder, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s->in = in[1];
	s->out = out[0];
	while (n < sizeof s->port - 1 && read(s->out, s->port + n, 1) == 1 &&
	       s->port[n] != '\n')
		n++;
	s->port[n] = '\0';
	assert_true(n > 0);
	w.hosts[i] = (struct conf_host){ .name = (char *)"127.0.0.1",
		.port = w.servers[i].port };
	w.relays[0].nhosts = i + 1;
}

/* Ends it and returns all that it has printed. */
static const char *
server_said(size_t i)
{
	struct server *s = &w.servers[i];
	ssize_t n;

	if (s->pid > 0) {
		close(s->in);
		while (buf_room(&s->said, 4096) == 0 &&
		       (n = read(s->out, s->said.ptr + s->said.len, 4096)) > 0)
			s->said.len += (size_t)n;
		close(s->out);
		waitpid(s->pid, NULL, 0);
		s->pid = 0;
	}
	return buf_c(&s->said);
}

/* Waits until it has printed what. */
static void
server_until(size_t i, const char *what)
{
	struct server *s = &w.servers[i];
	struct pollfd p = { s->out, POLLIN, 0 };
	ssize_t n = 0;

	while (strstr(buf_c(&s->said), what) == NULL) {
		assert_int_equal(buf_room(&s->said, 4096), 0);
		if (poll(&p, 1, 10000) != 1 ||
		    (n = read(s->out, s->said.ptr + s->said.len, 4096)) <= 0)
			fail_msg(
			    "no \"%s\" in 10 s: %s", what, buf_c(&s->said));
		s->said.len += (size_t)n;
	}
}

static unsigned
times(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

/* --- roles --- */

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { .rest = m->body };
	unsigned outcome;
	struct span s;

	(void)c;
	assert_true(m->ref < REFS);
	if (m->type == IPC_NET_CONVERT)
		w.converts[m->ref]++;
	if (m->type == IPC_NET_END || m->type == IPC_NET_CONVERT) {
		if (++w.ended == w.until)
			loop_stop();
		return;
	}
	ipc_get32(&in);
	outcome = ipc_get8(&in);
	assert_true(outcome < OUT_COUNT);
	w.outcomes[m->ref][outcome]++;
	s = ipc_get(&in);
	snprintf(w.status[m->ref], 16, "%.*s", (int)s.len, s.ptr);
	s = ipc_get(&in);
	snprintf(w.text[m->ref], 600, "%.*s", (int)s.len, s.ptr);
	s = ipc_get(&in);
	snprintf(w.mta[m->ref], 64, "%.*s", (int)s.len, s.ptr);
	w.flags[m->ref] = ipc_get8(&in);
	assert_true(ipc_end(&in));
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why;
	if (c == &w.to_net)
		w.net_gone = true;
	if (c == &w.queue)
		w.queue_gone = true;
	ipc_close(c);
	loop_stop();
}

/* A role must not keep a server, or another role, from seeing the end. */
static void
close_mine(void)
{
	const int fds[] = { w.to_net.io.fd, w.to_dns.io.fd, w.queue.io.fd };

	for (size_t i = 0; i < 3; i++)
		if (fds[i] > 2)
			close(fds[i]);
	for (size_t i = 0; i < HOSTS; i++)
		if (w.servers[i].pid > 0) {
			close(w.servers[i].in);
			close(w.servers[i].out);
		}
}

static pid_t
fork_role(enum role role, struct ipc *c)
{
	struct role_start start = { .conf = &w.conf, .control = -1 };
	int ends[2];
	pid_t pid;

	assert_int_equal(ipc_pair(ends), 0);
	pid = fork();
	if (pid == 0) {
		start.fd = ends[1];
		close(ends[0]);
		close_mine();
		loop_init();
		if (role == ROLE_NET)
			net_serve(&start, w.second);
		else
			dns_run(&start);
		if (__lsan_do_leak_check)
			__lsan_do_leak_check();
		_exit(0);
	}
	close(ends[1]);
	*c = (struct ipc){ .got = got, .gone = gone };
	assert_int_equal(ipc_open(c, ends[0], ROLE_PARENT, role), 0);
	return pid;
}

static void
give(struct ipc *c, enum role peer, int fd)
{
	struct buf b = { 0 };

	ipc_u8(&b, (uint8_t)peer);
	assert_int_equal(ipc_send(c, IPC_PEER, 0, &b, fd), 0);
	buf_free(&b);
	close(fd);
}

static void
join_queue(void)
{
	int ends[2];

	assert_int_equal(ipc_pair(ends), 0);
	give(&w.to_net, ROLE_QUEUE, ends[1]);
	w.queue = (struct ipc){ .got = got, .gone = gone };
	w.queue_gone = false;
	assert_int_equal(ipc_open(&w.queue, ends[0], ROLE_QUEUE, ROLE_NET), 0);
}

static void
join_dns(void)
{
	int ends[2];

	assert_int_equal(ipc_pair(ends), 0);
	give(&w.to_net, ROLE_DNS, ends[0]);
	give(&w.to_dns, ROLE_NET, ends[1]);
}

static void
roles_start(void)
{
	loop_init();
	w.conf.hostname = (char *)"client.example";
	w.conf.relays = w.relays;
	w.conf.nrelays = 1;
	w.relays[0].name = (char *)"main";
	w.relays[0].hosts = w.hosts;
	w.net = fork_role(ROLE_NET, &w.to_net);
	w.dns = fork_role(ROLE_DNS, &w.to_dns);
	join_queue();
	join_dns();
}

static void
too_late(struct loop_timer *t)
{
	(void)t;
	w.late = true;
	loop_stop();
}

/* Until so many jobs have ended, a channel is gone, or the time is over. */
static void
await(unsigned ended, int ms)
{
	struct ipc *all[] = { &w.to_net, &w.to_dns, &w.queue };

	loop_init();
	for (size_t i = 0; i < 3; i++)
		if (ipc_is_open(all[i]))
			assert_int_equal(loop_add(&all[i]->io), 0);
	w.until = ended;
	w.late = false;
	w.timer = (struct loop_timer){ .fire = too_late };
	loop_in(&w.timer, ms);
	if (ended == 0 || w.ended < ended)
		loop_run();
}

/* --- jobs --- */

static void
send_mail(uint32_t ref, const char *relay, unsigned nrcpts, struct span body,
    uint32_t sum)
{
	int fd = memfd_create("message", MFD_CLOEXEC);
	struct buf b = { 0 };

	assert_int_equal(write(fd, "envelope", 8), 8);
	for (size_t at = 0; at < body.len;) {
		ssize_t n = write(fd, body.ptr + at, body.len - at);

		assert_true(n > 0);
		at += (size_t)n;
	}
	ipc_str(&b, relay);
	ipc_str(&b, "");
	ipc_str(&b, "sender@client.example");
	ipc_u8(&b, ENV_MAIL);
	ipc_u8(&b, ENV_RET_NONE);
	ipc_str(&b, "");
	ipc_u32(&b, nrcpts);
	ipc_u64(&b, 8);
	ipc_u64(&b, body.len);
	ipc_u32(&b, sum);
	ipc_u8(&b, ENV_7BIT);
	ipc_u8(&b, (uint8_t)w.suspects);
	ipc_u8(&b, 0);
	assert_int_equal(ipc_send(&w.queue, IPC_NET_MAIL, ref, &b, fd), 0);
	buf_free(&b);
	close(fd);
}

static void
send_rcpts(uint32_t ref, unsigned first, unsigned n)
{
	struct buf b = { 0 };

	ipc_u32(&b, first);
	ipc_u16(&b, (uint16_t)n);
	for (unsigned i = 0; i < n; i++) {
		char addr[64];

		snprintf(addr, sizeof addr, "user%u@example.net", first + i);
		ipc_str(&b, addr);
		ipc_u8(&b, 0);
		ipc_str(&b, "");
	}
	assert_int_equal(ipc_send(&w.queue, IPC_NET_RCPT, ref, &b, -1), 0);
	buf_free(&b);
}

static void
job(uint32_t ref)
{
	struct span body = SPAN("Subject: x\n\nhello\n.\n");

	send_mail(ref, "main", 1, body, crc32c(0, body.ptr, body.len));
	send_rcpts(ref, 0, 1);
}

static void
want(uint32_t ref, enum outcome outcome, unsigned n)
{
	if (w.outcomes[ref][outcome] != n)
		fail_msg("job %u: outcome %d %u times, not %u; last: %s %s",
		    ref, outcome, w.outcomes[ref][outcome], n, w.status[ref],
		    w.text[ref]);
}

/* --- fixture --- */

static int
setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	w.second = 100;
	w.relays[0].tls = TLS_NEVER;
	return 0;
}

static int
ended_well(pid_t pid)
{
	int status = -1;

	struct pollfd end = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };
	bool late = poll(&end, 1, 5000) != 1;

	close(end.fd);
	if (late)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (late)
		return -2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
teardown(void **state)
{
	int net = 0, dns = 0;

	(void)state;
	ipc_close(&w.queue);
	ipc_close(&w.to_net);
	ipc_close(&w.to_dns);
	if (w.net > 0)
		net = ended_well(w.net);
	if (w.dns > 0)
		dns = ended_well(w.dns);
	for (size_t i = 0; i < HOSTS; i++) {
		server_said(i);
		buf_free(&w.servers[i].said);
	}
	if (net || dns)
		print_error("net ended with %d, dns with %d\n", net, dns);
	return net || dns;
}

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
	assert_int_equal(times(said, "open"), 5);
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
	assert_true(times(server_said(0), "open") <= 4);
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

static const struct silence {
	const char *name, *script, *status, *text;
} silences[] = {
	{ "banner", "[{\"banner\": \"deaf\"}]", "4.4.2", "connect" },
	{ "banner_drips", "[{\"banner\": \"drip 0.05 220 hello hello hello\"}]",
	    "4.4.2", "connect" },
	{ "EHLO", "[{\"EHLO\": \"deaf\"}]", "4.4.2", "EHLO" },
	{ "MAIL", "[{\"MAIL\": \"deaf\"}]", "4.4.2", "MAIL" },
	{ "RCPT", "[{\"RCPT\": \"deaf\"}]", "4.4.2", "RCPT" },
	{ "RCPT_drips", "[{\"RCPT\": \"drip 0.05 250 okokokokokokok\"}]",
	    "4.4.2", "RCPT" },
	{ "DATA", "[{\"DATA\": \"deaf\"}]", "4.4.2", "DATA" },
	{ "dot", "[{\"dot\": \"deaf\"}]", "4.4.2", "end of DATA" },
};

static void
silence(void **state)
{
	const struct silence *s = *state;

	w.second = 2; /* 300 s are 0.6 s */
	server_start(0, s->script, NULL);
	roles_start();
	job(0);
	await(1, 3000);
	assert_false(w.late);
	want(0, OUT_LATER, 1);
	assert_string_equal(w.status[0], s->status);
	assert_non_null(strstr(w.text[0], s->text));
}

static const struct silence losses[] = {
	{ "banner", "[{\"banner\": \"close\"}]", "4.4.2", "connect" },
	{ "banner_reset", "[{\"banner\": \"wait 0.1|reset\"}]", "4.4.2",
	    "connect" },
	{ "EHLO", "[{\"EHLO\": \"close\"}]", "4.4.2", "EHLO" },
	{ "MAIL", "[{\"MAIL\": \"close\"}]", "4.4.2", "MAIL" },
	{ "RCPT", "[{\"RCPT\": \"reset\"}]", "4.4.2", "RCPT" },
	{ "DATA", "[{\"DATA\": \"close\"}]", "4.4.2", "DATA" },
	{ "dot", "[{\"dot\": \"close\"}]", "4.4.2", "end of DATA" },
	{ "garbage", "[{\"banner\": \"raw \\u0000\\u00ff\\u0001\\r\\n\"}]",
	    "4.5.0", "no SMTP reply" },
	{ "early", "[{\"banner\": \"raw 220 hi\\r\\n250 ok\\r\\n\"}]", "4.5.0",
	    "nothing" },
};

static void
loss(void **state)
{
	const struct silence *s = *state;

	server_start(0, s->script, NULL);
	roles_start();
	job(0);
	await(1, 3000);
	assert_false(w.late);
	want(0, OUT_LATER, 1);
	assert_string_equal(w.status[0], s->status);
	assert_non_null(strstr(w.text[0], s->text));
}

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

static char *
big_body(size_t len)
{
	char *body = malloc(len);
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		body[i] = x >> 26 ? "abcdefgh"[x >> 29] : "\n."[x >> 25];
	}
	body[len - 1] = '\n';
	return body;
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
	assert_string_equal(w.status[0], "4.7.5");
	assert_string_equal(w.text[0],
	    "relay main asks for TLS, which this version cannot do; say \"tls "
	    "never\" in its block if plain text is meant");
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
	await(2, 3000);
	assert_true(w.net_gone || w.queue_gone);
	assert_int_equal(w.ended, 1);
	want(0, OUT_DELIVERED, 1);
	said = server_said(0);
	assert_int_equal(times(said, "dot"), 1);
	assert_int_equal(times(said, "QUIT"), 1);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define MANY(rows) (sizeof rows / sizeof *rows)

int
main(void)
{
	static const struct CMUnitTest stories[] = {
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
		STORY(thousand_recipients),
		STORY(too_many_recipients),
		STORY(too_slow),
		STORY(ten_megabytes),
		STORY(stalled_text),
		STORY(damaged),
		STORY(settings),
		STORY(queue_ends),
		STORY(queue_ends_for_good),
		STORY(queue_breaks_the_rules),
		STORY(dns_ends),
		STORY(stop),
	};
	struct CMUnitTest tests[MANY(stories) + MANY(silences) + MANY(losses)];
	static char names[MANY(silences) + MANY(losses)][32];
	size_t n = 0, k = 0;

	log_open("net_test");
	for (size_t i = 0; i < MANY(stories); i++)
		tests[n++] = stories[i];
	for (size_t i = 0; i < MANY(silences); i++, k++) {
		snprintf(names[k], 32, "silence_%s", silences[i].name);
		tests[n++] = (struct CMUnitTest){ names[k], silence, setup,
			teardown, (void *)&silences[i] };
	}
	for (size_t i = 0; i < MANY(losses); i++, k++) {
		snprintf(names[k], 32, "loss_%s", losses[i].name);
		tests[n++] = (struct CMUnitTest){ names[k], loss, setup,
			teardown, (void *)&losses[i] };
	}
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
