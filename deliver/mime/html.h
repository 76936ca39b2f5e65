/* html - the text of a HTML page, for a terminal.  No parser of HTML: tags go,
 * blocks begin lines, entities are decoded, and what is no text at all (script,
 * style, head) is left out.  Whatever the octets are, it ends after them. */
#ifndef DELIVER_MIME_HTML_H
#define DELIVER_MIME_HTML_H
#include "common/buf.h"

/* html is UTF-8, or anything; lines of out end in LF. */
void html_text(struct span html, struct buf *out);
#endif
