/* dns - role bellman-dns: names to addresses, in one loop (c-ares; hosts file
 * first).  A literal address and a numeric port are answered at once. */
#ifndef DELIVER_DNS_DNS_H
#define DELIVER_DNS_DNS_H
#include "deliver/role.h"

enum dns_status {
	DNS_FOUND,
	DNS_NONE,  /* the name, or the port's name, does not exist */
	DNS_LATER, /* no answer that could be believed: try again */
};

void dns_run(const struct role_start *);
#endif
