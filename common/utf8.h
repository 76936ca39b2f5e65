/* utf8 - one character at a time (RFC 3629): overlong forms, surrogates and
 * what lies beyond U+10FFFF are refused. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H
#include "common/span.h"
#include <stdint.h>

/* Octets of the character at the front of text, with its code point; 0 where
 * none begins.  point may be NULL. */
size_t utf8_char(struct span text, uint32_t *point);
bool utf8_valid(struct span text);
/* One beyond ASCII that a screen shows, and does not obey: not C1, direction
 * marks and overrides, line separators or what has no width.  deliver/tty,
 * which writes to other people's screens, is stricter. */
bool utf8_shown(uint32_t point);
#endif
