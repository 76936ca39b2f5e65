#include "deliver/queue/state.h"
#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tdb.h>

#define HASH 4096	   /* about so many records */
#define LARGEST (16 << 20) /* octets: then it is begun anew */

struct state {
	char *path;
	struct tdb_context *db; /* NULL: nothing is kept */
	bool replaced;		/* once in a process is enough */
};

static struct tdb_context *
open_one(const char *path)
{
	/* What is lost in a power cut is no loss, but a kill may not leave half
	 * a record: transactions, without their syncs. */
	return tdb_open(path, HASH,
	    TDB_INCOMPATIBLE_HASH | TDB_NOSYNC | TDB_DISALLOW_NESTING,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void
move_aside(struct state *s, const char *why)
{
	char to[300];

	snprintf(to, sizeof to, "%s.bad", s->path);
	if (s->db)
		tdb_close(s->db);
	s->db = NULL;
	if (s->replaced)
		return;
	s->replaced = true;
	log_warn(
	    "agent: %s is moved to %s and begun anew: %s", s->path, to, why);
	if (rename(s->path, to) == 0 || errno == ENOENT)
		s->db = open_one(s->path);
}

/* After a call that failed: is it the file that is of no use? */
static void
mistrust(struct state *s)
{
	enum TDB_ERROR e = tdb_error(s->db);

	if (e == TDB_ERR_CORRUPT || e == TDB_ERR_IO)
		move_aside(s, tdb_errorstr(s->db));
}

struct state *
state_open(const char *path)
{
	struct state *s = calloc(1, sizeof *s);
	struct stat st;

	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return NULL;
	}
	if (lstat(path, &st) == 0 &&
	    (!S_ISREG(st.st_mode) || st.st_size > LARGEST)) {
		move_aside(s, "too large, or no file");
		s->replaced = false;
	}
	if (s->db == NULL)
		s->db = open_one(path);
	if (s->db == NULL && errno != EACCES && errno != EROFS &&
	    errno != ENOENT)
		move_aside(s, strerror(errno));
	else if (s->db && tdb_check(s->db, NULL, NULL) == -1)
		move_aside(s, "it is damaged");
	if (s->db == NULL)
		log_warn("agent: without %s: %s; rates are forgotten at a "
			 "restart, and so is which alert was told",
		    path, strerror(errno));
	return s;
}

void
state_close(struct state *s)
{
	if (s == NULL)
		return;
	if (s->db)
		tdb_close(s->db);
	free(s->path);
	free(s);
}

static TDB_DATA
key_of(const char *key)
{
	return (TDB_DATA){ (unsigned char *)key, strlen(key) };
}

int64_t
state_get(struct state *s, const char *key, int64_t none)
{
	int64_t value = none;
	TDB_DATA got;

	if (s == NULL || s->db == NULL)
		return none;
	got = tdb_fetch(s->db, key_of(key));
	if (got.dptr == NULL) {
		if (tdb_error(s->db) != TDB_ERR_NOEXIST)
			mistrust(s);
		return none;
	}
	if (got.dsize == sizeof value)
		memcpy(&value, got.dptr, sizeof value);
	free(got.dptr);
	return value;
}

void
state_put(struct state *s, const char *key, int64_t value)
{
	TDB_DATA d = { (unsigned char *)&value, sizeof value };

	if (s == NULL || s->db == NULL)
		return;
	if (tdb_transaction_start(s->db) == -1) {
		mistrust(s);
		return;
	}
	if (tdb_store(s->db, key_of(key), d, TDB_REPLACE) == -1) {
		tdb_transaction_cancel(s->db);
		mistrust(s);
	} else if (tdb_transaction_commit(s->db) == -1) {
		mistrust(s);
	}
}

struct prune {
	struct span head;
	int64_t least;
};

static int
prune_one(struct tdb_context *db, TDB_DATA key, TDB_DATA value, void *arg)
{
	const struct prune *p = arg;
	struct span k = { (char *)key.dptr, key.dsize };
	int64_t v = 0;

	if (value.dsize == sizeof v)
		memcpy(&v, value.dptr, sizeof v);
	if (span_starts(k, p->head) && v < p->least)
		return tdb_delete(db, key);
	return 0;
}

void
state_prune(struct state *s, const char *head, int64_t least)
{
	struct prune p = { span_of(head), least };

	if (s == NULL || s->db == NULL)
		return;
	if (tdb_transaction_start(s->db) == -1 ||
	    tdb_traverse(s->db, prune_one, &p) == -1 ||
	    tdb_transaction_commit(s->db) == -1)
		mistrust(s);
}
