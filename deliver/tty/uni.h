/* uni - characters on a terminal: what may be shown, and how many columns it
 * takes.  Independent of the locale.
 * Writing strangers' bytes to terminals has a long list of CVEs; here a
 * character passes because it is listed, never because it is not. */
#ifndef DELIVER_TTY_UNI_H
#define DELIVER_TTY_UNI_H
#include "common/buf.h"
#include <stdint.h>

struct uni_range {
	uint32_t first, last;
	int width;
};
extern const struct uni_range uni_table[]; /* from U+00A0, in order */
extern const size_t uni_ranges;

/* Columns: 1, 2; 0 for what joins the character before it; -1: never shown. */
int uni_width(uint32_t);
/* Appends one line of any octets, made fit to show: blanks for tabs, '?' for
 * each character that may not be shown, U+FFFD for each octet that is none, at
 * most two combining marks on a character, none on a blank.  Without utf8 the
 * result is ASCII. */
void uni_clean(struct buf *, struct span line, bool utf8);
#endif
