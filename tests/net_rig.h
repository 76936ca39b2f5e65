/* The roles net and dns, forked and joined as the parent does it, against
 * servers that do what they are told (tests/fake_smtpd.py).  We are parent and
 * queue.  A second of their time-outs is a few ms.  For net_test and others. */
#ifndef TESTS_NET_RIG_H
#define TESTS_NET_RIG_H
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Not every test needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define HOSTS 250 /* a relay each, in misbehave_test */
#define SERVERS 3
#define REFS 512

struct server {
	pid_t pid;
	int in, out;
	char port[8];
	struct buf said; /* what it printed, when it has ended */
};

struct world {
	struct conf conf;
	struct conf_relay relays[HOSTS];
	struct conf_host hosts[HOSTS];
	struct server servers[SERVERS];
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
	const char *domain;	 /* of the next job, or NULL */
	const char *secrets;	 /* text of the credential, or NULL */
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
	for (size_t i = 0; i < SERVERS; i++)
		if (w.servers[i].pid > 0) {
			close(w.servers[i].in);
			close(w.servers[i].out);
		}
}

static pid_t
fork_role(enum role role, struct ipc *c)
{
	struct role_start start = { .conf = &w.conf, .control = -1 };
	int ends[2], fd;
	pid_t pid;

	assert_int_equal(ipc_pair(ends), 0);
	pid = fork();
	if (pid == 0) {
		start.fd = ends[1];
		close(ends[0]);
		close_mine();
		signal(SIGPIPE, SIG_IGN); /* as main does */
		loop_init();
		if (role == ROLE_NET && w.secrets) {
			fd = memfd_create("secrets", MFD_CLOEXEC);
			if (fchmod(fd, 0600) == -1 ||
			    write(fd, w.secrets, strlen(w.secrets)) == -1)
				_exit(1);
			start.secrets = fd;
		}
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
	if (w.conf.nrelays == 0)
		w.conf.nrelays = 1;
	if (w.relays[0].name == NULL) {
		w.relays[0].name = (char *)"main";
		w.relays[0].hosts = w.hosts;
	}
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
	ipc_str(&b, w.domain ? w.domain : "");
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
job_to(uint32_t ref, const char *relay, unsigned nrcpts)
{
	struct span body = SPAN("Subject: x\n\nhello\n.\n");

	send_mail(ref, relay, nrcpts, body, crc32c(0, body.ptr, body.len));
	send_rcpts(ref, 0, nrcpts);
}

static void
job(uint32_t ref)
{
	job_to(ref, "main", 1);
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
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
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
	for (size_t i = 0; i < SERVERS; i++) {
		server_said(i);
		buf_free(&w.servers[i].said);
	}
	if (net || dns)
		print_error("net ended with %d, dns with %d\n", net, dns);
	return net || dns;
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

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define MANY(rows) (sizeof rows / sizeof *rows)
#endif
