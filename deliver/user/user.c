#include "deliver/user/user.h"
#include "common/log.h"
#include "common/room.h"
#include "common/spool.h"
#include "deliver/user/box.h"
#include "deliver/user/named.h"
#include "deliver/user/read.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS_MAX 512 /* descriptors held at once */
#define FAIL_MAX 1000 /* octets of a reason, as deliver/ipc.c has it */

static struct {
	struct ipc queue;
	struct box box;
	struct item *items;
	size_t n;
	struct buf words; /* IPC_BOX_AT's, as they are */
	bool named;	  /* its file or command: by the user, or by root */
	bool open;
} u;

/* What an errno means that a person would not guess. */
static const struct {
	int err;
	const char *status, *text;
} faults[] = {
	{ ENOSPC, "4.2.2",
	    "the disk is full; it is delivered when there is room" },
	{ EDQUOT, "4.2.2",
	    "the user's disk quota is used up; it is delivered when there is "
	    "room" },
	{ EFBIG, "4.2.2", "the file may not grow any further" },
	{ ENOLCK, "4.2.0",
	    "no locks are to be had there; the file system needs a lock "
	    "service (NFS: lockd)" },
	{ EROFS, "4.2.0", "the file system is read-only" },
};

void
box_verdict(struct verdict *v, int err, const char *what, const char *path)
{
	const char *text = strerror(err);

	*v = (struct verdict){ OUT_LATER, "4.2.0", "" };
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (faults[i].err == err) {
			strlcpy(v->status, faults[i].status, sizeof v->status);
			text = faults[i].text;
		}
	if (err == ENOSPC && room_no_files(path))
		text = "the file system has no free inodes (df -i); it is "
		       "delivered when files are removed there";
	snprintf(v->text, sizeof v->text, "%s %.300s: %s", what, path, text);
}

void
box_item_verdict(
    struct verdict *v, enum item_error e, int err, const char *path)
{
	if (e == ITEM_SINK) {
		box_verdict(v, err, "cannot write to", path);
		return;
	}
	*v = (struct verdict){ e == ITEM_DAMAGED ? OUT_DAMAGED : OUT_LATER,
		"4.3.0", "" };
	snprintf(v->text, sizeof v->text, "the message file %s%s",
	    e == ITEM_DAMAGED ? "is damaged" : "cannot be read: ",
	    e == ITEM_DAMAGED ? "" : strerror(err));
}

static void
forget_items(void)
{
	for (size_t i = 0; i < u.n; i++)
		item_free(&u.items[i]);
	free(u.items);
	u.items = NULL;
	u.n = 0;
}

static void
add_item(struct ipc_msg *m)
{
	struct item *more;

	/* Grown by doubling, at each power of two. */
	if ((u.n & (u.n - 1)) == 0) {
		more = reallocarray(u.items, u.n ? u.n * 2 : 1, sizeof *more);
		if (more == NULL)
			exit(1);
		u.items = more;
	}
	if (u.n >= ITEMS_MAX || m->ref >= ITEMS_MAX ||
	    item_get(m, &u.items[u.n]) == -1)
		exit(1); /* a queue that does not keep to the table */
	u.n++;
}

static void
say(enum ipc_type type, uint32_t ref, const struct verdict *v)
{
	size_t n = strlen(v->text);
	struct buf b = { 0 };

	if (type == IPC_BOX_FAIL && n > FAIL_MAX) /* it may hold a path */
		n = FAIL_MAX;
	ipc_u8(&b, (uint8_t)v->outcome);
	ipc_str(&b, v->status);
	ipc_span(&b, (struct span){ v->text, n });
	ipc_send(&u.queue, type, ref, &b, -1);
	buf_free(&b);
}

/* May the queue ask for that at all? */
static bool
is_named(void)
{
	const struct role_start *s = u.box.start;
	struct verdict v = { OUT_LATER, "4.3.0", "" };
	struct buf why = { 0 }, b = { 0 };
	enum read_status status;

	u.named |=
	    s->local || (s->purpose != FOR_FILE && s->purpose != FOR_COMMAND);
	if (u.named)
		return true;
	status = named(s, s->purpose == FOR_COMMAND, buf_view(&u.words), &why);
	u.named = status == READ_OK;
	if (status == READ_NONE) {
		ipc_span(&b, (struct span){ why.ptr,
				 why.len < FAIL_MAX ? why.len : FAIL_MAX });
		ipc_send(&u.queue, IPC_BOX_UNNAMED, 0, &b, -1);
	} else if (status != READ_OK) {
		strlcpy(v.text, buf_c(&why), sizeof v.text);
		say(IPC_BOX_FAIL, 0, &v);
	}
	buf_free(&b);
	buf_free(&why);
	return u.named;
}

static void
do_open(void)
{
	struct verdict v;
	struct buf b = { 0 };
	uint64_t ino, size;

	if (!is_named())
		return;
	if (u.box.kind->open(&u.box, &ino, &size, &v) == -1) {
		say(IPC_BOX_FAIL, 0, &v);
		return;
	}
	u.open = true;
	ipc_u64(&b, ino);
	ipc_u64(&b, size);
	ipc_send(&u.queue, IPC_BOX_LOCKED, 0, &b, -1);
	buf_free(&b);
}

/* Which of the items are there; and they are done with. */
static void
end_items(void)
{
	char there[ITEMS_MAX] = { 0 };
	struct buf b = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < u.n; i++) {
		uint32_t ref = u.items[i].ref;

		there[ref] = u.items[i].settled ? '1' : '0';
		n = ref < n ? n : ref + 1;
	}
	for (size_t i = 0; i < n; i++)
		buf_chr(&b, there[i] == '1' ? '1' : '0');
	forget_items();
	ipc_send(&u.queue, IPC_BOX_END, 0, &b, -1);
	buf_free(&b);
}

static void
do_check(struct span body)
{
	struct verdict v = { OUT_DELIVERED, "2.0.0", "" };
	struct ipc_in in = { body, false };
	uint64_t ino = ipc_get64(&in), size = ipc_get64(&in);

	if (u.box.kind->check(&u.box, ino, size, u.items, u.n, &v) == -1)
		say(IPC_BOX_FAIL, 0, &v);
	else
		end_items();
}

/* The intent is on disk before anything that could be torn. */
static bool
intent_is_safe(int fd)
{
	struct verdict v = { OUT_LATER, "4.3.1", "" };

	if (!u.box.kind->torn_by_power_cut || fsync(fd) == 0)
		return true;
	snprintf(v.text, sizeof v.text,
	    "%s is full or cannot be written (%s): the disk needs room there",
	    SPOOL_DIR, strerror(errno));
	forget_items();
	say(IPC_BOX_FAIL, 0, &v);
	return false;
}

/* A failure leaves nothing behind and is said at once; success with that of all
 * the others, when it is on disk. */
static void
do_go(int intent)
{
	bool *put = calloc(u.n ? u.n : 1, sizeof *put);
	static struct verdict v;
	int done;

	if (put == NULL)
		exit(1);
	if (!intent_is_safe(intent)) {
		free(put);
		return;
	}
	for (size_t i = 0; i < u.n; i++) {
		const char *loop = item_loop(&u.items[i]);

		v.outcome = OUT_NEVER;
		strlcpy(v.status, "5.4.6", sizeof v.status);
		if (loop)
			strlcpy(v.text, loop, sizeof v.text);
		else
			u.box.kind->append(&u.box, &u.items[i], &v);
		/* What stands there is for the next process to look for, and
		 * to undo: the intent says where it began. */
		if (u.box.torn)
			exit(1);
		put[i] = v.outcome == OUT_DELIVERED;
		if (!put[i])
			say(IPC_BOX_RESULT, u.items[i].ref, &v);
	}
	done = u.box.kind->sync(&u.box, &v);
	if (u.box.torn)
		exit(1);
	for (size_t i = 0; i < u.n; i++) {
		u.items[i].settled =
		    put[i] && (done == 0 || u.items[i].settled);
		if (put[i] && !u.items[i].settled)
			say(IPC_BOX_RESULT, u.items[i].ref, &v);
	}
	free(put);
	end_items();
}

/* The file or command, before all else; only a process with the user's own
 * groups takes one. */
static void
do_at(struct span body)
{
	struct ipc_in in = { body, false };
	struct span what = ipc_get(&in);

	if (u.box.path.len || !ipc_end(&in) || what.len == 0 ||
	    (u.box.start->purpose != FOR_FILE &&
		u.box.start->purpose != FOR_COMMAND))
		exit(1);
	buf_span(&u.words, what);
	/* A path that ends in a slash is a Maildir's. */
	if (u.box.start->purpose == FOR_FILE && what.len > 1 &&
	    what.ptr[what.len - 1] == '/') {
		u.box.kind = &box_maildir;
		while (what.len > 1 && what.ptr[what.len - 1] == '/')
			what.len--;
	}
	buf_span(&u.box.path, what);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	(void)c;
	if (m->type != IPC_BOX_AT && u.box.path.len == 0)
		exit(1); /* nowhere to go */
	if ((m->type == IPC_BOX_CHECK || m->type == IPC_BOX_GO) && !u.open)
		exit(1); /* what looks whether it may is not left out */
	switch (m->type) {
	case IPC_BOX_AT:
		do_at(m->body);
		break;
	case IPC_BOX_ITEM:
		add_item(m);
		break;
	case IPC_BOX_OPEN:
		do_open();
		break;
	case IPC_BOX_CHECK:
		do_check(m->body);
		break;
	case IPC_BOX_GO:
		do_go(m->fd);
		close(m->fd);
		break;
	default:
		break;
	}
}

static void
choose(const struct role_start *start)
{
	const struct conf *c = start->conf;

	u.box = (struct box){ .kind = &box_mbox,
		.start = start,
		.at = -1,
		.fd = -1,
		.tmp = -1,
		.new = -1 };
	switch (start->purpose) {
	case FOR_FILE: /* the queue says which */
		u.box.file = true;
		break;
	case FOR_COMMAND:
		u.box.kind = &box_pipe;
		if (start->local)
			buf_str(&u.box.path, c->local_path);
		break;
	default:
		if (start->uid != 0 && c->local == LOCAL_MAILDIR)
			u.box.kind = &box_maildir;
		role_box(start, &u.box.path);
		break;
	}
}

void
user_run(const struct role_start *start)
{
	if (start->purpose == FOR_READ || start->purpose == FOR_FORWARD) {
		read_run(start);
		return;
	}
	umask(0);
	choose(start);
	u.queue = (struct ipc){ .got = got, .gone = ipc_end_with };
	if (ipc_open(&u.queue, start->fd, ROLE_USER, ROLE_QUEUE) == -1)
		return;
	loop_run();
	u.box.kind->close(&u.box);
}
