/* libFuzzer: any octets from a name server.  The first one chooses the type
 * that was asked for.  What is found is bounded, is text where it says so, and
 * comes whole through the channel between the roles. */
#include "deliver/dns/answer.h"
#include "tests/fuzz/must.h"
#include <stdlib.h>
#include <string.h>

static void
is_name(const char *name)
{
	size_t n = strnlen(name, DNS_NAME);

	must(n < DNS_NAME);
	for (size_t i = 0; i < n; i++)
		must(
		    strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
			   "Z0123456789-_/.",
			name[i]) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		enum dns_type type;
		enum dns_what what;
		size_t most;
	} kinds[] = { { TYPE_A, DNS_HOST, DNS_ADDRS_MAX },
		{ TYPE_AAAA, DNS_HOST, DNS_ADDRS_MAX },
		{ TYPE_MX, DNS_MX, DNS_MX_MAX },
		{ TYPE_SRV, DNS_SRV, DNS_SRV_MAX },
		{ TYPE_TLSA, DNS_TLSA, DNS_TLSA_MAX },
		{ TYPE_TXT, DNS_TXT, DNS_TXT_MAX } };
	static struct dns_answer a, back;
	struct buf b = { 0 };
	size_t k;

	if (size == 0)
		return 0;
	k = data[0] % (sizeof kinds / sizeof *kinds);
	a.what = kinds[k].what;
	answer_parse((struct span){ (const char *)data + 1, size - 1 },
	    kinds[k].type, &a);
	must(a.n <= kinds[k].most && (a.n > 0) == (a.status == DNS_FOUND));
	must(!a.secure || a.status != DNS_LATER);
	is_name(a.canon);
	for (size_t i = 0; i < a.n; i++) {
		if (a.what == DNS_MX)
			is_name(a.mx[i].name);
		if (a.what == DNS_SRV)
			is_name(a.srv[i].name);
		if (a.what == DNS_TLSA)
			must(a.tlsa[i].len <= DNS_DATA);
	}
	dns_encode(&a, &b);
	must(b.len <= 16384 && dns_decode(buf_view(&b), &back) == 0);
	must(back.n == a.n && back.status == a.status);
	buf_reset(&b);
	buf_free(&b);
	/* and the channel itself, from a role that has been taken over */
	dns_decode((struct span){ (const char *)data, size }, &back);
	return 0;
}
