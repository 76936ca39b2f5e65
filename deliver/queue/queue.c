#include "deliver/queue/queue.h"
#include "common/log.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/intent.h"
#include "deliver/queue/limits.h"
#include "deliver/queue/reader.h"
#include "deliver/queue/remote.h"
#include "deliver/queue/state.h"
#include "deliver/queue/terminal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN 500     /* names read before the loop has a turn */
#define STOP 8000    /* ms for what is under way */
#define AGAIN 1000   /* ms until queue/ is read again, which could not be */
#define TRIES 5	     /* so often does all else wait for that */
#define RARELY 60000 /* ms, from then on */

static struct queue q;
static DIR *scan; /* of queue/, until it is read once */
static unsigned scan_failures;
static bool missed;	    /* no memory for one of its names */
static bool dropped = true; /* drop/ is to be read, before it */

static int
folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* One that cannot be read to its end is no empty one. */
static bool
scan_again(const char *what)
{
	log_errno("agent: error what=\"queue/ %s\"", what);
	scan_failures++;
	loop_in(&q.again, scan_failures < TRIES ? AGAIN : RARELY);
	return scan_failures < TRIES;
}

static void scan_some(void);

/* What is known already is not added twice. */
static void
scan_anew(struct loop_timer *t)
{
	(void)t;
	if (scan)
		return; /* it is being read */
	scan = opendir(SPOOL_DIR "/queue");
	if (scan == NULL) {
		if (!scan_again("cannot be opened") && q.scanning)
			sched_scanned(&q);
		return;
	}
	q.scanning = true;
	loop_idle(scan_some);
}

/* What an earlier process left, a piece in each round, so that new mail does
 * not wait for it. */
static void
scan_some(void)
{
	struct dirent *e = NULL;
	struct stat st;
	int err;

	if (dropped) {
		dropped = drop_scan_some(&q);
		loop_idle(scan_some);
		return;
	}
	for (int n = 0; n < SCAN; n++) {
		struct message *m;

		errno = 0;
		if ((e = readdir(scan)) == NULL)
			break;
		if (e->d_name[0] == '.')
			continue;
		if (!spool_id_valid(e->d_name)) {
			quarantine(&q, q.dir, e->d_name, "no queue id");
			continue;
		}
		m = sched_add_file(&q, e->d_name, true,
		    fstatat(q.dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
			? &st
			: NULL);
		if (m)
			m->force = q.start->force || q.force_all;
		else if (errno == ENOMEM)
			missed = true;
	}
	if (e) {
		loop_idle(scan_some);
		return;
	}
	err = missed ? ENOMEM : errno;
	missed = false;
	closedir(scan);
	scan = NULL;
	errno = err;
	if (err && scan_again("cannot be read"))
		return;
	if (!err)
		scan_failures = 0;
	if (q.count)
		log_info("agent: started waiting=%zu", q.count);
	sched_scanned(&q);
}

static void
give_up(struct loop_timer *t)
{
	(void)t;
	loop_stop(); /* what was under way is looked for at the next start */
}

static void
stop(void)
{
	q.stopping = true;
	loop_in(&q.stop, STOP);
	sched_soon();
}

static void
forked(struct ipc_msg *m)
{
	if (box_owns(&q, m->ref))
		box_forked(&q, m->ref, m->fd);
	else if (terminal_owns(&q, m->ref))
		terminal_forked(&q, m->ref, m->fd);
	else if (look_owns(&q, m->ref))
		look_forked(&q, m->ref, m->fd);
	else if (reader_owns(&q, m->ref))
		reader_forked(&q, m->ref, m->fd);
	else
		close(m->fd);
}

static void
not_forked(struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	bool permanent = ipc_get8(&in) != 0;
	struct span why = ipc_get(&in);

	if (box_owns(&q, m->ref))
		box_refused(&q, m->ref, permanent, why);
	else if (mime_owns(&q, m->ref))
		mime_refused(&q, m->ref, permanent, why);
	else if (readable_owns(&q, m->ref))
		readable_refused(&q, m->ref, why);
	else if (terminal_owns(&q, m->ref))
		terminal_refused(&q, m->ref, why);
	else if (look_owns(&q, m->ref))
		look_refused(&q, m->ref);
	else if (reader_owns(&q, m->ref))
		reader_refused(&q, m->ref, permanent, why);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	(void)c;
	switch (m->type) {
	case IPC_PEER: /* the table lets only the net role be joined to us */
		remote_connect(&q, m->fd);
		break;
	case IPC_MIMED:
		if (readable_owns(&q, m->ref))
			readable_made(&q, m);
		else
			mime_made(&q, m);
		break;
	case IPC_FORKED:
		forked(m);
		break;
	case IPC_NOFORK:
		not_forked(m);
		break;
	case IPC_NOTHING:
		if (reader_owns(&q, m->ref))
			reader_nothing(&q, m->ref);
		break;
	case IPC_STOP:
		stop();
		break;
	default:
		break;
	}
}

/* Apart from the messages: they are read first, and quickly, be there a million
 * messages.  Its name is on disk before that of an intent. */
static int
open_intents(void)
{
	if (mkdirat(q.dir, INTENT_DIR, 0700) == 0)
		fsync(q.dir);
	return openat(
	    q.dir, INTENT_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
open_all(const struct role_start *start)
{
	q.drop = folder(SPOOL_DIR "/drop");
	q.dir = folder(SPOOL_DIR "/queue");
	q.quarantine = folder(SPOOL_DIR "/quarantine");
	scan = opendir(SPOOL_DIR "/queue");
	q.intents = q.dir == -1 ? -1 : open_intents();
	if (q.drop == -1 || q.dir == -1 || q.quarantine == -1 ||
	    q.intents == -1 || scan == NULL) {
		log_errno("agent: error what=\"the spool %s cannot be opened\"",
		    SPOOL_DIR);
		return -1;
	}
	q.parent = (struct ipc){ .got = got, .gone = ipc_end_with };
	q.net.io.fd = -1;
	if (ipc_open(&q.parent, start->fd, ROLE_QUEUE, ROLE_PARENT) == -1 ||
	    drop_watch(&q) == -1 || control_listen(&q, start->control) == -1) {
		log_errno("agent: error what=\"the queue cannot start\"");
		return -1;
	}
	return 0;
}

void
queue_run(const struct role_start *start)
{
	q.start = start;
	q.conf = start->conf;
	q.stop = (struct loop_timer){ .fire = give_up };
	q.aliases =
	    (struct aliases){ .source = q.conf->aliases, .dir = ALIASES_DIR };
	TAILQ_INIT(&q.jobs);
	TAILQ_INIT(&q.spare);
	TAILQ_INIT(&q.terminals);
	TAILQ_INIT(&q.showings);
	TAILQ_INIT(&q.calms);
	TAILQ_INIT(&q.looks_out);
	TAILQ_INIT(&q.readings);
	TAILQ_INIT(&q.readings_out);
	q.again = (struct loop_timer){ .fire = scan_anew };
	umask(0);
	sched_init(&q);
	if (open_all(start) == -1)
		exit(1);
	q.state = state_open(STATE_PATH);
	alert_start(&q);
	limits_start(&q);
	if (box_recover(&q) == -1)
		exit(1); /* the next process may */
	/* The watch is set already: nothing is missed. */
	q.scanning = true;
	loop_idle(scan_some);
	if (loop_run() == -1)
		log_errno("agent: error what=\"the queue cannot wait\"");
}
