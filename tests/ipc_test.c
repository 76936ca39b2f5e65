#include "deliver/ipc.h"
#include "tests/rows.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct packet {
	uint16_t type, zero;
	uint32_t ref;
	char body[IPC_MAX + 64];
};

static struct {
	struct ipc *c;
	int got, gone, fds;
	uint32_t last;
	char why[80];
	int stop_at; /* packets after which the loop ends */
} t;

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	assert_ptr_equal(c, t.c);
	t.got++;
	t.last = m->ref;
	if (m->fd != -1) {
		t.fds++;
		assert_true(fcntl(m->fd, F_GETFD) & FD_CLOEXEC);
		close(m->fd);
	}
	if (t.got == t.stop_at)
		loop_stop();
}

static void
gone(struct ipc *c, const char *why)
{
	t.gone++;
	strlcpy(t.why, why, sizeof t.why);
	ipc_close(c);
	loop_stop();
}

static void
quiet(struct loop_timer *timer)
{
	(void)timer;
	loop_stop();
}

/* Until something stops the loop, or nothing happens for a while. */
static void
run(void)
{
	static struct loop_timer end;

	end = (struct loop_timer){ .fire = quiet };
	loop_in(&end, 200);
	assert_int_equal(loop_run(), 0);
}

/* A channel whose far end is a bare socket. */
static int
begin(struct ipc *c, enum role self, enum role peer)
{
	int fds[2];

	memset(&t, 0, sizeof t);
	assert_int_equal(loop_init(), 0);
	assert_int_equal(ipc_pair(fds), 0);
	*c = (struct ipc){ .got = got, .gone = gone };
	t.c = c;
	assert_int_equal(ipc_open(c, fds[0], self, peer), 0);
	return fds[1];
}

static int
raw(int sock, const void *bytes, size_t n, int nfds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)bytes, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[8];

	for (int i = 0; i < 8; i++)
		fds[i] = sock;
	if (nfds) {
		struct cmsghdr *c;

		m.msg_control = control.space;
		m.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)nfds * sizeof(int));
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

/* What arrives at self from peer. */
static const struct row {
	const char *name;
	enum role self, peer;
	unsigned type, zero;
	size_t body;
	int fds;
	bool taken;
} rows[] = {
	{ "as_the_table_says", ROLE_QUEUE, ROLE_USER, IPC_BOX_END, 0, 0, 0,
	    true },
	{ "with_its_descriptor", ROLE_QUEUE, ROLE_PARENT, IPC_FORKED, 0, 0, 1,
	    true },
	{ "shortest", ROLE_QUEUE, ROLE_USER, IPC_BOX_RESULT, 0, 5, 0, true },
	{ "longest", ROLE_QUEUE, ROLE_USER, IPC_BOX_RESULT, 0, 6144, 0, true },
	{ "longest_of_all", ROLE_NET, ROLE_QUEUE, IPC_NET_RCPT, 0, IPC_MAX - 16,
	    0, true },
	{ "stop_goes_to_any_role", ROLE_TTY, ROLE_PARENT, IPC_STOP, 0, 0, 0,
	    true },
	{ "queue_asks_for_a_conversion", ROLE_PARENT, ROLE_QUEUE, IPC_FORK_MIME,
	    0, 17, 1, true },
	{ "net_asks_for_a_conversion", ROLE_PARENT, ROLE_NET, IPC_FORK_MIME, 0,
	    17, 1, false },
	{ "conversion_without_a_message", ROLE_PARENT, ROLE_QUEUE,
	    IPC_FORK_MIME, 0, 17, 0, false },
	{ "net_gives_a_job_back", ROLE_QUEUE, ROLE_NET, IPC_NET_CONVERT, 0, 0,
	    0, true },
	{ "net_brings_a_conversion", ROLE_QUEUE, ROLE_NET, IPC_MIMED, 0, 0, 1,
	    false },
	{ "mime_says_something", ROLE_PARENT, ROLE_MIME, IPC_MIMED, 0, 0, 1,
	    false },
	{ "one_octet_short", ROLE_QUEUE, ROLE_USER, IPC_BOX_RESULT, 0, 4, 0,
	    false },
	{ "one_octet_long", ROLE_QUEUE, ROLE_USER, IPC_BOX_RESULT, 0, 6145, 0,
	    false },
	{ "body_where_none_belongs", ROLE_QUEUE, ROLE_NET, IPC_NET_END, 0, 1, 0,
	    false },
	{ "end_without_items", ROLE_QUEUE, ROLE_USER, IPC_BOX_END, 0, 0, 0,
	    true },
	{ "end_of_most_items", ROLE_QUEUE, ROLE_USER, IPC_BOX_END, 0, 512, 0,
	    true },
	{ "end_of_too_many_items", ROLE_QUEUE, ROLE_USER, IPC_BOX_END, 0, 513,
	    0, false },
	{ "go_without_an_intent", ROLE_USER, ROLE_QUEUE, IPC_BOX_GO, 0, 0, 0,
	    false },
	{ "nothing_to_read", ROLE_QUEUE, ROLE_PARENT, IPC_NOTHING, 0, 0, 0,
	    true },
	{ "longer_than_any_packet", ROLE_NET, ROLE_QUEUE, IPC_NET_RCPT, 0,
	    IPC_MAX + 1, 0, false },
	{ "user_says_what_queue_says", ROLE_QUEUE, ROLE_USER, IPC_BOX_OPEN, 0,
	    0, 0, false },
	{ "user_asks_for_a_text", ROLE_QUEUE, ROLE_USER, IPC_READ_ASK, 0, 10, 0,
	    false },
	{ "user_asks_for_a_fork", ROLE_PARENT, ROLE_USER, IPC_FORK_USER, 0, 10,
	    0, false },
	{ "net_asks_for_a_fork", ROLE_PARENT, ROLE_NET, IPC_FORK_USER, 0, 10, 0,
	    false },
	{ "net_reports_a_mailbox", ROLE_QUEUE, ROLE_NET, IPC_BOX_RESULT, 0, 10,
	    0, false },
	{ "tty_reports_a_mailbox", ROLE_QUEUE, ROLE_TTY, IPC_BOX_RESULT, 0, 10,
	    0, false },
	{ "queue_says_stop", ROLE_NET, ROLE_QUEUE, IPC_STOP, 0, 0, 0, false },
	{ "queue_brings_a_peer", ROLE_NET, ROLE_QUEUE, IPC_PEER, 0, 1, 1,
	    false },
	{ "our_own_message_comes_back", ROLE_QUEUE, ROLE_USER, IPC_BOX_OPEN, 0,
	    0, 0, false },
	{ "no_descriptor_where_one_belongs", ROLE_QUEUE, ROLE_PARENT,
	    IPC_FORKED, 0, 0, 0, false },
	{ "descriptor_where_none_belongs", ROLE_QUEUE, ROLE_USER, IPC_BOX_END,
	    0, 0, 1, false },
	{ "two_descriptors", ROLE_QUEUE, ROLE_PARENT, IPC_FORKED, 0, 0, 2,
	    false },
	{ "more_descriptors_than_fit", ROLE_QUEUE, ROLE_PARENT, IPC_FORKED, 0,
	    0, 8, false },
	{ "unknown_type", ROLE_QUEUE, ROLE_USER, IPC_TYPES, 0, 0, 0, false },
	{ "type_65535", ROLE_QUEUE, ROLE_USER, 65535, 0, 0, 0, false },
	{ "not_zero_where_zero_is", ROLE_QUEUE, ROLE_USER, IPC_BOX_END, 1, 0, 0,
	    false },
};

static void
check(void **state)
{
	static struct packet p;
	const struct row *row = *state;
	int before = open_fds(), sock;
	struct ipc c;

	sock = begin(&c, row->self, row->peer);
	p = (struct packet){ (uint16_t)row->type, (uint16_t)row->zero, 7, "" };
	assert_int_equal(raw(sock, &p, 8 + row->body, row->fds), 0);
	t.stop_at = 1;
	run();
	assert_int_equal(t.got, row->taken);
	assert_int_equal(t.fds, row->taken ? row->fds : 0);
	assert_int_equal(t.gone, !row->taken);
	assert_int_equal(ipc_is_open(&c), row->taken);
	if (row->taken)
		assert_int_equal(t.last, 7);
	ipc_close(&c);
	close(sock);
	loop_init();
	assert_in_range(open_fds(), before, before + 1); /* the loop's own */
}

/* Heads cut short, at every length. */
static void
truncated_head(void **state)
{
	struct packet p = { .type = IPC_BOX_END };

	(void)state;
	for (size_t n = 1; n < 8; n++) {
		struct ipc c;
		int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

		assert_int_equal(raw(sock, &p, n, 0), 0);
		run();
		assert_int_equal(t.got, 0);
		assert_int_equal(t.gone, 1);
		close(sock);
	}
}

static void
closed_by_the_peer(void **state)
{
	struct ipc c;
	int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	close(sock);
	run();
	assert_int_equal(t.gone, 1);
	assert_string_equal(t.why, "closed");
	assert_false(ipc_is_open(&c));
	ipc_close(&c); /* once more does no harm */
	assert_int_equal(ipc_send(&c, IPC_BOX_OPEN, 0, NULL, -1), -1);
}

/* What was said before the end is heard. */
static void
last_words(void **state)
{
	struct packet p = { .type = IPC_BOX_END };
	struct ipc c;
	int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	for (p.ref = 1; p.ref <= 100; p.ref++)
		assert_int_equal(raw(sock, &p, 8, 0), 0);
	close(sock);
	run();
	assert_int_equal(t.got, 100);
	assert_int_equal(t.last, 100);
	assert_int_equal(t.gone, 1);
}

/* After a packet that breaks the table nothing more is taken. */
static void
nothing_behind_a_broken_one(void **state)
{
	struct packet good = { .type = IPC_BOX_END },
		      bad = { .type = IPC_BOX_OPEN };
	struct ipc c;
	int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	assert_int_equal(raw(sock, &good, 8, 0), 0);
	assert_int_equal(raw(sock, &bad, 8, 0), 0);
	assert_int_equal(raw(sock, &good, 8, 0), 0);
	run();
	assert_int_equal(t.got, 1);
	assert_int_equal(t.gone, 1);
	close(sock);
}

static void
we_keep_to_the_table_too(void **state)
{
	struct buf b = { 0 };
	struct ipc c;
	int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	assert_int_equal(ipc_send(&c, IPC_BOX_END, 0, NULL, -1), -1);
	assert_int_equal(ipc_send(&c, IPC_BOX_OPEN, 0, NULL, sock), -1);
	ipc_u8(&b, 1);
	assert_int_equal(ipc_send(&c, IPC_BOX_OPEN, 0, &b, -1), -1);
	b.bad = true;
	assert_int_equal(ipc_send(&c, IPC_BOX_CHECK, 0, &b, -1), -1);
	assert_int_equal(recv(sock, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	assert_int_equal(ipc_send(&c, IPC_BOX_OPEN, 0, NULL, -1), 0);
	assert_true(ipc_is_open(&c));
	ipc_close(&c);
	close(sock);
	buf_free(&b);
}

/* Both ends in one loop: more than a socket holds, in order, with their
 * descriptors, each of them the right file. */
#define MANY 600
static struct ipc far;
static uint32_t next;

static void
in_order(struct ipc *c, struct ipc_msg *m)
{
	struct stat st;

	(void)c;
	assert_int_equal(m->ref, next);
	next++;
	assert_int_equal(m->body.len, 500);
	assert_int_equal(m->body.ptr[499], (char)m->ref);
	assert_int_equal(fstat(m->fd, &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	close(m->fd);
	if (next == MANY)
		loop_stop();
}

static void
a_full_socket_queues(void **state)
{
	struct buf b = { 0 };
	struct ipc c;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	next = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		buf_reset(&b);
		for (int k = 0; k < 500; k++)
			buf_chr(&b, (char)i);
		assert_int_equal(ipc_send(&c, IPC_BOX_ITEM, i, &b, fd), 0);
	}
	assert_false(TAILQ_EMPTY(&c.out));
	close(fd); /* the queued ones are copies */
	far = (struct ipc){ .got = in_order, .gone = gone };
	assert_int_equal(ipc_open(&far, sock, ROLE_USER, ROLE_QUEUE), 0);
	run();
	assert_int_equal(next, MANY);
	assert_true(TAILQ_EMPTY(&c.out));
	assert_int_equal(c.io.events, EPOLLIN);
	ipc_close(&far);
	ipc_close(&c);
	buf_free(&b);
}

static void
closing_frees_what_is_queued(void **state)
{
	struct buf b = { 0 };
	struct ipc c;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), before = open_fds();
	int sock = begin(&c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	for (int k = 0; k < 2000; k++)
		buf_chr(&b, 'x');
	for (uint32_t i = 0; TAILQ_EMPTY(&c.out) || i < 500; i++)
		assert_int_equal(ipc_send(&c, IPC_BOX_ITEM, i, &b, fd), 0);
	ipc_close(&c);
	close(sock);
	loop_init();
	assert_in_range(open_fds(), before, before + 1);
	close(fd);
	buf_free(&b);
}

/* The peer goes while our packets wait: told once, from the loop. */
static void
gone_with_a_queue(void **state)
{
	struct buf b = { 0 };
	struct ipc c;
	int sock = begin(&c, ROLE_QUEUE, ROLE_NET);

	(void)state;
	for (int k = 0; k < 30000; k++)
		buf_chr(&b, 'x');
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(ipc_send(&c, IPC_NET_RCPT, i, &b, -1), 0);
	assert_false(TAILQ_EMPTY(&c.out));
	close(sock);
	assert_int_equal(t.gone, 0);
	run();
	assert_int_equal(t.gone, 1);
	buf_free(&b);
}

/* A handler ends the channel and gives its memory back, which has another
 * use at once. */
static void
got_frees(struct ipc *c, struct ipc_msg *m)
{
	(void)m;
	t.got++;
	ipc_close(c);
	memset(c, 0, sizeof *c);
}

static void
gone_frees(struct ipc *c, const char *why)
{
	(void)why;
	t.gone++;
	ipc_close(c);
	memset(c, 0xff, sizeof *c);
	free(c);
}

static void
freed_by_its_handler(void **state)
{
	struct packet p = { .type = IPC_BOX_END };
	struct ipc *c = malloc(sizeof *c);
	int sock = begin(c, ROLE_QUEUE, ROLE_USER);

	(void)state;
	c->got = got_frees;
	for (int i = 0; i < 3; i++)
		assert_int_equal(raw(sock, &p, 8, 0), 0);
	run();
	assert_int_equal(t.got, 1);
	assert_int_equal(t.gone, 0);
	free(c);
	close(sock);
}

static void
freed_when_gone(void **state)
{
	struct packet bad = { .type = IPC_TYPES };

	(void)state;
	for (int broken = 0; broken < 2; broken++) {
		struct ipc *c = malloc(sizeof *c);
		int sock = begin(c, ROLE_QUEUE, ROLE_USER);

		c->gone = gone_frees;
		if (broken)
			assert_int_equal(raw(sock, &bad, 8, 1), 0);
		else
			close(sock);
		run();
		assert_int_equal(t.gone, 1);
		if (broken)
			close(sock);
	}
}

/* With packets of ours waiting and the far end gone, the write finds out. */
static void
freed_while_sending(void **state)
{
	struct buf b = { 0 };
	struct ipc *c = malloc(sizeof *c);
	int sock = begin(c, ROLE_QUEUE, ROLE_NET);

	(void)state;
	c->gone = gone_frees;
	for (int k = 0; k < 30000; k++)
		buf_chr(&b, 'x');
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(ipc_send(c, IPC_NET_RCPT, i, &b, -1), 0);
	close(sock);
	run();
	assert_int_equal(t.gone, 1);
	buf_free(&b);
}

static void
fields_come_back(void **state)
{
	struct buf b = { 0 };
	struct ipc_in in = { 0 };
	static char big[65535];

	(void)state;
	ipc_u8(&b, 255);
	ipc_u16(&b, 65535);
	ipc_u32(&b, UINT32_MAX);
	ipc_u64(&b, UINT64_MAX);
	ipc_str(&b, "");
	ipc_str(&b, "text");
	ipc_span(&b, (struct span){ big, sizeof big });
	in.rest = buf_view(&b);
	assert_int_equal(ipc_get8(&in), 255);
	assert_int_equal(ipc_get16(&in), 65535);
	assert_true(ipc_get32(&in) == UINT32_MAX);
	assert_true(ipc_get64(&in) == UINT64_MAX);
	assert_int_equal(ipc_get(&in).len, 0);
	assert_true(span_eq(ipc_get(&in), SPAN("text")));
	assert_false(ipc_end(&in));
	assert_int_equal(ipc_get(&in).len, sizeof big);
	assert_true(ipc_end(&in));
	assert_int_equal(ipc_get8(&in), 0);
	assert_false(ipc_end(&in));
	assert_false(b.bad);
	ipc_span(&b, (struct span){ big, sizeof big + 1 });
	assert_true(b.bad);
	buf_free(&b);
}

/* After a misfit all is zero, even where the octets would suffice. */
static void
misfit_is_sticky(void **state)
{
	static const struct span bodies[] = { S(""), S("\x05\0abcd"),
		S("\xff\xff"), S("\x01") };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct ipc_in in = { bodies[i], false };

		assert_null(ipc_get(&in).ptr);
		assert_true(in.bad);
		assert_int_equal(ipc_get8(&in), 0);
		assert_int_equal(ipc_get(&in).len, 0);
		assert_false(ipc_end(&in));
	}
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(truncated_head),
		cmocka_unit_test(closed_by_the_peer),
		cmocka_unit_test(last_words),
		cmocka_unit_test(nothing_behind_a_broken_one),
		cmocka_unit_test(we_keep_to_the_table_too),
		cmocka_unit_test(a_full_socket_queues),
		cmocka_unit_test(closing_frees_what_is_queued),
		cmocka_unit_test(gone_with_a_queue),
		cmocka_unit_test(freed_by_its_handler),
		cmocka_unit_test(freed_when_gone),
		cmocka_unit_test(freed_while_sending),
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(misfit_is_sticky),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
