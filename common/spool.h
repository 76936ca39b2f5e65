/* spool - message files: one file is the whole truth about a message.
 *
 *     bellman 1 env 0000000187 5a3f01c2 body 0000000000004096 99e1b0d7
 *     envelope (common/env.h), 187 octets with the empty line that ends it
 *     body, 4096 octets, LF line ends
 *     journal lines (deliver/queue/journal.h), appended as things happen
 *
 * The sums are CRC-32C of the envelope and of the body.  The first line names
 * the format's version.  A file's name is its queue id: SPOOL_ID letters (32
 * of Crockford's), of which the first eight tell the time and the rest are
 * random; a report has the id of its message with "-ROUND" behind it, or
 * "-ROUND" and a letter that says what it reports (deliver/queue/bounce.h).
 *
 * Life of a file: sendmail creates it in drop/ with mode 0640 and an exclusive
 * flock, which says "being written by a living process"; mode 0670 says
 * "complete"; then it is synced, which mode 0660 says, and unlocked.  An
 * unlocked file with mode 0640 is a dead submitter's; one with 0670 is, too, or
 * was there before a power cut, and is synced before anything is done with it.
 */
#ifndef COMMON_SPOOL_H
#define COMMON_SPOOL_H
#include "common/libc.h"
#include "common/span.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifndef SPOOL_DIR
#define SPOOL_DIR "/var/spool/bellman"
#endif
#define SPOOL_HEAD 65 /* octets of the first line with its LF */
#define SPOOL_ID 16
#define SPOOL_IDSIZE 32 /* an id, "-ROUND", NUL */
#define SPOOL_MAX_ENV (64u << 20)

struct spool_head {
	uint32_t env_len, env_sum;
	uint64_t body_len;
	uint32_t body_sum;
};

/* Writes the first line. */
void spool_head_put(const struct spool_head *, char line[SPOOL_HEAD]);
/* 0; -1 EBADMSG: no first line of ours; -1 EPROTONOSUPPORT: another version. */
int spool_head_get(struct span, struct spool_head *);

bool spool_id_valid(const char *name);
/* When it was made, in seconds since 1970; of a report: when its message was.
 */
int64_t spool_id_time(const char *id);
/* Fills id with a new name for now. */
struct timespec spool_clock(void); /* what it is now */
void spool_id_new(char id[SPOOL_IDSIZE]);

/* A new, empty, locked file, readable and writable, under a new id (or, with
 * spool_create_as, the given one: EEXIST if it is taken).  The descriptor, or
 * -1 with errno and nothing left behind. */
int spool_create(int dirfd, char id[SPOOL_IDSIZE]);
int spool_create_as(int dirfd, const char *id);
/* Consumes fd.  0: the file is complete and, with its name, on disk; -1 with
 * errno: it failed, and is marked incomplete and emptied.  dirfd must be open
 * for reading. */
int spool_commit(int fd, int dirfd);
/* What the mode of a file says; and what a dead submitter left undone: 0, or -1
 * with errno. */
bool spool_is_complete(mode_t);
bool spool_is_synced(mode_t);
int spool_sync(int fd, int dirfd);
/* Consumes fd: the file is marked incomplete, emptied, unlocked; who may write
 * to the directory removes it. */
void spool_abort(int fd);
#endif
