/* answer - messages of the DNS (RFC 1035), without any I/O: questions built,
 * answers parsed.  Names are text, without the last dot, of letters, digits,
 * "-", "_" and "/" only: a host that is called something else is nobody's. */
#ifndef DELIVER_DNS_ANSWER_H
#define DELIVER_DNS_ANSWER_H
#include "deliver/dns/dns.h"

enum dns_type {
	TYPE_A = 1,
	TYPE_CNAME = 5,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_OPT = 41,
	TYPE_TLSA = 52,
};

#define ANSWER_PAYLOAD 1232 /* octets that we take by UDP (RFC 6891 6.2.5) */

/* A question for a recursive server that validates: RD, AD (RFC 6840 5.7), and
 * an OPT record with DO (RFC 3225).  0, or -1 with EINVAL: not a name. */
int question_build(struct buf *, uint16_t id, const char *name, enum dns_type);
/* Fills all of out but what.  Aliases are followed within the answer, eight at
 * most (RFC 1034 3.6.2).  secure is the AD bit as it came; addresses have
 * port 0.  Of too many MX the ones preferred are kept. */
void answer_parse(struct span packet, enum dns_type, struct dns_answer *out);
#endif
