#include "deliver/queue/state.h"
#include "common/buf.h"
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
	log_warn("agent: cache-renewed file=%s moved-to=%s reason=\"%s\"",
	    s->path, to, why);
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
		log_warn("agent: no-cache file=%s reason=\"%s; rates are "
			 "forgotten at a restart, and so are policies "
			 "(MTA-STS) and which alert was told\"",
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
	if (got.dsize >= sizeof value)
		memcpy(&value, got.dptr, sizeof value);
	free(got.dptr);
	return value;
}

static bool
begin(struct state *s)
{
	if (tdb_transaction_start(s->db) == 0)
		return true;
	mistrust(s);
	return false;
}

/* failed: what was done in it, -1 or not. */
static void
end(struct state *s, int failed)
{
	if (failed == -1)
		tdb_transaction_cancel(s->db);
	if (failed == -1 || tdb_transaction_commit(s->db) == -1)
		mistrust(s);
}

void
state_put(struct state *s, const char *key, int64_t value)
{
	TDB_DATA d = { (unsigned char *)&value, sizeof value };

	if (s && s->db && begin(s))
		end(s, tdb_store(s->db, key_of(key), d, TDB_REPLACE));
}

/* A record: its number, then its octets. */
static bool
is_record(struct span head, TDB_DATA key, TDB_DATA value, int64_t *number)
{
	*number = 0;
	if (value.dsize >= sizeof *number)
		memcpy(number, value.dptr, sizeof *number);
	return span_starts((struct span){ (char *)key.dptr, key.dsize }, head);
}

struct least {
	struct span head;
	size_t n;
	int64_t value;
	char key[300];
};

static int
look_for_least(struct tdb_context *db, TDB_DATA key, TDB_DATA value, void *arg)
{
	struct least *l = arg;
	int64_t v;

	(void)db;
	if (!is_record(l->head, key, value, &v))
		return 0;
	if ((l->n++ == 0 || v < l->value) && key.dsize < sizeof l->key) {
		l->value = v;
		memcpy(l->key, key.dptr, key.dsize);
		l->key[key.dsize] = '\0';
	}
	return 0;
}

void
state_keep(struct state *s, const char *head, const char *key, int64_t value,
    struct span octets, size_t most)
{
	struct least l = { .head = span_of(head) };
	struct buf name = { 0 }, b = { 0 };

	if (s == NULL || s->db == NULL)
		return;
	buf_fmt(&name, "%s%s", head, key);
	buf_add(&b, &value, sizeof value);
	buf_span(&b, octets);
	if (!name.bad && !b.bad && begin(s)) {
		int rc = tdb_store(s->db, key_of(buf_c(&name)),
		    (TDB_DATA){ (unsigned char *)b.ptr, b.len }, TDB_REPLACE);

		if (rc == 0 &&
		    tdb_traverse_read(s->db, look_for_least, &l) == -1)
			rc = -1;
		if (rc == 0 && l.n > most && *l.key)
			rc = tdb_delete(s->db, key_of(l.key));
		end(s, rc);
	}
	buf_free(&name);
	buf_free(&b);
}

struct each {
	struct span head;
	void (*call)(void *, struct span, int64_t, struct span);
	void *arg;
};

static int
each_one(struct tdb_context *db, TDB_DATA key, TDB_DATA value, void *arg)
{
	const struct each *e = arg;
	struct span octets = { (char *)value.dptr, value.dsize };
	int64_t v;

	(void)db;
	if (is_record(e->head, key, value, &v))
		e->call(e->arg,
		    span_from((struct span){ (char *)key.dptr, key.dsize },
			e->head.len),
		    v, span_from(octets, sizeof v));
	return 0;
}

void
state_each(struct state *s, const char *head,
    void (*call)(void *, struct span, int64_t, struct span), void *arg)
{
	struct each e = { span_of(head), call, arg };

	if (s && s->db && tdb_traverse_read(s->db, each_one, &e) == -1)
		mistrust(s);
}

struct prune {
	struct span head;
	int64_t least;
};

static int
prune_one(struct tdb_context *db, TDB_DATA key, TDB_DATA value, void *arg)
{
	const struct prune *p = arg;
	int64_t v;

	return is_record(p->head, key, value, &v) && v < p->least
		   ? tdb_delete(db, key)
		   : 0;
}

void
state_prune(struct state *s, const char *head, int64_t least)
{
	struct prune p = { span_of(head), least };

	if (s == NULL || s->db == NULL)
		return;
	if (begin(s))
		end(s, tdb_traverse(s->db, prune_one, &p) == -1 ? -1 : 0);
}
