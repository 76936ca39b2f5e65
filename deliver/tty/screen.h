/* screen - a message as the octets for one terminal.  No I/O, no clock.
 *
 *     BEL CR LF
 *     [message from alice (uid 1001) on host, 14:03:07]
 *     | From: Alice <alice@example.org>       what the sender claims
 *     | Subject: lunch
 *     |
 *     | text, wrapped to the window
 *     [12 of 41 lines; all of it is in the mailbox, queue id ...]
 *
 * The gutter stands before every line of the sender's, so that none of them can
 * look like the banner, a prompt or a question for a password.  Only what the
 * system itself knows stands outside of it, without brackets of its own. */
#ifndef DELIVER_TTY_SCREEN_H
#define DELIVER_TTY_SCREEN_H
#include "common/buf.h"
#include "common/env.h"

/* An excerpt: a window of 24 rows shows it whole, banner and all, and a line
 * without end leaves room for those that follow it. */
#define SCREEN_LINES 12
#define SCREEN_ROWS 16
#define SCREEN_LINE_ROWS 4

struct screen_facts {
	enum env_kind kind;
	struct span submitter; /* "alice (uid 1001)" */
	struct span host;      /* ours */
	struct span time;      /* "14:03:07" */
	struct span id;
	struct span alias; /* whom it was for, when not the user's own name */
	bool excerpt;	   /* may be cut: there is a copy in the mailbox */
	bool bell;
};

/* Header fields and text of a message with LF line ends, parted. */
struct screen_text {
	struct span from, subject; /* folded; empty when there is none */
	struct span body;
	size_t lines; /* of body */
	bool cut;     /* more follows that is not here */
};

/* cut: text is only the beginning of the message. */
void screen_part(struct span text, bool cut, struct screen_text *);
/* More than a terminal shows whole (TTY_MAX_BYTES, TTY_MAX_LINES). */
bool screen_long(const struct screen_text *);
/* columns: 0 if the terminal does not know, and below 8 it is not believed.  A
 * long text is cut to an excerpt.
 * The buf's bad tells of memory that ran out. */
void screen_compose(struct buf *, const struct screen_text *,
    const struct screen_facts *, unsigned columns, bool utf8);
/* One sentence of the system's, in brackets. */
void screen_note(struct buf *, struct span text, bool bell, unsigned columns);
#endif
