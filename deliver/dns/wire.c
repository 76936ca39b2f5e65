/* The answers of this role as bodies of messages. */
#include "deliver/dns/dns.h"
#include "deliver/ipc.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const size_t most[DNS_WHATS] = {
	[DNS_ADDRS] = DNS_ADDRS_MAX,
	[DNS_HOST] = DNS_ADDRS_MAX,
	[DNS_MX] = DNS_MX_MAX,
	[DNS_SRV] = DNS_SRV_MAX,
	[DNS_TLSA] = DNS_TLSA_MAX,
	[DNS_TXT] = DNS_TXT_MAX,
};

static void
put(const struct dns_answer *a, size_t i, struct buf *b)
{
	const struct dns_srv *srv;
	const struct dns_tlsa *tlsa;

	switch (a->what) {
	case DNS_MX:
		ipc_u16(b, a->mx[i].pref);
		ipc_str(b, a->mx[i].name);
		break;
	case DNS_SRV:
		srv = &a->srv[i];
		ipc_u16(b, srv->priority);
		ipc_u16(b, srv->weight);
		ipc_u16(b, srv->port);
		ipc_str(b, srv->name);
		break;
	case DNS_TLSA:
		tlsa = &a->tlsa[i];
		ipc_u8(b, tlsa->usage);
		ipc_u8(b, tlsa->selector);
		ipc_u8(b, tlsa->match);
		ipc_span(
		    b, (struct span){ (const char *)tlsa->data, tlsa->len });
		break;
	case DNS_TXT:
		ipc_span(b, (struct span){ a->txt[i].text, a->txt[i].len });
		break;
	default:
		ipc_span(b, (struct span){ (const char *)&a->addrs[i].sa,
				a->addrs[i].len });
	}
}

void
dns_encode(const struct dns_answer *a, struct buf *b)
{
	ipc_u8(b, (uint8_t)a->what);
	ipc_u8(b, (uint8_t)a->status);
	ipc_u8(b, a->secure);
	ipc_u32(b, a->ttl);
	ipc_str(b, a->why);
	ipc_str(b, a->canon);
	ipc_u8(b, (uint8_t)a->n);
	for (size_t i = 0; i < a->n; i++)
		put(a, i, b);
}

static void
text(struct ipc_in *in, char *to, size_t size)
{
	struct span s = ipc_get(in);

	if (s.len >= size || span_has(s, '\0')) {
		in->bad = true;
		return;
	}
	if (s.len)
		memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
}

static uint16_t
bytes(struct ipc_in *in, void *to, size_t size)
{
	struct span s = ipc_get(in);

	if (s.len > size) {
		in->bad = true;
		return 0;
	}
	if (s.len)
		memcpy(to, s.ptr, s.len);
	return (uint16_t)s.len;
}

static void
address(struct ipc_in *in, struct dns_addr *a)
{
	memset(a, 0, sizeof *a);
	a->len = bytes(in, &a->sa, sizeof a->sa);
	if (!(a->sa.ss_family == AF_INET &&
		a->len == sizeof(struct sockaddr_in)) &&
	    !(a->sa.ss_family == AF_INET6 &&
		a->len == sizeof(struct sockaddr_in6)))
		in->bad = true;
}

static void
get(struct ipc_in *in, struct dns_answer *a, size_t i)
{
	struct dns_srv *srv;
	struct dns_tlsa *tlsa;

	switch (a->what) {
	case DNS_MX:
		a->mx[i].pref = ipc_get16(in);
		text(in, a->mx[i].name, DNS_NAME);
		break;
	case DNS_SRV:
		srv = &a->srv[i];
		srv->priority = ipc_get16(in);
		srv->weight = ipc_get16(in);
		srv->port = ipc_get16(in);
		text(in, srv->name, DNS_NAME);
		break;
	case DNS_TLSA:
		tlsa = &a->tlsa[i];
		tlsa->usage = ipc_get8(in);
		tlsa->selector = ipc_get8(in);
		tlsa->match = ipc_get8(in);
		tlsa->len = bytes(in, tlsa->data, DNS_DATA);
		break;
	case DNS_TXT:
		a->txt[i].len = bytes(in, a->txt[i].text, DNS_DATA);
		break;
	default:
		address(in, &a->addrs[i]);
	}
}

int
dns_decode(struct span body, struct dns_answer *a)
{
	struct ipc_in in = { .rest = body };
	unsigned what = ipc_get8(&in), status = ipc_get8(&in);

	a->what = (enum dns_what)what;
	a->status = (enum dns_status)status;
	a->secure = ipc_get8(&in);
	a->ttl = ipc_get32(&in);
	a->why[0] = a->canon[0] = '\0';
	text(&in, a->why, sizeof a->why);
	text(&in, a->canon, sizeof a->canon);
	a->n = ipc_get8(&in);
	errno = EPROTO;
	if (in.bad || what >= DNS_WHATS || status > DNS_LATER ||
	    a->n > most[what] || (a->n > 0) != (status == DNS_FOUND))
		return -1;
	for (size_t i = 0; i < a->n; i++)
		get(&in, a, i);
	return ipc_end(&in) ? 0 : -1;
}
