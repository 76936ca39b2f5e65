/* conf - the settings of bellman.conf(5): lines of words, # comments, "quoted
 * words", named { } blocks.  One table names every setting.  The file holds no
 * secret: the set-gid program reads it, anybody may.
 * An absent or empty file is a working machine. */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H
#include "common/buf.h"
#include <stdint.h>

#ifndef CONF_PATH
#define CONF_PATH "/etc/bellman/bellman.conf"
#endif
#ifndef CONF_MAILNAME
#define CONF_MAILNAME "/etc/mailname"
#endif

#define CONF_WARN (4 * 3600) /* the defaults of warn and limits queue */
#define CONF_QUEUE 1000000

enum conf_local { LOCAL_MBOX, LOCAL_MAILDIR };
enum conf_tls { TLS_VERIFY, TLS_NEVER };

struct conf_host {
	char *name; /* a name, an IPv4 or IPv6 address */
	char *port; /* a number or a service's name */
};

struct conf_relay {
	char *name;		 /* "main" is the default relay */
	struct conf_host *hosts; /* in the order in which they are tried */
	size_t nhosts;
	enum conf_tls tls;
	unsigned line; /* where the block begins, for later errors */
};

struct conf {
	char *hostname; /* what we call ourselves; never empty */
	char *domain;	/* behind a bare name: /etc/mailname, else hostname */
	char **local_domains;
	size_t nlocal_domains;
	enum conf_local local;
	char *local_path;   /* "/var/mail/%u", "~/Maildir" */
	bool terminal;	    /* SEND, SOML, SAML are offered */
	bool hold;	    /* accept, deliver nothing */
	long retry[32];	    /* seconds; the last repeats */
	size_t nretry;	    /* at least 1 */
	long warn, give_up; /* seconds */
	uint64_t max_size;  /* octets of one message */
	uint64_t max_queue; /* messages */
	uint64_t min_free;  /* octets that stay free in the spool */
	struct conf_relay *relays;
	size_t nrelays;
};

/* Reads path (a missing file is an empty one) and the machine's names.
 * 0; or -1 with a sentence in err: "PATH:LINE: what; nearest known word",
 * or what could not be read.  Owner calls conf_free in either case. */
int conf_load(const char *path, struct conf *, struct buf *err);
/* The same for the text of a file, without the machine's names: hostname and
 * domain may stay NULL, local_domains empty.  path is for the sentence. */
int conf_parse(
    struct span text, const char *path, struct conf *, struct buf *err);
void conf_free(struct conf *);
/* NULL when there is no such block. */
const struct conf_relay *conf_relay(const struct conf *, const char *name);
bool conf_is_local(const struct conf *, struct span domain);
#endif
