/* answer - replies of -bs: RFC 821's texts to a client that said HELO, and
 * enhanced codes with sentences to one that said EHLO. */
#ifndef SENDMAIL_ANSWER_H
#define SENDMAIL_ANSWER_H
#include "sendmail/dialogue.h"

/* One line.  Where RFC 821 has a text for the code, a HELO session gets it. */
void answer(struct dialogue *, int code, const char *enhanced, const char *,
    ...) __attribute__((format(printf, 4, 5)));
/* One line that says the same to both. */
void answer_same(struct dialogue *, int code, const char *enhanced,
    const char *, ...) __attribute__((format(printf, 4, 5)));
/* A line of several; last ends the reply. */
void answer_line(struct dialogue *, int code, const char *enhanced, bool last,
    struct span text);
/* A refusal that counts: after DIALOGUE_BAD of them the dialogue ends. */
void answer_bad(struct dialogue *, int code, const char *enhanced, const char *,
    ...) __attribute__((format(printf, 4, 5)));
/* The agent's lines "CODE ENHANCED text", joined by LF; the code, or 0 and
 * nothing said where they are no reply. */
int answer_agent(struct dialogue *, struct span lines, bool plain_ok);
#endif
