/* wrap - text in lines that fit a window.  No word is ever cut: what is wider
 * than the window stands in a line of its own. */
#ifndef COMMON_WRAP_H
#define COMMON_WRAP_H
#include "common/buf.h"

/* Columns of the terminal that fd is; 0: it is none, and no line is broken. */
unsigned wrap_window(int fd);
/* text in lines of the width; the first begins at column, behind what is there
 * already; the others are indented. */
void wrap_words(struct buf *, unsigned width, struct span text, size_t column,
    size_t indent);
/* Each line of text with its own indent, and where it is too wide with four
 * blanks more before the rest of it.  One that fits stays as it is. */
void wrap_lines(struct buf *, unsigned width, struct span text);
#endif
