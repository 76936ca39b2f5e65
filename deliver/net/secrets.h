/* secrets - /etc/bellman/secrets, or what systemd hands over as the credential
 * bellman.secrets: lines of three words as in bellman.conf(5),
 *
 *     RELAY-or-HOST USER PASSWORD
 *
 * Only the role net reads it, at the moment when a password is needed, and
 * keeps that one password until it is said.  A file that others can read or
 * change is refused. */
#ifndef DELIVER_NET_SECRETS_H
#define DELIVER_NET_SECRETS_H
#include "common/buf.h"
#include <stdint.h>

#ifndef SECRETS_PATH
#define SECRETS_PATH "/etc/bellman/secrets"
#endif
#define SECRETS_NOWHERE "/dev/null/secrets" /* where no file can be */
#define SECRETS_CREDENTIAL "bellman.secrets"
#define SECRETS_MAX (64 << 10) /* octets of the file */

struct secret {
	char *user, *password; /* NULL: none */
};

struct secrets_key { /* the first line that fits */
	const char *relay, *host;
	const char *user; /* NULL: whoever stands there */
};

/* In the file at path, then in that of the descriptor credential (-1: none).
 * 1: found, the owner wipes it; 0: none; -1 with a sentence that shows nothing
 * of the file. */
int secrets_find(const char *path, int credential, const struct secrets_key *,
    struct secret *, struct buf *why);
/* The same in a file's text. */
int secrets_parse(struct span text, const char *path,
    const struct secrets_key *, struct secret *, struct buf *why);
void secret_wipe(struct secret *);
void secrets_forget(char *); /* overwrites and frees a string */
/* Changes when the file at path does. */
uint64_t secrets_stamp(const char *path);
#endif
