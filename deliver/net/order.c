#include "deliver/net/order.h"
#include "common/span.h"
#include <stdlib.h>
#include <string.h>

static int
by_preference(const void *a, const void *b)
{
	return ((const struct dns_mx *)a)->pref -
	       ((const struct dns_mx *)b)->pref;
}

size_t
order_mx(struct dns_mx *mx, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (mx[i].name[0])
			mx[left++] = mx[i];
	qsort(mx, left, sizeof *mx, by_preference);
	for (size_t i = 0, end; i < left; i = end) {
		for (end = i + 1; end < left && mx[end].pref == mx[i].pref;)
			end++;
		for (size_t k = i; k + 1 < end; k++) {
			size_t with =
			    k + arc4random_uniform((uint32_t)(end - k));
			struct dns_mx kept = mx[k];

			mx[k] = mx[with];
			mx[with] = kept;
		}
	}
	return left;
}

size_t
order_before_self(const struct dns_mx *mx, size_t n, const char *self)
{
	for (size_t i = 0; i < n; i++) {
		if (!span_ieq(span_of(mx[i].name), span_of(self)))
			continue;
		while (i > 0 && mx[i - 1].pref == mx[i].pref)
			i--;
		return i;
	}
	return n;
}

static int
by_priority(const void *a, const void *b)
{
	const struct dns_srv *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority - y->priority;
	return (x->weight != 0) - (y->weight != 0); /* 0 first, RFC 2782 */
}

/* The one that chance has for the first place of n equals. */
static size_t
pick(const struct dns_srv *srv, size_t n)
{
	uint32_t sum = 0, at;

	for (size_t i = 0; i < n; i++)
		sum += srv[i].weight;
	at = arc4random_uniform(sum + 1);
	for (size_t i = 0; i < n; i++) {
		if (srv[i].weight >= at)
			return i;
		at -= srv[i].weight;
	}
	return n - 1;
}

size_t
order_srv(struct dns_srv *srv, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (srv[i].name[0])
			srv[left++] = srv[i];
	qsort(srv, left, sizeof *srv, by_priority);
	for (size_t i = 0, end; i < left; i = end) {
		for (end = i + 1;
		     end < left && srv[end].priority == srv[i].priority;)
			end++;
		for (size_t k = i; k + 1 < end; k++) {
			size_t with = k + pick(srv + k, end - k);
			struct dns_srv first = srv[with];

			memmove(srv + k + 1, srv + k, (with - k) * sizeof *srv);
			srv[k] = first;
		}
	}
	return left;
}

void
order_families(struct conn_addr *addrs, size_t n, bool six_first)
{
	struct conn_addr out[CONN_ADDRS];
	size_t one = 0, other = 0, done = 0;
	int family;

	if (n == 0 || n > CONN_ADDRS)
		return;
	family = six_first ? AF_INET6 : addrs[0].sa.ss_family;
	while (done < n) {
		while (one < n && addrs[one].sa.ss_family != family)
			one++;
		if (one < n)
			out[done++] = addrs[one++];
		while (other < n && addrs[other].sa.ss_family == family)
			other++;
		if (other < n)
			out[done++] = addrs[other++];
	}
	memcpy(addrs, out, n * sizeof *addrs);
}
