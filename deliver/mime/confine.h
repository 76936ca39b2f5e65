/* confine - what deliver-mime needs no more once it runs: it opens nothing, it
 * starts nothing, it talks to nobody.  Best effort by kernel. */
#ifndef DELIVER_MIME_CONFINE_H
#define DELIVER_MIME_CONFINE_H

/* Takes the open descriptors and memory for granted, and leaves nothing else.
 * For good. */
void confine(void);
#endif
