/* table - what waits, for people: lines that fit a window, or one line a thing
 * where there is none.  No word is ever cut: what is wider than the window
 * stands in a line of its own.  Pure. */
#ifndef SENDMAIL_TABLE_H
#define SENDMAIL_TABLE_H
#include "sendmail/waiting.h"

struct view {
	unsigned width; /* columns; 0: no window, lines are not broken */
	bool colour, utf8, verbose;
};

/* Outside text made safe to be shown: UTF-8 stays where the view has it, but
 * for what a screen would obey; a '?' stands for everything else. */
void table_text(struct buf *, const struct view *, struct span);
/* text in lines of the width; the first begins at column, behind what is there
 * already; the others are indented. */
void table_wrap(struct buf *, const struct view *, struct span text,
    size_t column, size_t indent);
/* 237, 4.1K, 12M */
void table_size(struct buf *, long long octets);
void table_head(struct buf *, const struct view *);
void table_message(
    struct buf *, const struct view *, const struct waiting *, int64_t now);
/* "3 messages, 4.1K; the oldest waits 5h." */
void table_sum(struct buf *, long long messages, long long octets,
    long long oldest, int64_t now);
#endif
