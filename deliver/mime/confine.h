/* confine - what deliver-mime needs no more once it runs: it opens nothing, it
 * starts nothing, it talks to nobody, as far as the kernel can hold it to that.
 */
#ifndef DELIVER_MIME_CONFINE_H
#define DELIVER_MIME_CONFINE_H

/* Takes the open descriptors and memory for granted, and leaves nothing else.
 * For good.  -1 with errno: it failed. */
int confine(void);
#endif
