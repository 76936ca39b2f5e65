/* record - the words of requests and answers about the queue (common/run.h):
 *
 *     rcpt to=eve@far.example status=4.4.1 text=no%20answer
 *
 * A word, then any number of KEY=VALUE parted by one blank.  Of a value every
 * octet that is no printable ASCII, a blank and % are written as %xx, so that a
 * value may hold whatever stands in an address or a server's words.  Who reads
 * passes over keys that he does not know.  No I/O here. */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H
#include "common/buf.h"

void record_begin(struct buf *, const char *word);
void record_str(struct buf *, const char *key, struct span value);
void record_num(struct buf *, const char *key, long long value);
void record_end(struct buf *); /* its LF; a request has none */
/* Takes the next KEY=VALUE off *rest, behind the word: 1; 0 at the end; -1: it
 * is none.  value is emptied first, and holds no NUL. */
int record_next(struct span *rest, struct span *key, struct buf *value);
#endif
