/* plan - what the settings of another mailer, or a person's answers, come to:
 * the text of bellman.conf(5) and of the secrets, and a sentence for each thing
 * that could not be had.  No I/O.
 *
 * A statement that the grammar of bellman.conf refuses is never part of the
 * text: it becomes a sentence.  So what is written can be read.  No sentence
 * shows a value, for any may be a password. */
#ifndef DELIVER_SETUP_PLAN_H
#define DELIVER_SETUP_PLAN_H
#include "common/conf.h"

enum {
	PLAN_WANT = 12,	 /* files that a source names */
	PLAN_PATH = 256, /* octets of such a path with its NUL */
	PLAN_STATEMENTS = 200,
	PLAN_NOTES = 200, /* sentences; what is beyond is counted */
	PLAN_HOSTS = 4,	  /* of a relay */
};

struct plan {
	struct buf conf;    /* statements, a line each */
	struct buf secrets; /* lines of RELAY-or-HOST USER PASSWORD */
	struct buf masked;  /* the same without the passwords */
	struct buf notes;   /* sentences, a line each */
	struct buf root;    /* who gets root's mail; empty: not said */
	char want[PLAN_WANT][PLAN_PATH]; /* read these, and parse again */
	size_t nwant;
	unsigned statements, nnotes, left_out;
};

/* What TLS the other mailer asked for. */
enum plan_tls {
	ASKED_NOTHING, /* and so used none, or what its default was */
	ASKED_NEVER,
	ASKED_MAY,
	ASKED_ANY, /* TLS with any certificate */
	ASKED_VERIFY,
	ASKED_DANE,
};

struct plan_host {
	struct span name; /* without brackets */
	struct span port; /* "": 25 */
	bool first_octet; /* TLS begins with the connection */
	bool mx;	  /* its MX records are asked */
};

struct plan_relay {
	const char *who;  /* begins its sentences: "relayhost" */
	struct span name; /* "main", or the name of an account */
	struct plan_host hosts[PLAN_HOSTS];
	size_t nhosts;
	enum plan_tls tls;
	struct span user, password; /* empty: there is none */
	struct span ca, cert, key;  /* paths; empty: none */
	bool lmtp;
};

/* A sentence; a line of its own. */
void plan_note(struct plan *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* The word of a span, quoted where it must be. */
void plan_word(struct buf *, struct span);
/* Takes the statement in line, and empties it.  Refused, or there already: a
 * sentence, which begins with who, and false. */
bool plan_add(struct plan *, const char *who, struct buf *line);
/* The same of a name and one word. */
bool plan_set(
    struct plan *, const char *who, const char *name, struct span word);
/* Its block, and the secret of its hosts. */
void plan_relay(struct plan *, const struct plan_relay *);
/* A line of the secrets; name is a relay or a host. */
void plan_secret(struct plan *, const char *who, struct span name,
    struct span user, struct span password);
/* Mail of these senders leaves as from addr. */
void plan_sender(
    struct plan *, const char *who, struct span pattern, struct span addr);
/* Wants a file that the source names. */
void plan_want(struct plan *, const char *who, struct span path);
bool plan_bad(const struct plan *); /* out of memory: of no use */
void plan_free(struct plan *);
#endif
