/* provider - where well-known providers take the mail of their customers. */
#ifndef DELIVER_SETUP_PROVIDER_H
#define DELIVER_SETUP_PROVIDER_H
#include "common/span.h"

struct provider {
	const char *domain; /* of addresses, or a name of its own */
	const char *host, *port;
};
/* By the domain of an address, or by the provider's name: "gmail.com",
 * "gmail".  NULL: not known here. */
const struct provider *provider_find(struct span);
#endif
