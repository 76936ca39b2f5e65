/* dns - role bellman-dns: asks the resolvers, in one loop (c-ares).
 *
 *     IPC_DNS_ASK     u8 dns_what; str name; str port
 *     IPC_DNS_ANSWER  see dns_encode
 *
 * secure is the resolver's AD bit (RFC 4035 3.2.3), believed only when the
 * resolver is on this machine or the settings say so (dnssec). */
#ifndef DELIVER_DNS_DNS_H
#define DELIVER_DNS_DNS_H
#include "common/buf.h"
#include "deliver/role.h"
#include <sys/socket.h>

enum dns_what {
	DNS_ADDRS, /* of a relay that the settings name: hosts file first, then
		      A and AAAA; literals and numeric ports at once.  Never
		      secure */
	DNS_HOST,  /* A and AAAA of a name that DNS gave us: no hosts file */
	DNS_MX,
	DNS_SRV,
	DNS_TLSA,
	DNS_TXT,
	DNS_WHATS
};

enum dns_status {
	DNS_FOUND, /* one record at least */
	DNS_NONE,  /* the name, or the port's name, does not exist */
	DNS_EMPTY, /* the name is there, a record of that type is not */
	DNS_LATER, /* no answer that could be believed: try again */
};

#define DNS_NAME                                                               \
	256 /* a name without its last dot, and a NUL; "" is the root          \
	     */
#define DNS_DATA 512
enum { /* records of an answer that are looked at */
	DNS_ADDRS_MAX = 16,
	DNS_MX_MAX = 32,
	DNS_SRV_MAX = 16,
	DNS_TLSA_MAX = 16,
	DNS_TXT_MAX = 8,
};

struct dns_addr {
	socklen_t len;
	struct sockaddr_storage sa;
};
struct dns_mx {
	uint16_t pref;
	char name[DNS_NAME];
};
struct dns_srv { /* RFC 2782 */
	uint16_t priority, weight, port;
	char name[DNS_NAME];
};
struct dns_tlsa { /* RFC 6698 2.1 */
	uint8_t usage, selector, match;
	uint16_t len; /* 0: more than we hold, a record that fits nothing */
	unsigned char data[DNS_DATA];
};
struct dns_txt { /* the strings of a record, joined */
	uint16_t len;
	char text[DNS_DATA];
};

struct dns_answer {
	enum dns_what what;
	enum dns_status status;
	bool secure;
	uint32_t ttl;	      /* seconds, the least of all records used */
	char why[200];	      /* a sentence, when nothing was found */
	char canon[DNS_NAME]; /* the name at the end of the aliases; "": as
				 asked, or not known */
	size_t n;
	union {
		struct dns_addr addrs[DNS_ADDRS_MAX];
		struct dns_mx mx[DNS_MX_MAX];
		struct dns_srv srv[DNS_SRV_MAX];
		struct dns_tlsa tlsa[DNS_TLSA_MAX];
		struct dns_txt txt[DNS_TXT_MAX];
	};
};

/* The body of IPC_DNS_ANSWER, for both ends.  decode: 0, or -1 with EPROTO. */
void dns_encode(const struct dns_answer *, struct buf *);
int dns_decode(struct span body, struct dns_answer *);

void dns_run(const struct role_start *);
#endif
