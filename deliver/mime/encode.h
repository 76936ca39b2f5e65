/* encode - octets as lines of at most 76 ASCII characters (RFC 2045 6.7, 6.8).
 * GMime's encoders, behind spans and buffers. */
#ifndef DELIVER_MIME_ENCODE_H
#define DELIVER_MIME_ENCODE_H
#include "common/buf.h"

/* Neither adds a line end behind the last line; text: LF is a line end; base64
 * has it as CRLF, which it is by RFC 2045 2.2.
 */
void encode_quoted(struct span, struct buf *out);
void encode_base64(struct span, bool text, struct buf *out);
/* Is quoted-printable the shorter one? */
bool encode_quoted_is_short(struct span);
void decode_quoted(struct span, struct buf *out);
void decode_base64(struct span, struct buf *out);
/* Text as words of RFC 2047, one a line: parted by LF and a blank. */
void encode_words(struct span, struct buf *out);
#endif
