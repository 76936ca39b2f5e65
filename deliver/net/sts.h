/* sts - MTA-STS (RFC 8461), without any I/O: the record that announces a
 * policy, the answer that holds it, the policy, and whom it lets be used. */
#ifndef DELIVER_NET_STS_H
#define DELIVER_NET_STS_H
#include "deliver/dns/dns.h"

#define STS_OCTETS 65536 /* of an answer of the server */
#define STS_HOSTS 32
#define STS_ID 33
#define STS_AGE 31557600 /* seconds that a policy may be kept at most */

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts {
	enum sts_mode mode;
	uint32_t max_age;
	size_t n;
	char mx[STS_HOSTS][DNS_NAME]; /* "mx.example", "*.example" */
};

/* RFC 8461 3.1: a TXT record.  False: it is another one, or malformed. */
bool sts_record(struct span txt, char id[STS_ID]);
/* What came of the answer to GET, ended: nothing follows.  1: body is whole;
 * 0: more is to come; -1: it is no policy (RFC 8461 3.3: 200 only). */
int sts_response(struct span in, bool ended, struct span *body);
/* RFC 8461 3.2: 0, or -1 for what is none. */
int sts_parse(struct span body, struct sts *);
/* A policy and the id of its record as octets that can be kept, and back: 0, or
 * -1 for what is none. */
void sts_save(const struct sts *, const char *id, struct buf *);
int sts_load(struct span kept, char id[STS_ID], struct sts *);
/* RFC 8461 4.1 */
bool sts_fits(const struct sts *, const char *host);
#endif
