/* check - deliver --check: what is in force, in sentences. */
#ifndef DELIVER_CHECK_H
#define DELIVER_CHECK_H
#include "common/conf.h"

/* Appends the sentences, a line each, printable. */
void check_sentences(const struct conf *, struct buf *);
#endif
