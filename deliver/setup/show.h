/* show - text for the person at --import and --setup. */
#ifndef DELIVER_SETUP_SHOW_H
#define DELIVER_SETUP_SHOW_H
#include "common/buf.h"

/* The lines, printable, each behind indent, to standard output. */
void show_lines(struct span, const char *indent);
/* The same for sentences: what is wider than the terminal is broken between
 * words. */
void show_text(struct span, const char *indent);
/* Settings as a file that is to be written. */
void show_file(const char *path, const char *who, struct span text);
#endif
