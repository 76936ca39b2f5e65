/* order - in which order hosts and addresses are tried.  Pure, but for chance
 * where the standards want it. */
#ifndef DELIVER_NET_ORDER_H
#define DELIVER_NET_ORDER_H
#include "deliver/dns/dns.h"
#include "deliver/net/race.h"

/* RFC 5321 5.1: by preference, equals by chance.  Names that are the root are
 * nobody's; returns how many are left. */
size_t order_mx(struct dns_mx *, size_t n);
/* RFC 5321 5.1: we are one of them.  What is ours, and what is preferred as
 * little or less, goes: how many are left of n in their order. */
size_t order_before_self(const struct dns_mx *, size_t n, const char *self);
/* RFC 2782: by priority, then by chance as the weights say.  As order_mx. */
size_t order_srv(struct dns_srv *, size_t n);
/* RFC 8305 4: families take turns, the first one's (or IPv6, when said) first;
 * otherwise in their order. */
void order_families(struct conn_addr *, size_t n, bool six_first);
#endif
