#include "deliver/queue/offline.h"
#include "common/run.h"
#include "common/whole.h"
#include "deliver/loop.h"
#include "deliver/queue/client.h"
#include "deliver/queue/intent.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct span mailq = SPAN("mailq ");

bool
offline_looks(struct span request)
{
	request = span_from(request, mailq.len);
	return span_starts(request, SPAN("list")) ||
	       span_starts(request, SPAN("show"));
}

/* Of drop/ what is complete: its sender was told that it is sent. */
static int
add_all(struct queue *q, int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	bool drop = folder == q->drop;
	struct dirent *e;
	struct stat st;
	int err;

	if (d == NULL)
		return -1;
	while ((errno = 0, e = readdir(d)) != NULL) {
		struct message *m;

		if (!spool_id_valid(e->d_name) || intent_is_name(e->d_name) ||
		    (drop && (fstatat(fd, e->d_name, &st,
				  AT_SYMLINK_NOFOLLOW) == -1 ||
				 !spool_is_complete(st.st_mode))))
			continue;
		m = sched_add(q, e->d_name, true);
		if (m)
			m->in_drop = drop;
	}
	err = errno;
	closedir(d);
	errno = err;
	return err ? -1 : 0; /* half a listing would pass for a whole one */
}

static int
open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
begin(struct queue *q, const struct role_start *start)
{
	q->start = start;
	q->conf = start->conf;
	q->inotify.fd = q->listener.fd = q->net.io.fd = -1;
	TAILQ_INIT(&q->jobs);
	TAILQ_INIT(&q->spare);
	TAILQ_INIT(&q->terminals);
	TAILQ_INIT(&q->showings);
	TAILQ_INIT(&q->calms);
	TAILQ_INIT(&q->looks_out);
	TAILQ_INIT(&q->readings);
	TAILQ_INIT(&q->clients);
	sched_init(q);
	q->drop = open_folder(SPOOL_DIR "/drop");
	q->dir = open_folder(SPOOL_DIR "/queue");
	q->quarantine = open_folder(SPOOL_DIR "/quarantine");
}

int
offline(const struct conf *conf, uid_t own, struct span request, bool changes)
{
	static struct queue q; /* its trees are this process's to the end */
	const struct role_start start = { .conf = conf, .uid = own };
	struct client c = { .q = &q, .io = { .fd = -1 } };
	int done = -1;

	if (loop_init() == -1)
		return -1;
	begin(&q, &start);
	q.only_looks = !changes;
	if (q.drop == -1 || q.dir == -1 || q.quarantine == -1 ||
	    add_all(&q, q.dir) == -1 || (!changes && add_all(&q, q.drop) == -1))
		return -1;
	buf_str(&c.out, "ok\n");
	if (!span_starts(request, mailq))
		buf_str(&c.out, "error the agent does not know this request\n");
	else
		work(&c, span_from(request, mailq.len));
	for (;;) {
		done = c.out.bad ? -1
				 : whole_write(STDOUT_FILENO, buf_view(&c.out));
		buf_reset(&c.out);
		if (done == -1 || c.each == NULL)
			break;
		work_some(&c);
	}
	work_end(&c);
	buf_free(&c.out);
	return done;
}
