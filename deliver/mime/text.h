/* text - a message made readable for a terminal: From and Subject decoded (RFC
 * 2047), an empty line, and the text that a person would want to see first, in
 * UTF-8.  Of alternatives the plain one, of HTML its text, of all else a line
 * that says what it is. */
#ifndef DELIVER_MIME_TEXT_H
#define DELIVER_MIME_TEXT_H
#include "common/buf.h"

/* The character sets that the octets of message speak of can be had from here
 * on, when no file can be opened any more. */
void text_prepare(struct span message);
/* Appends to out: 0, or -1 with errno. */
int text_message(struct span message, struct buf *out);
#endif
