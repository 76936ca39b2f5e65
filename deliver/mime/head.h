/* head - one header field made legal: folded where it has blanks, encoded
 * where it must be. */
#ifndef DELIVER_MIME_HEAD_H
#define DELIVER_MIME_HEAD_H
#include "common/field.h"

/* Appends the field with its LFs; byte for byte when it is legal. */
void head_field(const struct field *, struct buf *out);
/* Every line of text that nobody shows: octets over 0x7f become "?", what is
 * too long is broken. */
void head_squash(struct span text, struct buf *out);
#endif
