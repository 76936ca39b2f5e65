/* setup_in - what the files of setup share. */
#ifndef DELIVER_SETUP_SETUP_IN_H
#define DELIVER_SETUP_SETUP_IN_H
#include "deliver/role.h"
#include "deliver/setup/plan.h"

struct setup {
	/* options; NULL: not given */
	const char *send, *account, *relay, *user, *root_to;
	bool password_stdin, no_test, no_message, force;
	/* answers */
	struct buf account_is, user_is, password, root_is;
	struct buf host, port; /* of the relay */
	bool first_octet;      /* TLS begins there */
	struct plan plan;
	struct role_ids ids;
};

/* HOST, HOST:PORT, or the name of a provider: 0; -1: it is none. */
int setup_relay(struct setup *, struct span);
/* The relay of an address's domain, by the table or by SRV, and a sentence
 * about it: 0; -1: not found. */
int setup_find(struct setup *);
/* Walks to the relay with the answers; what it says is shown.  A sysexit. */
int setup_try(struct setup *);
/* To root, and what became of it: 0, or what sendmail exits with. */
int setup_message(const struct setup *);
#endif
