/* words - texts of others made fit for a report: no control octet, nothing that
 * is not UTF-8, one line.  Pure. */
#ifndef DELIVER_QUEUE_WORDS_H
#define DELIVER_QUEUE_WORDS_H
#include "common/buf.h"

/* Adds text, at most max octets of it: UTF-8 stays, blanks and line ends become
 * one blank, every other octet a '?'. */
void words_add(struct buf *, struct span text, size_t max);
/* The same, broken into lines of about 72 columns that begin with lead; the
 * last one is ended, too. */
void words_wrap(struct buf *, struct span text, size_t max, const char *lead);
/* Adds what xtext stands for (RFC 3461 4), by words_add. */
void words_xtext(struct buf *, struct span xtext);
/* Adds the body of a field as a person reads it: unfolded, its encoded words
 * (RFC 2047; UTF-8, US-ASCII and ISO-8859-1) decoded, by words_add. */
void words_field(struct buf *, struct span body, size_t max);
/* Is there an octet over 0x7f? */
bool words_eight(struct span);
#endif
