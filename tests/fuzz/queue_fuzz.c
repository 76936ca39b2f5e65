/* libFuzzer: the whole queue, to which the parent, net, and the processes of
 * users and terminals lie.  Its spool has five messages: for a mailbox, for two
 * elsewhere, for a terminal, for a list with a command and a file in it, and
 * one that a person holds.  Whatever it is told: it ends in good order, says
 * what it may, puts no sound message into quarantine, changes nothing of what
 * was sent, keeps the one that is held, and those of whom nobody has said how
 * it went.
 *
 *     octet 0   bit 0: a pass; bit 1: all is due; bit 2: it may idle
 *     then      packets, see role_rig.h; the channel: the parent, net, and
 * those that IPC_FORKED has made.  Type 255: a round without one.  31 is
 * somebody at the socket of mailq and sendmail, who is not root: the body is
 * what he asks, with RIG_TRUE the id of a message behind it */
#include "common/crc.h"
#include "common/env.h"
#include "common/spool.h"
#include "deliver/queue/journal.h"
#include "deliver/queue/queue.h"
#include "tests/fuzz/role_rig.h"
#include <dirent.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define BELLMAN 65534
#define SPOOL "/var/spool/bellman"
#define CHANNELS 16
#define ROUNDS 6 /* of the loop, behind the last packet */
#define NOTHING 255
#define ASKER 0x1f
#define ASKERS 8 /* at once */

enum { PARENT, NET, FORKED }; /* channels */
enum { ANSWERED };	      /* rig->flags */

static const char settings[] =
    "hostname mail.example\nlocal-domains mail.example\n"
    "relay main {\n\thost 127.0.0.1 25\n\ttls never\n}\n"
    "command-user nobody\naliases /run/aliases\n";
static const char aliases[] = "list: games, x@far.example, \"|true\", /run/f\n";
static const struct {
	const char *to[2];
	enum env_kind kind;
	bool held;
} messages[] = {
	{ { "games@mail.example" }, ENV_MAIL, false },
	{ { "x@far.example", "y@far.example" }, ENV_MAIL, false },
	{ { "games@mail.example" }, ENV_SEND, false },
	{ { "list@mail.example" }, ENV_MAIL, false },
	{ { "z@far.example", "games@mail.example" }, ENV_MAIL, true },
};
#define MESSAGES (sizeof messages / sizeof *messages)
static const char body[] = "Subject: x\n\nhello\n";
static struct {
	char id[SPOOL_IDSIZE];
	struct buf text;
} sent[MESSAGES];

static struct conf conf;
static const uint8_t *data;
static size_t size;
static int message;
static struct loop_timer turn;
static struct {
	struct sockaddr_un control;
	socklen_t control_len;
	int asked[ASKERS];
	unsigned nasked;
	int fd[CHANNELS];
	bool net[CHANNELS]; /* net may come again */
	uint32_t last[CHANNELS];
	unsigned n, rounds;
} us;

static void
file_of(unsigned n)
{
	struct env e = { .uid = 1001,
		.time_us = (int64_t)time(NULL) * 1000000,
		.kind = messages[n].kind,
		.from = (char *)(uintptr_t) "sender@mail.example" };
	struct journal_line held = {
		.event = J_HOLD, .when = time(NULL), .text = SPAN("0")
	};
	struct buf env = { 0 }, *out = &sent[n].text;
	struct spool_head h;
	char line[SPOOL_HEAD];

	for (int i = 0; i < 2 && messages[n].to[i]; i++)
		if (env_add(&e, span_of(messages[n].to[i])) == -1)
			abort();
	e.from = strdup(e.from);
	buf_reset(out);
	if (env_encode(&e, &env) == -1)
		abort();
	h = (struct spool_head){ .env_len = (uint32_t)env.len,
		.env_sum = crc32c(0, env.ptr, env.len),
		.body_len = sizeof body - 1,
		.body_sum = crc32c(0, body, sizeof body - 1) };
	spool_head_put(&h, line);
	spool_id_new(sent[n].id);
	buf_add(out, line, sizeof line);
	buf_span(out, buf_view(&env));
	buf_add(out, body, sizeof body - 1);
	if (messages[n].held)
		journal_put(out, &held);
	env_free(&e);
	buf_free(&env);
}

static void
folder(const char *path)
{
	if ((mkdir(path, 0700) == -1 && errno != EEXIST) ||
	    chown(path, BELLMAN, BELLMAN) == -1)
		abort();
	rig_clear(path);
}

static void
put(const char *path, struct span text, uid_t uid, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text.ptr, text.len) != (ssize_t)text.len ||
	    fchown(fd, uid, BELLMAN) == -1 || fchmod(fd, mode) == -1)
		abort();
	close(fd);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const own[] = { "/run", "/var/mail", "/var/spool",
		"/var/lib", NULL };
	struct buf why = { 0 };

	(void)argc;
	(void)argv;
	rig_folders(own);
	rig_start();
	mkdir(SPOOL, 0755);
	mkdir("/run/bellman", 0755);
	put("/run/conf", SPAN(settings), 0, 0644);
	put("/run/aliases", SPAN(aliases), 0, 0644);
	if (conf_load("/run/conf", &conf, &why) == -1) {
		fprintf(stderr, "%s\n", buf_c(&why));
		abort();
	}
	message = memfd_create("message", MFD_CLOEXEC);
	if (write(message, body, sizeof body - 1) != sizeof body - 1)
		abort();
	return 0;
}

/* What the queue says is its peer's to hear. */
static bool
may_say(unsigned channel, int type)
{
	switch (type) {
	case IPC_FORK_USER:
	case IPC_FORK_TTY:
	case IPC_FORK_MIME:
	case IPC_REFUSE:
	case IPC_DONE:
		return channel == PARENT;
	case IPC_NET_MAIL:
	case IPC_NET_RCPT:
	case IPC_NET_FORGET:
	case IPC_NET_KEPT:
		return us.net[channel];
	case IPC_BOX_ITEM:
	case IPC_BOX_AT:
	case IPC_BOX_OPEN:
	case IPC_BOX_CHECK:
	case IPC_BOX_GO:
	case IPC_READ_ASK:
	case IPC_TTY_JOB:
	case IPC_TTY_LOOK:
	case IPC_TTY_NOTE:
		return channel >= FORKED && !us.net[channel];
	default:
		return false;
	}
}

static void
hear_all(void)
{
	uint32_t ref;
	int type;

	for (unsigned i = 0; i < us.n; i++)
		while (
		    us.fd[i] != -1 && (type = rig_hear(us.fd[i], &ref)) != -1) {
			if (!may_say(i, type))
				abort();
			us.last[i] = ref;
		}
}

/* With the end of a channel, which is ours from now on. */
static void
join(unsigned type, uint32_t ref, struct span text)
{
	int ends[2];

	if (us.n == CHANNELS || ipc_pair(ends) == -1)
		return;
	us.fd[us.n] = ends[0];
	us.net[us.n] = type == IPC_PEER;
	us.last[us.n++] = 0;
	liar_send(us.fd[PARENT], type, ref, text, ends[1]);
	close(ends[1]);
}

/* Without one of these nobody can have said that anything has arrived, or
 * never will. */
static bool
settles(unsigned type)
{
	return type == IPC_NOFORK || type == IPC_NET_ANSWER ||
	       type == IPC_NET_END || type == IPC_BOX_RESULT ||
	       type == IPC_BOX_END || type == IPC_BOX_FAIL ||
	       type == IPC_BOX_UNNAMED || type == IPC_TTY_DONE ||
	       type == IPC_READ_TEXT || type == IPC_READ_END ||
	       type == IPC_NOTHING;
}

/* What is answered is lines of text. */
static void
listen_to_answers(void)
{
	char text[4096];
	ssize_t n;

	for (unsigned i = 0; i < us.nasked; i++)
		while ((n = recv(
			    us.asked[i], text, sizeof text, MSG_DONTWAIT)) > 0)
			for (ssize_t k = 0; k < n; k++)
				if (text[k] != '\n' &&
				    ((unsigned char)text[k] < ' ' ||
					text[k] == 0x7f))
					abort();
}

static void
ask(const struct rig_packet *p)
{
	struct buf b = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (us.nasked == ASKERS) {
		close(us.asked[0]);
		memmove(us.asked, us.asked + 1, --us.nasked * sizeof *us.asked);
	}
	buf_span(&b, p->body);
	if (p->flags & RIG_TRUE)
		buf_fmt(&b, " id=%s", sent[p->ref % MESSAGES].id);
	buf_chr(&b, '\n');
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&us.control, us.control_len) == -1 ||
	    send(fd, b.ptr, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
		if (fd != -1)
			close(fd);
	} else {
		us.asked[us.nasked++] = fd;
	}
	buf_free(&b);
}

/* A name that the kernel gives, of no file: who can connect is not asked here.
 */
static int
control(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	us.control.sun_family = AF_UNIX;
	us.control_len = sizeof us.control;
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&us.control, sizeof(sa_family_t)) ==
		-1 ||
	    getsockname(fd, (struct sockaddr *)&us.control, &us.control_len) ==
		-1 ||
	    listen(fd, 16) == -1)
		abort();
	return fd;
}

static void
say(const struct rig_packet *p)
{
	unsigned channel = p->channel % us.n;
	uint32_t ref = p->flags & RIG_LAST ? us.last[channel] : p->ref;

	rig->flags[ANSWERED] |= settles(p->type);
	if (channel == PARENT && p->flags & RIG_FD &&
	    (p->type == IPC_FORKED || p->type == IPC_PEER))
		join(p->type, ref, p->body);
	else
		liar_send(us.fd[channel], p->type, ref, p->body,
		    p->flags & RIG_FD ? message : -1);
}

/* One packet each round: what it asks for can be answered. */
static void
next(struct loop_timer *t)
{
	struct rig_packet p;

	hear_all();
	listen_to_answers();
	if (rig_next(&data, &size, &p)) {
		if (p.channel == ASKER)
			ask(&p);
		else if (p.type != NOTHING)
			say(&p);
	} else if (us.rounds++ >= ROUNDS) {
		close(us.fd[PARENT]);
		us.fd[PARENT] = -1;
		return;
	}
	loop_in(t, 0);
}

static void
role(void *arg)
{
	struct role_start start = { .conf = &conf,
		.uid = BELLMAN,
		.gid = BELLMAN,
		.mail = 8,
		.control = -1 };
	unsigned how = *(unsigned *)arg;
	uint8_t net = ROLE_NET;
	int ends[2];

	start.once = how & 1;
	start.force = how & 2;
	start.idle = how & 4;
	if (syscall(SYS_setgroups, 0, NULL) == -1 ||
	    syscall(SYS_setresgid, BELLMAN, BELLMAN, BELLMAN) == -1 ||
	    syscall(SYS_setresuid, BELLMAN, BELLMAN, BELLMAN) == -1 ||
	    loop_init() == -1 || ipc_pair(ends) == -1)
		abort();
	start.fd = ends[1];
	start.control = control();
	us.n = 1;
	us.nasked = 0;
	us.fd[PARENT] = ends[0];
	join(IPC_PEER, 0, (struct span){ (const char *)&net, 1 });
	turn = (struct loop_timer){ .fire = next };
	loop_in(&turn, 0);
	queue_run(&start);
	loop_cancel(&turn);
	hear_all();
}

static void
look(void)
{
	char path[512], text[1024];
	DIR *d = opendir(SPOOL "/quarantine");
	struct dirent *e;

	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			fprintf(stderr, "quarantine: %s\n", e->d_name);
			abort();
		}
	closedir(d);
	for (unsigned n = 0; n < MESSAGES; n++) {
		struct span was = buf_view(&sent[n].text);
		int fd;
		ssize_t got;

		snprintf(path, sizeof path, SPOOL "/queue/%s", sent[n].id);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1) {
			if (messages[n].held || !rig->flags[ANSWERED]) {
				fprintf(stderr, "message %u is lost\n", n);
				abort();
			}
			continue;
		}
		got = read(fd, text, sizeof text);
		if (got < (ssize_t)was.len ||
		    memcmp(text, was.ptr, was.len) != 0)
			abort();
		close(fd);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char path[512];
	unsigned how;

	if (len == 0)
		return 0;
	how = bytes[0];
	data = bytes + 1;
	size = len - 1;
	us.rounds = 0;
	folder(SPOOL "/drop");
	folder(SPOOL "/queue");
	folder(SPOOL "/quarantine");
	folder("/var/lib/bellman");
	for (unsigned n = 0; n < MESSAGES; n++) {
		file_of(n); /* a SEND is soon too old */
		snprintf(path, sizeof path, SPOOL "/queue/%s", sent[n].id);
		put(path, buf_view(&sent[n].text), BELLMAN, 0660);
	}
	if (rig_run(role, &how, NULL) != 0)
		abort();
	look();
	return 0;
}
