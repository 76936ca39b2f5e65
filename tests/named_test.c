/* A queue that lies: what does a user's process do for it? */
#include "common/crc.h"
#include "deliver/ipc.h"
#include "deliver/loop.h"
#include "deliver/user/named.h"
#include "deliver/user/user.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct row {
	const char *name, *text;
	bool aliases, command;
	const char *what;
	bool want;
} rows[] = {
	{ "command", "\"|x -y, z\"\n", false, true, "x -y, z", true },
	{ "command_bare", "|x\n", false, true, "x", true },
	{ "command_as_a_file", "|x\n", false, false, "x", false },
	{ "part_of_a_command", "\"|x -y\"\n", false, true, "x", false },
	{ "more_than_the_command", "|x\n", false, true, "x; y", false },
	{ "commented_out", "# |x\n", false, true, "x", false },
	{ "file", "a, /srv/x\n", false, false, "/srv/x", true },
	{ "maildir", "/srv/x/\n", false, false, "/srv/x/", true },
	{ "other_file", "/srv/xy\n", false, false, "/srv/x", false },
	{ "file_as_a_command", "/srv/x\n", false, true, "/srv/x", false },
	{ "address_as_a_command", "alice\n", false, true, "alice", false },
	{ "alias", "# |x\na: b,\n \"|x\"\n", true, true, "x", true },
	{ "alias_file", "a: /srv/x\n", true, false, "/srv/x", true },
	{ "alias_that_is_none", "\"|x\"\n", true, true, "x", false },
	{ "forward_that_is_an_alias", "a: |x\n", false, true, "x", false },
	{ "nothing", "", true, true, "", false },
};

static void
check(void **state)
{
	const struct row *r = *state;

	assert_int_equal(named_there(span_of(r->text), r->aliases, r->command,
			     span_of(r->what)),
	    r->want);
}

static void
put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

struct packet {
	uint16_t type, zero;
	uint32_t ref;
	char body[8000];
};

static void
tell(int sock, uint16_t type, const struct buf *b, int fd)
{
	struct packet p = { .type = type };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} room = { 0 };
	struct iovec v = { &p, 8 + (b ? b->len : 0) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (b)
		memcpy(p.body, b->ptr, b->len);
	if (fd != -1) {
		m.msg_control = room.space;
		m.msg_controllen = sizeof room.space;
		room.align = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET,
			SCM_RIGHTS };
		memcpy(CMSG_DATA(&room.align), &fd, sizeof fd);
	}
	assert_int_not_equal(sendmsg(sock, &m, MSG_NOSIGNAL), -1);
}

/* The outcome of one message for that command, or -1: the process ended. */
static int
outcome(struct role_start start, const char *what, enum named_in in,
    const char *list, const char *dir)
{
	struct packet p;
	struct buf b = { 0 };
	int ends[2], fd, got = -1, status;
	char path[300];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		start.fd = ends[1];
		if (loop_init() == 0)
			user_run(&start);
		_exit(0);
	}
	close(ends[1]);
	snprintf(path, sizeof path, "%s/message", dir);
	put(path, "hello\n", 0600);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ipc_str(&b, what);
	tell(ends[0], IPC_BOX_AT, &b, -1);
	tell(ends[0], IPC_BOX_OPEN, NULL, -1);
	assert_true(recv(ends[0], &p, sizeof p, 0) >= 8);
	assert_int_equal(p.type, IPC_BOX_LOCKED);
	buf_reset(&b);
	ipc_str(&b, "0123456789ABCDEF");
	ipc_str(&b, "");
	ipc_str(&b, "alice@d.example");
	ipc_u64(&b, 0); /* arrived */
	ipc_u64(&b, 0); /* offset */
	ipc_u64(&b, 6);
	ipc_u32(&b, crc32c(0, "hello\n", 6));
	tell(ends[0], IPC_BOX_ITEM, &b, fd);
	buf_reset(&b);
	ipc_u8(&b, (uint8_t)in);
	ipc_str(&b, list);
	tell(ends[0], IPC_BOX_GO, &b, -1);
	if (recv(ends[0], &p, sizeof p, 0) >= 9 && p.type == IPC_BOX_RESULT)
		got = (unsigned char)p.body[0];
	close(fd);
	close(ends[0]);
	waitpid(pid, &status, 0);
	buf_free(&b);
	return got;
}

static void
a_queue_that_lies(void **state)
{
	char dir[64], forward[300], list[300], ran[300], other[300], words[700];
	struct conf conf = { .command_time = 10 };
	struct role_start start = { .conf = &conf,
		.user = "alice",
		.home = dir,
		.shell = "/bin/sh",
		.uid = getuid(),
		.gid = getgid(),
		.purpose = FOR_COMMAND,
		.forward = -1 };

	(void)state;
	assert_int_not_equal(scratch_make(dir), -1);
	snprintf(forward, sizeof forward, "%s/.forward", dir);
	snprintf(list, sizeof list, "%s/list", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	snprintf(ran, sizeof ran, "%s/ran", dir);
	conf.aliases = other;
	snprintf(words, sizeof words, "\"|touch %s\"\n", ran);
	put(forward, words, 0600);
	put(list, ":include:x\n", 0600);
	put(other, "a: b\n", 0666);
	snprintf(words, sizeof words, "touch %s", ran);
	assert_int_equal(outcome(start, words, IN_NOTHING, "", dir), OUT_LATER);
	assert_int_equal(outcome(start, words, IN_ALIASES, "", dir), OUT_LATER);
	assert_int_equal(outcome(start, words, IN_ROOTS, "", dir), OUT_LATER);
	assert_int_equal(
	    outcome(start, words, IN_FORWARD, list, dir), OUT_LATER);
	assert_int_equal(
	    outcome(start, words, IN_FORWARD, "/nonexistent", dir), OUT_LATER);
	assert_int_equal(
	    outcome(start, "touch x", IN_FORWARD, "", dir), OUT_LATER);
	assert_int_equal(access(ran, F_OK), -1);
	assert_int_equal(outcome(start, words, NAMED_INS, "", dir), -1);
	/* a list that others may write is nobody's word */
	snprintf(words, sizeof words, "\"|touch %s\"\n", ran);
	put(other, words, 0666);
	snprintf(words, sizeof words, "touch %s", ran);
	assert_int_equal(
	    outcome(start, words, IN_FORWARD, other, dir), OUT_LATER);
	assert_int_equal(access(ran, F_OK), -1);
	assert_int_equal(
	    outcome(start, words, IN_FORWARD, "", dir), OUT_DELIVERED);
	assert_int_equal(access(ran, F_OK), 0);
	scratch_remove(dir);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(a_queue_that_lies),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("named", tests, NULL, NULL);
}
