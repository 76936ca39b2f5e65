/* verify - what would happen to mail for an address (-bv). */
#ifndef SENDMAIL_VERIFY_H
#define SENDMAIL_VERIFY_H
#include "common/conf.h"
#include "sendmail/opt.h"

/* Asks the agent about each address and prints what it says.  0; 67 when mail
 * for one of them would come back; 75 when that cannot be told now; 69 when no
 * agent answers.  Other than 0 with a sentence in why. */
int verify(const struct opt *, const struct conf *, struct buf *why);
#endif
