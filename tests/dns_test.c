/* The role dns against a name server of our own, in a network namespace with
 * its own resolv.conf. */
#include "common/log.h"
#include "deliver/dns/dns.h"
#include "deliver/ipc.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { A = 1, AAAA = 28, NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };

/* What the server says of each name: an rcode and a record, or nothing. */
static const struct zone {
	const char *name;
	int a, aaaa;		/* rcodes */
	const char *four, *six; /* addresses, or NULL: no data */
	/* what is wanted */
	enum dns_status status;
	const char *answer;
} zones[] = {
	{ "four", NOERROR, NOERROR, "192.0.2.7", NULL, DNS_FOUND,
	    "192.0.2.7:25" },
	{ "six", NOERROR, NOERROR, NULL, "2001:db8::7", DNS_FOUND,
	    "2001:db8::7:25" },
	{ "none", NXDOMAIN, NXDOMAIN, NULL, NULL, DNS_NONE, "" },
	{ "empty", NOERROR, NOERROR, NULL, NULL, DNS_LATER, "" },
	{ "fail", SERVFAIL, SERVFAIL, NULL, NULL, DNS_LATER, "" },
	{ "refused", REFUSED, REFUSED, NULL, NULL, DNS_LATER, "" },
	/* A server that fails for one family only. */
	{ "half", SERVFAIL, NOERROR, NULL, NULL, DNS_LATER, "" },
	{ "other-half", NOERROR, SERVFAIL, NULL, NULL, DNS_LATER, "" },
	{ "half-found", NOERROR, SERVFAIL, "192.0.2.9", NULL, DNS_FOUND,
	    "192.0.2.9:25" },
	{ "slow", NOERROR, NOERROR, "192.0.2.10", NULL, DNS_FOUND,
	    "192.0.2.10:25" }, /* the first question gets lost */
};
#define ZONES (sizeof zones / sizeof *zones)

/* Other types: one record as it stands in the packet.  AD is said where secure
 * is; a name that begins with "tcp" is torn by UDP. */
static const struct raw {
	const char *name;
	enum dns_what what;
	int rcode;
	bool secure;
	const char *data;
	size_t len;
	/* what is wanted */
	enum dns_status status;
	const char *answer;
} raws[] = {
	{ "mail", DNS_MX, NOERROR, false, "\0\012\2mx\xc0\x0c", 7, DNS_FOUND,
	    "10 mx.mail.test" },
	{ "sec-mail", DNS_MX, NOERROR, true, "\0\012\2mx\xc0\x0c", 7, DNS_FOUND,
	    "10 mx.sec-mail.test secure" },
	{ "null", DNS_MX, NOERROR, false, "\0\0\0", 3, DNS_FOUND, "0 " },
	{ "sec-no-mx", DNS_MX, NOERROR, true, NULL, 0, DNS_EMPTY, " secure" },
	{ "no-domain", DNS_MX, NXDOMAIN, false, NULL, 0, DNS_NONE, "" },
	{ "bogus", DNS_MX, SERVFAIL, false, NULL, 0, DNS_LATER, "" },
	{ "tcp-mail", DNS_MX, NOERROR, false, "\0\012\2mx\xc0\x0c", 7,
	    DNS_FOUND, "10 mx.tcp-mail.test" },
	{ "srv", DNS_SRV, NOERROR, false, "\0\1\0\2\2\113\1a\xc0\x0c", 10,
	    DNS_FOUND, "1 2 587 a.srv.test" },
	{ "tlsa", DNS_TLSA, NOERROR, true, "\3\1\1key", 6, DNS_FOUND,
	    "3 1 1 key secure" },
	{ "txt", DNS_TXT, NOERROR, false, "\2v=\2a;", 6, DNS_FOUND, "v=a;" },
	{ "host", DNS_HOST, NOERROR, true, "\300\0\2\7", 4, DNS_FOUND,
	    "192.0.2.7:25 secure" },
	{ "no host", DNS_MX, NOERROR, false, NULL, 0, DNS_NONE, "" },
};
#define RAWS (sizeof raws / sizeof *raws)

static struct {
	char conf[64]; /* stands where resolv.conf was */
	pid_t server, dns;
	struct ipc parent, net;
	struct loop_timer timer;
	unsigned got, until;
	int status[32];
	char answer[32][128];
} w;

/* --- the name server --- */

static bool
is(const unsigned char *q, const char *name)
{
	return q[12] == strlen(name) && memcmp(q + 13, name, q[12]) == 0;
}

static size_t
record(unsigned char *q, size_t at, int type, const void *data, size_t len)
{
	q[7] = 1;
	memcpy(q + at, "\xc0\x0c\0\0\0\1\0\0\0\0\0", 11);
	q[at + 3] = (unsigned char)type;
	q[at + 11] = (unsigned char)len;
	memcpy(q + at + 12, data, len);
	return at + 12 + len;
}

static size_t
respond(unsigned char *q, size_t n, int shift, bool tcp)
{
	static int lost[2];
	size_t at = 12;
	const struct zone *z = NULL;
	const struct raw *raw = NULL;
	int type, rcode, family;
	const char *addr;
	/* AD and DO, as our own questions have them */
	bool ours = (q[3] & 0x20) && q[11] == 1 && q[n - 4] == 0x80;

	for (size_t i = 0; i < ZONES; i++)
		if (is(q, zones[i].name))
			z = &zones[i];
	for (size_t i = 0; i < RAWS; i++)
		if (is(q, raws[i].name))
			raw = &raws[i];
	while (at < n && q[at])
		at += q[at] + 1u;
	type = q[at + 1] << 8 | q[at + 2];
	at += 5;
	if ((z == NULL && raw == NULL) || (raw && !ours) ||
	    (z && strcmp(z->name, "slow") == 0 && !lost[type == A]++))
		return 0;
	rcode = raw ? raw->rcode : type == A ? z->a : z->aaaa;
	q[2] = 0x81;
	q[3] = (unsigned char)(0x80 | (raw && raw->secure ? 0x20 : 0) | rcode);
	memset(q + 6, 0, 6);
	if (raw && !tcp && strncmp(raw->name, "tcp", 3) == 0) {
		q[2] |= 2;
		return at;
	}
	if (raw && raw->data && type != AAAA)
		return record(q, at, type, raw->data, raw->len);
	addr = raw ? NULL : type == A ? z->four : z->six;
	family = type == A ? AF_INET : AF_INET6;
	if (addr && rcode == NOERROR) {
		unsigned char bytes[16];
		size_t len = type == A ? 4 : 16;

		inet_pton(family, addr, bytes);
		bytes[len - 1] = (unsigned char)(bytes[len - 1] + shift);
		at = record(q, at, type, bytes, len);
	}
	return at;
}

static pid_t
child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void
serve_tcp(int fd, int shift)
{
	for (;;) {
		unsigned char q[700];
		int c = accept(fd, NULL, NULL);
		ssize_t n = read(c, q, 600);
		size_t reply =
		    n > 19 ? respond(q + 2, (size_t)n - 2, shift, true) : 0;

		q[0] = (unsigned char)(reply >> 8);
		q[1] = (unsigned char)reply;
		if (reply && write(c, q, reply + 2) == -1)
			exit(1);
		close(c);
	}
}

/* On 127.0.0.1, and with other addresses on 127.0.0.2. */
static pid_t
serve(int shift)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(53),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned)shift) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	unsigned char q[700];
	pid_t pid;

	/* Bound before anybody asks. */
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) == -1 ||
	    bind(tcp, (struct sockaddr *)&sa, sizeof sa) == -1 ||
	    listen(tcp, 5) == -1)
		exit(1);
	pid = child();
	if (pid != 0) {
		close(fd);
		close(tcp);
		return pid;
	}
	if (child() == 0)
		serve_tcp(tcp, shift);
	close(tcp);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;
		ssize_t n =
		    recvfrom(fd, q, 600, 0, (struct sockaddr *)&from, &len);
		size_t reply = n > 17 ? respond(q, (size_t)n, shift, false) : 0;

		if (reply)
			sendto(fd, q, reply, 0, (struct sockaddr *)&from, len);
	}
}

static void
write_conf(const char *server)
{
	int fd = open(w.conf, O_WRONLY | O_TRUNC | O_CREAT, 0644);

	assert_true(dprintf(fd, "nameserver %s\n", server) > 0);
	close(fd);
}

/* 0, or -1 where this machine does not allow it. */
static int
own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) == -1 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == -1)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	lo.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) == -1)
		return -1;
	close(fd);
	snprintf(w.conf, sizeof w.conf, "/tmp/dns_test.%d", (int)getpid());
	write_conf("127.0.0.1");
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount(w.conf, "/etc/resolv.conf", NULL, MS_BIND, NULL) == -1)
		return -1;
	return 0;
}

/* --- the role --- */

static void
tell(const struct dns_answer *a, size_t i, char *out, size_t room)
{
	const struct sockaddr_storage *sa = &a->addrs[i].sa;
	bool four = sa->ss_family == AF_INET;
	char host[64] = "";

	switch (a->what) {
	case DNS_MX:
		snprintf(out, room, "%d %s", a->mx[i].pref, a->mx[i].name);
		break;
	case DNS_SRV:
		snprintf(out, room, "%d %d %d %s", a->srv[i].priority,
		    a->srv[i].weight, a->srv[i].port, a->srv[i].name);
		break;
	case DNS_TLSA:
		snprintf(out, room, "%d %d %d %.*s", a->tlsa[i].usage,
		    a->tlsa[i].selector, a->tlsa[i].match, a->tlsa[i].len,
		    a->tlsa[i].data);
		break;
	case DNS_TXT:
		snprintf(out, room, "%.*s", a->txt[i].len, a->txt[i].text);
		break;
	default:
		inet_ntop(sa->ss_family,
		    four ? (void *)&((struct sockaddr_in *)sa)->sin_addr
			 : (void *)&((struct sockaddr_in6 *)sa)->sin6_addr,
		    host, sizeof host);
		snprintf(out, room, "%s:%d", host,
		    ntohs(((struct sockaddr_in *)sa)->sin_port));
	}
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct dns_answer a;
	char *out = w.answer[m->ref];

	(void)c;
	assert_true(m->ref < 32);
	assert_int_equal(dns_decode(m->body, &a), 0);
	w.status[m->ref] = (int)a.status;
	out[0] = '\0';
	for (size_t i = 0; i < a.n; i++) {
		if (i)
			strlcat(out, " ", 128);
		tell(&a, i, out + strlen(out), 128 - strlen(out));
	}
	if (a.secure)
		strlcat(out, " secure", 128);
	if (++w.got == w.until)
		loop_stop();
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why;
	ipc_close(c);
	loop_stop();
}

static void
too_late(struct loop_timer *t)
{
	(void)t;
	loop_stop();
}

static void
await(unsigned n)
{
	w.until = n;
	loop_init();
	loop_add(&w.parent.io);
	loop_add(&w.net.io);
	w.timer = (struct loop_timer){ .fire = too_late };
	loop_in(&w.timer, 30000);
	if (w.got < n)
		loop_run();
	assert_int_equal(w.got, n);
}

static void
ask(uint32_t ref, enum dns_what what, const char *host, const char *port)
{
	struct buf b = { 0 };

	ipc_u8(&b, (uint8_t)what);
	ipc_str(&b, host);
	ipc_str(&b, port);
	assert_int_equal(ipc_send(&w.net, IPC_DNS_ASK, ref, &b, -1), 0);
	buf_free(&b);
}

static void
start(void)
{
	static const struct conf conf = { .trust_dns = -1 };
	struct role_start s = { .conf = &conf, .control = -1 };
	int up[2], net[2];
	struct buf b = { 0 };

	loop_init();
	assert_int_equal(ipc_pair(up), 0);
	assert_int_equal(ipc_pair(net), 0);
	w.dns = child();
	if (w.dns == 0) {
		close(up[0]);
		close(net[0]);
		close(net[1]);
		s.fd = up[1];
		loop_init();
		dns_run(&s);
		_exit(0);
	}
	close(up[1]);
	w.parent = (struct ipc){ .got = got, .gone = gone };
	w.net = w.parent;
	assert_int_equal(ipc_open(&w.parent, up[0], ROLE_PARENT, ROLE_DNS), 0);
	assert_int_equal(ipc_open(&w.net, net[0], ROLE_NET, ROLE_DNS), 0);
	ipc_u8(&b, ROLE_NET);
	assert_int_equal(ipc_send(&w.parent, IPC_PEER, 0, &b, net[1]), 0);
	close(net[1]);
	buf_free(&b);
}

static void
test_literals(void **state)
{
	static const struct {
		const char *host, *port, *want;
		enum dns_status status;
	} rows[] = {
		{ "192.0.2.1", "25", "192.0.2.1:25", DNS_FOUND },
		{ "[192.0.2.1]", "2525", "192.0.2.1:2525", DNS_FOUND },
		{ "2001:db8::1", "25", "2001:db8::1:25", DNS_FOUND },
		{ "[2001:db8::1]", "25", "2001:db8::1:25", DNS_FOUND },
		{ "[IPv6:2001:db8::1]", "25", "2001:db8::1:25", DNS_FOUND },
		{ "192.0.2.1", "smtp", "192.0.2.1:25", DNS_FOUND },
		{ "192.0.2.1", "submissions", "192.0.2.1:465", DNS_FOUND },
		{ "192.0.2.1", "no-such-port", "", DNS_NONE },
		{ "name.onion", "25", "", DNS_NONE },
		{ "[name.test]", "25", "", DNS_NONE },
		{ "", "25", "", DNS_NONE },
		{ "192.0.2.1", "", "", DNS_NONE },
	};
	enum { N = sizeof rows / sizeof *rows };

	(void)state;
	w.got = 0;
	for (uint32_t i = 0; i < N; i++)
		ask(i, DNS_ADDRS, rows[i].host, rows[i].port);
	await(N);
	for (uint32_t i = 0; i < N; i++)
		if (w.status[i] != (int)rows[i].status ||
		    strcmp(w.answer[i], rows[i].want) != 0)
			fail_msg("%s %s: %d \"%s\"", rows[i].host, rows[i].port,
			    w.status[i], w.answer[i]);
}

static void
test_zones(void **state)
{
	(void)state;
	if (w.server <= 0)
		skip();
	w.got = 0;
	for (uint32_t i = 0; i < ZONES; i++) {
		char name[64];

		snprintf(name, sizeof name, "%s.test", zones[i].name);
		ask(i, DNS_ADDRS, name, "25");
	}
	await(ZONES);
	for (uint32_t i = 0; i < ZONES; i++)
		if (w.status[i] != (int)zones[i].status ||
		    strcmp(w.answer[i], zones[i].answer) != 0)
			fail_msg("%s: %d \"%s\"", zones[i].name, w.status[i],
			    w.answer[i]);
}

static void
test_records(void **state)
{
	(void)state;
	if (w.server <= 0)
		skip();
	w.got = 0;
	for (uint32_t i = 0; i < RAWS; i++) {
		char name[64];

		snprintf(name, sizeof name, "%s.test", raws[i].name);
		ask(i, raws[i].what, name, "25");
	}
	await(RAWS);
	for (uint32_t i = 0; i < RAWS; i++)
		if (w.status[i] != (int)raws[i].status ||
		    strcmp(w.answer[i], raws[i].answer) != 0)
			fail_msg("%s: %d \"%s\"", raws[i].name, w.status[i],
			    w.answer[i]);
}

/* AD from a resolver that is not on this machine counts only when told so. */
static void
test_far_resolver(void **state)
{
	(void)state;
	if (w.server <= 0)
		skip();
	write_conf("127.0.0.1\nnameserver 192.0.2.53");
	w.got = 0;
	ask(0, DNS_MX, "sec-mail.test", "25");
	await(1);
	assert_string_equal(w.answer[0], "10 mx.sec-mail.test");
	write_conf("127.0.0.1\nnameserver 192.0.2.53\noptions trust-ad");
	ask(1, DNS_MX, "sec-mail.test", "25");
	await(2);
	assert_string_equal(w.answer[1], "10 mx.sec-mail.test secure");
}

/* A machine that has come to another network. */
static void
test_changed_conf(void **state)
{
	(void)state;
	if (w.server <= 0)
		skip();
	write_conf("127.0.0.2");
	w.got = 0;
	ask(0, DNS_ADDRS, "four.test", "25");
	await(1);
	assert_string_equal(w.answer[0], "192.0.2.8:25");
}

static void
test_stop(void **state)
{
	int status = -1;

	(void)state;
	assert_int_equal(ipc_send(&w.parent, IPC_STOP, 0, NULL, -1), 0);
	assert_int_equal(waitpid(w.dns, &status, 0), w.dns);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_far_resolver),
		cmocka_unit_test(test_changed_conf),
		cmocka_unit_test(test_stop),
	};
	pid_t second = 0;
	int rc;

	log_open("dns_test");
	if (own_network() == 0) {
		w.server = serve(0);
		second = serve(1);
	}
	start();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (w.server > 0) {
		kill(w.server, SIGKILL);
		kill(second, SIGKILL);
		waitpid(w.server, NULL, 0);
		waitpid(second, NULL, 0);
	}
	unlink(w.conf);
	return rc;
}
