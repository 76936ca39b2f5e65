/* Messages of the DNS: questions as they are sent, answers as they may come. */
#include "deliver/dns/answer.h"
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { AD = 0x20, TC = 0x200, NXDOMAIN = 3, SERVFAIL = 2 };
#define Q "\1q\4test" /* with the NUL of the literal: a name on the wire */
#define AT_Q "\xc0\x0c"

static struct buf b;
static struct dns_answer a;

static void
put16(unsigned n)
{
	buf_chr(&b, (char)(n >> 8));
	buf_chr(&b, (char)n);
}

static void
begin(unsigned flags, unsigned type, unsigned records)
{
	buf_reset(&b);
	put16(0x1234);
	put16(0x8180 | flags);
	put16(1);
	put16(records);
	put16(0);
	put16(0);
	buf_add(&b, Q, sizeof Q);
	put16(type);
	put16(1);
}

static void
rr(const char *owner, size_t owner_len, unsigned type, unsigned ttl,
    const void *data, size_t len)
{
	buf_add(&b, owner, owner_len);
	put16(type);
	put16(1);
	put16(0);
	put16(ttl);
	put16((unsigned)len);
	buf_add(&b, data, len);
}
#define RR(owner, type, ttl, data)                                             \
	rr(owner, sizeof(owner) - 1, type, ttl, data, sizeof(data) - 1)

static void
parse(enum dns_type type)
{
	/* Of its own size, so that a sanitizer sees a step beyond it. */
	char *copy = malloc(b.len);

	assert_non_null(copy);
	memcpy(copy, b.ptr, b.len);
	memset(&a, 0x55, sizeof a);
	answer_parse((struct span){ copy, b.len }, type, &a);
	free(copy);
}

static void
mx(void **state)
{
	(void)state;
	begin(AD, TYPE_MX, 3);
	RR(AT_Q, TYPE_MX, 300, "\0\024\1b" AT_Q);
	RR(AT_Q, TYPE_MX, 60, "\0\012\1A\4test\0");
	RR("\5other\0", TYPE_MX, 1, "\0\1\1x\0");
	parse(TYPE_MX);
	assert_int_equal(a.status, DNS_FOUND);
	assert_true(a.secure);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.ttl, 60);
	assert_string_equal(a.mx[0].name, "b.q.test");
	assert_int_equal(a.mx[0].pref, 20);
	assert_string_equal(a.mx[1].name, "A.test");
	assert_string_equal(a.canon, "q.test");
}

static void
null_mx(void **state)
{
	(void)state;
	begin(0, TYPE_MX, 1);
	RR(AT_Q, TYPE_MX, 300, "\0\0\0");
	parse(TYPE_MX);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.mx[0].name, "");
	assert_false(a.secure);
}

static void
of_too_many_the_preferred_are_kept(void **state)
{
	(void)state;
	begin(0, TYPE_MX, 100);
	for (unsigned i = 0; i < 100; i++) {
		char data[] = "\0x\2mx";

		data[1] = (char)(100 - i);
		rr(AT_Q, 2, TYPE_MX, 5, data, sizeof data);
	}
	parse(TYPE_MX);
	assert_int_equal(a.n, DNS_MX_MAX);
	for (size_t i = 0; i < a.n; i++)
		assert_true(a.mx[i].pref <= DNS_MX_MAX);
}

/* A chain q -> a0 -> a1 ... */
static void
aliases(unsigned n, unsigned records)
{
	begin(0, TYPE_A, records);
	for (unsigned i = n; i-- > 0;) { /* the last one first */
		char owner[4] = "\2a", to[4] = "\2a";

		owner[2] = (char)('a' + i - 1);
		to[2] = (char)('a' + i);
		if (i == 0)
			rr(AT_Q, 2, TYPE_CNAME, 30, to, 4);
		else
			rr(owner, 4, TYPE_CNAME, 30, to, 4);
	}
}

static void
chain_of_eight(void **state)
{
	(void)state;
	aliases(8, 9);
	RR("\2AH\0", TYPE_A, 300, "\300\0\2\1");
	parse(TYPE_A);
	assert_int_equal(a.status, DNS_FOUND);
	assert_string_equal(a.canon, "ah");
	assert_int_equal(a.ttl, 30);
	assert_int_equal(a.addrs[0].sa.ss_family, AF_INET);
}

static void
chain_of_nine(void **state)
{
	(void)state;
	aliases(9, 10);
	RR("\2ai\0", TYPE_A, 300, "\300\0\2\1");
	parse(TYPE_A);
	assert_int_equal(a.status, DNS_LATER);
}

static void
alias_of_itself(void **state)
{
	(void)state;
	begin(0, TYPE_A, 1);
	RR(AT_Q, TYPE_CNAME, 300, AT_Q);
	parse(TYPE_A);
	assert_int_equal(a.status, DNS_LATER);
}

static void
alias_without_end(void **state)
{
	(void)state;
	begin(NXDOMAIN, TYPE_A, 1);
	RR(AT_Q, TYPE_CNAME, 300, "\4gone\0");
	parse(TYPE_A);
	assert_int_equal(a.status, DNS_NONE);
	begin(AD, TYPE_A, 1);
	RR(AT_Q, TYPE_CNAME, 300, "\4gone\0");
	parse(TYPE_A);
	assert_int_equal(a.status, DNS_EMPTY);
	assert_true(a.secure);
}

static void
codes(void **state)
{
	static const struct {
		unsigned flags;
		enum dns_status status;
	} rows[] = { { NXDOMAIN, DNS_NONE }, { SERVFAIL, DNS_LATER },
		{ 5, DNS_LATER }, { 15, DNS_LATER }, { TC, DNS_LATER },
		{ 0, DNS_EMPTY }, { 0x800, DNS_LATER } /* an opcode */ };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(rows[i].flags | AD, TYPE_MX, 0);
		parse(TYPE_MX);
		if (a.status != rows[i].status)
			fail_msg("%x: %d", rows[i].flags, (int)a.status);
		assert_int_equal(a.n, 0);
		assert_int_equal(a.secure, a.status != DNS_LATER);
	}
}

static void
pointers(void **state)
{
	static const struct {
		const char *name, *data;
		size_t len;
		enum dns_status status;
	} rows[] = {
		{ "to_itself", "\0\1\xc0\x26", 4, DNS_EMPTY },
		{ "forward", "\0\1\xc0\x30", 4, DNS_EMPTY },
		{ "each_other", "\0\1\xc0\x28\xc0\x26", 6, DNS_EMPTY },
		{ "beyond", "\0\1\xff\xff", 4, DNS_EMPTY },
		{ "half", "\0\1\xc0", 3, DNS_EMPTY },
		{ "no_end", "\0\1\5abc", 6, DNS_EMPTY },
		{ "label_of_64", "\0\1\100abc", 6, DNS_EMPTY },
		{ "good", "\0\1\xc0\x0c", 4, DNS_FOUND },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(0, TYPE_MX, 1);
		rr(AT_Q, 2, TYPE_MX, 1, rows[i].data, rows[i].len);
		parse(TYPE_MX);
		if (a.status != rows[i].status)
			fail_msg("%s: %d", rows[i].name, (int)a.status);
	}
}

static void
names_that_no_host_has(void **state)
{
	(void)state;
	begin(0, TYPE_MX, 4);
	RR(AT_Q, TYPE_MX, 1, "\0\1\3a.b\0");
	RR(AT_Q, TYPE_MX, 1, "\0\2\3a\0b\0");
	RR(AT_Q, TYPE_MX, 1, "\0\3\3a\nb\0");
	RR(AT_Q, TYPE_MX, 1, "\0\4\3a-b\0");
	parse(TYPE_MX);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.mx[0].name, "a-b");
}

static void
longest_name(void **state)
{
	char data[300] = { 0, 1 };
	size_t len = 2;

	(void)state;
	for (int i = 0; i < 4; i++) { /* 3 * 64 + 62 = 254, and the root */
		char n = i < 3 ? 63 : 61;

		data[len++] = n;
		memset(data + len, 'a', (size_t)n);
		len += (size_t)n;
	}
	begin(0, TYPE_MX, 1);
	rr(AT_Q, 2, TYPE_MX, 1, data, len + 1);
	parse(TYPE_MX);
	assert_int_equal(a.n, 1);
	assert_int_equal(strlen(a.mx[0].name), 253);
	data[len++] = 1; /* one octet more than there can be */
	data[len++] = 'a';
	begin(0, TYPE_MX, 1);
	rr(AT_Q, 2, TYPE_MX, 1, data, len + 1);
	parse(TYPE_MX);
	assert_int_equal(a.n, 0);
}

static void
tlsa(void **state)
{
	char big[600] = "\3\0\0";

	(void)state;
	begin(AD, TYPE_TLSA, 3);
	RR(AT_Q, TYPE_TLSA, 1, "\3\1\1abc");
	rr(AT_Q, 2, TYPE_TLSA, 1, big, sizeof big);
	RR(AT_Q, TYPE_TLSA, 1, "\3\1");
	parse(TYPE_TLSA);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.tlsa[0].usage, 3);
	assert_int_equal(a.tlsa[0].selector, 1);
	assert_int_equal(a.tlsa[0].match, 1);
	assert_int_equal(a.tlsa[0].len, 3);
	assert_memory_equal(a.tlsa[0].data, "abc", 3);
	assert_int_equal(a.tlsa[1].len, 0); /* it counts, and fits nothing */
}

static void
texts(void **state)
{
	(void)state;
	begin(0, TYPE_TXT, 2);
	RR(AT_Q, TYPE_TXT, 1, "\2v=\0\3STS");
	RR(AT_Q, TYPE_TXT, 1, "\5torn");
	parse(TYPE_TXT);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.txt[0].len, 5);
	assert_memory_equal(a.txt[0].text, "v=STS", 5);
}

static void
addresses_of_a_wrong_size(void **state)
{
	(void)state;
	begin(0, TYPE_AAAA, 2);
	RR(AT_Q, TYPE_AAAA, 1, "\300\0\2\1");
	RR(AT_Q, TYPE_AAAA, 1, "0123456789abcdef");
	parse(TYPE_AAAA);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.addrs[0].len, sizeof(struct sockaddr_in6));
}

static void
another_question(void **state)
{
	(void)state;
	begin(0, TYPE_A, 1);
	RR(AT_Q, TYPE_MX, 1, "\0\1\xc0\x0c");
	parse(TYPE_MX);
	assert_int_equal(a.status, DNS_LATER);
}

/* A piece of an answer is never taken for the whole. */
static void
every_length(void **state)
{
	struct buf whole = { 0 };

	(void)state;
	begin(AD, TYPE_MX, 3);
	RR(AT_Q, TYPE_CNAME, 1, "\1c\0");
	RR("\1c\0", TYPE_MX, 1, "\0\1\1a\xc0\x0c");
	RR("\1c\0", TYPE_MX, 1, "\0\2\1b\xc0\x0c");
	buf_span(&whole, buf_view(&b));
	for (size_t n = 1; n < whole.len; n++) {
		buf_reset(&b);
		buf_add(&b, whole.ptr, n);
		parse(TYPE_MX);
		if (a.status != DNS_LATER || a.secure)
			fail_msg("%zu octets: %d", n, (int)a.status);
	}
	buf_free(&whole);
}

static void
questions(void **state)
{
	static const struct {
		const char *name;
		int rc;
	} rows[] = { { "a.example", 0 }, { "a.example.", 0 }, { "x", 0 },
		{ "_25._tcp.mx.example", 0 }, { "", -1 }, { ".", -1 },
		{ "a..b", -1 }, { ".a", -1 }, { "a b", -1 }, { "a\nb", -1 },
		{ "b\xc3\xbc.example", -1 },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "890123.x",
		    -1 } };
	static const char want[] =
	    "\x12\x34\1\x20\0\1\0\0\0\0\0\1\1a\2bc\0\0\x0f\0\1"
	    "\0\0\x29\x04\xd0\0\0\x80\0\0";

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_reset(&b);
		if (question_build(&b, 1, rows[i].name, TYPE_A) != rows[i].rc)
			fail_msg("\"%s\"", rows[i].name);
	}
	buf_reset(&b);
	assert_int_equal(question_build(&b, 0x1234, "a.bc", TYPE_MX), 0);
	assert_int_equal(b.len, sizeof want);
	assert_memory_equal(b.ptr, want, sizeof want);
}

/* What one role writes, the other reads; and nothing else. */
static void
wire(void **state)
{
	struct dns_answer out;
	struct buf body = { 0 };

	(void)state;
	begin(AD, TYPE_MX, 2);
	RR(AT_Q, TYPE_MX, 300, "\0\024\1b" AT_Q);
	RR(AT_Q, TYPE_MX, 60, "\0\012\1a\4test\0");
	parse(TYPE_MX);
	a.what = DNS_MX;
	dns_encode(&a, &body);
	assert_int_equal(dns_decode(buf_view(&body), &out), 0);
	assert_int_equal(out.n, 2);
	assert_true(out.secure);
	assert_string_equal(out.mx[1].name, "a.test");
	assert_string_equal(out.canon, "q.test");
	for (size_t n = 0; n < body.len; n++)
		assert_int_equal(
		    dns_decode((struct span){ body.ptr, n }, &out), -1);
	body.ptr[1] = 9; /* no such status */
	assert_int_equal(dns_decode(buf_view(&body), &out), -1);
	buf_free(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mx),
		cmocka_unit_test(null_mx),
		cmocka_unit_test(of_too_many_the_preferred_are_kept),
		cmocka_unit_test(chain_of_eight),
		cmocka_unit_test(chain_of_nine),
		cmocka_unit_test(alias_of_itself),
		cmocka_unit_test(alias_without_end),
		cmocka_unit_test(codes),
		cmocka_unit_test(pointers),
		cmocka_unit_test(names_that_no_host_has),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(tlsa),
		cmocka_unit_test(texts),
		cmocka_unit_test(addresses_of_a_wrong_size),
		cmocka_unit_test(another_question),
		cmocka_unit_test(every_length),
		cmocka_unit_test(questions),
		cmocka_unit_test(wire),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&b);
	return rc;
}
