/* answer - what the person, or the script, at standard input says. */
#ifndef DELIVER_SETUP_ANSWER_H
#define DELIVER_SETUP_ANSWER_H
#include "common/buf.h"

#define ANSWER_MAX 1000 /* octets of a line */

/* The question, and one line.  Nothing is read beyond it.  0, or -1: there is
 * none, or it is too long or no text. */
int answer_line(const char *question, struct buf *line);
/* The same of a password: a terminal does not show it.  1 where a script has no
 * line more; after -1 the rest of the password may be what is read next. */
int answer_password(const char *question, struct buf *line);
bool answer_is_person(void); /* a terminal */
#endif
