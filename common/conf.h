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
#define CONF_QUEUE 2000000
#define CONF_FREE (UINT64_C(64) << 20) /* of limits free-space */

enum conf_local { LOCAL_MBOX, LOCAL_MAILDIR, LOCAL_LMTP, LOCAL_COMMAND };

enum conf_tls {
	TLS_VERIFY, /* chain and name, or nothing is sent */
	TLS_DANE,   /* by TLSA records where the zone is signed (RFC 7672),
		       else as opportunistic; what a MX route does */
	TLS_PIN,    /* one of the public keys, whoever signed it */
	TLS_OPPORTUNISTIC, /* if offered, unverified; else plain */
	TLS_NEVER,
};
enum conf_find {
	FIND_HOST, /* hosts[] are names or addresses, in their order */
	FIND_MX,   /* hosts[0].name is a domain whose MX records are asked
		      (its port is "25"); with no host: the recipient's own */
	FIND_SRV,  /* hosts[0].name is a domain: _submissions._tcp, then
		      _submission._tcp (RFC 6186, RFC 8314); its port is "" */
};

struct conf_host {
	char *name;    /* a name, an IPv4 or IPv6 address; /path of a socket */
	char *port;    /* a number or a service's name; "" for a socket */
	bool starttls; /* the line says so, whatever the port */
};

/* A destination: a block or a line `relay`, or what `local lmtp` and `route`
 * make without a name of their own ("smtp:10.0.0.5:25", "lmtp:/run/x"). */
#define CONF_RELAY_NAME 320 /* octets of a relay's name with its NUL */
struct conf_relay {
	char *name;		 /* "main" is the default; "mx" is always there:
				    the recipient's own domain, TLS_DANE */
	struct conf_host *hosts; /* in the order in which they are tried */
	size_t nhosts;
	enum conf_find find;
	bool lmtp; /* RFC 2033 in place of SMTP */
	enum conf_tls tls;
	char **
	    pins; /* "sha256:" and 64 digits of 0-9a-f: the public key (SPKI) */
	size_t npins;
	char *ca;	  /* a file or folder in place of the system's roots */
	char *cert, *key; /* ours, for servers that ask for one: both or none */
	char **auth;	  /* mechanisms that may be used, in lower case */
	size_t nauth;	  /* 0: all, the strongest first */
	bool plain_auth;  /* auth-without-tls yes */
	char *user;	  /* NULL: what secrets says */
	char **token;	  /* command that prints a token (XOAUTH2) */
	size_t ntoken;
	char **password; /* command that prints the password */
	size_t npassword;
	bool mta_sts;	   /* RFC 8461, for MX */
	bool terminal;	   /* SEND, SOML, SAML are passed on where offered */
	unsigned sessions; /* at most at once; 0: as many as help */
	bool none;	   /* relay none: what would go there is returned */
	unsigned line;	   /* where the block begins, for later errors */
};

struct conf_route { /* the first that fits */
	enum { BY_SENDER, BY_DOMAIN } by;
	char *pattern; /* sender: an address, root@*, *@host, or * for any but
			  the null path; domain: a domain, or .domain for all
			  beneath it */
	char *relay;   /* conf_relay's name */
	unsigned line;
};

struct conf_sender {   /* the first that fits */
	char *pattern; /* as BY_SENDER */
	char *phrase;  /* "host alerts"; NULL: the message's own */
	char *addr;    /* without <>; it has a domain */
	unsigned line;
};

struct conf_rule {  /* terminal RECIPIENT KIND [from PLACE] [via WHOM]; the
		       first that fits */
	char *rcpt; /* a user, an address, or * */
	int kind;   /* enum env_kind */
	enum { FROM_ANY, FROM_LOCAL, FROM_NETWORK } from;
	char *via; /* a user, @group, or NULL: the recipient */
	unsigned line;
};

struct conf_net { /* of relay-clients; IPv4 is ::ffff:a.b.c.d, 96 bits more */
	unsigned char addr[16];
	unsigned bits;
};

enum conf_senders { MAY_ALL, MAY_SAME_USER, MAY_GROUP, MAY_ROOT };

struct conf_alert {    /* alert NAME ...: told on terminals of `via` and in the
			  log; 0: never */
	long age;      /* oldest message, seconds */
	uint64_t disk; /* free octets of the spool */
	long every;    /* seconds between two of one cause */
	char *via;     /* @adm */
	bool on;
};

struct conf {
	char *hostname; /* what we call ourselves; never empty */
	char *domain;	/* behind a bare name: /etc/mailname, else hostname */
	char **local_domains;
	size_t nlocal_domains;
	enum conf_local local;
	char *local_path; /* "/var/mail/%u", "~/Maildir"; LMTP: the name of the
			     relay made for it; command: one for /bin/sh, run
			     as the recipient */
	uint64_t max_mailbox; /* octets of an mbox; 0: any */
	char *command_user;   /* runs the |commands of aliases: nobody */
	long command_time;    /* seconds that a command may take: 5m */
	char *aliases;	      /* path: /etc/aliases */

	bool terminal; /* SEND, SOML, SAML are offered */
	struct conf_rule *rules;
	size_t nrules;
	enum conf_senders senders; /* who may write to terminals */
	char *senders_group;	   /* of MAY_GROUP, without its @ */
	bool all_sessions; /* every terminal of his, not the one used last */
	bool pts_owner;	   /* /dev/pts by owner counts as logged in */
	bool bell;
	bool net_terminals;	       /* network clients of -bs may */
	unsigned rate_pair, rate_rcpt; /* messages a minute; 0: any */
	struct conf_alert alert;

	bool hold;	     /* accept, deliver nothing */
	bool nameless;	     /* accept from uids without an account */
	long retry[32];	     /* seconds; the last repeats */
	size_t nretry;	     /* at least 1 */
	long warn, give_up;  /* seconds; warn 0: no warnings */
	uint64_t max_size;   /* octets of one message */
	uint64_t max_queue;  /* messages */
	uint64_t user_queue; /* of one submitter; 0: conf_user_queue */
	uint64_t user_size;  /* octets of one submitter's; 0: any */
	uint64_t min_free;   /* octets that stay free in the spool */
	uint64_t per_user;   /* messages of one submitter, each per_seconds */
	long per_seconds;    /* 0: no limit */
	char *handoff; /* deliver --handoff: the relay that everything goes
			  to, and no domain is local; else NULL, as a file
			  leaves it */
	struct conf_relay *relays;
	size_t nrelays;
	struct conf_route *routes;
	size_t nroutes;
	struct conf_sender *senders_as; /* sender PATTERN ["PHRASE"] <ADDR> */
	size_t nsenders_as;
	struct conf_net
	    *clients; /* of -bs on a socket, that may have relayed */
	size_t nclients;
	int trust_dns; /* the AD bit: -1 from a resolver on this machine, 0
			  never, 1 always (dnssec auto|no|yes) */
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
/* What one submitter may have in the queue: what is set, or three quarters of
 * all. */
uint64_t conf_user_queue(const struct conf *);
/* A duration as the file has them, "4h": 0; -1: it is none. */
int conf_age(const char *word, long *seconds);
/* Does an address (without <>) fit a pattern of BY_SENDER? */
bool conf_sender_fits(const char *pattern, struct span addr);
/* The relay for one recipient, by the routes: by sender, by domain, then
 * "main", then "mx".  Never NULL. */
const struct conf_relay *conf_route(
    const struct conf *, struct span sender, struct span domain);
/* May a peer of -bs have its mail relayed?  An IPv4 address is mapped. */
bool conf_is_client(const struct conf *, const unsigned char addr[16]);
/* NULL when there is no such block. */
const struct conf_relay *conf_relay(const struct conf *, const char *name);
bool conf_is_local(const struct conf *, struct span domain);
/* Is host the first label of domain, and without a dot?  srv1, srv1.a.example
 */
bool conf_is_short(struct span host, struct span domain);
#endif
