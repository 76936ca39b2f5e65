#include "deliver/dns/answer.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define HEAD 12
#define CLASS_IN 1
#define ALIASES 8
#define POINTERS 64 /* followed in one name; an honest one has few */

struct packet {
	const unsigned char *p;
	size_t len, at;
	bool bad; /* sticky: what is read after that is zero */
};

struct record {
	char owner[DNS_NAME];
	bool named; /* owner can be written as text */
	unsigned type, class;
	uint32_t ttl;
	size_t data, len; /* place of it in the packet */
};

static unsigned
get8(struct packet *k)
{
	if (k->at >= k->len)
		k->bad = true;
	return k->bad ? 0 : k->p[k->at++];
}

static unsigned
get16(struct packet *k)
{
	unsigned high = get8(k);

	return high << 8 | get8(k);
}

static uint32_t
get32(struct packet *k)
{
	uint32_t high = get16(k);

	return high << 16 | get16(k);
}

static bool
ordinary(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
}

/* One label as text behind the others: false when it cannot be written so. */
static bool
add_label(struct packet *k, unsigned len, char *name, size_t *used)
{
	bool fits = *used + len + 2 < DNS_NAME;

	if (fits && *used)
		name[(*used)++] = '.';
	for (unsigned i = 0; i < len; i++) {
		unsigned char c = (unsigned char)get8(k);

		fits = fits && ordinary(c);
		if (fits)
			name[(*used)++] = (char)c;
	}
	return fits;
}

/* Pointers go backwards only (RFC 1035 4.1.4: to a prior occurrence), so that
 * there is no loop of them.  True: it can be written as text. */
static bool
get_name(struct packet *k, char *name)
{
	size_t used = 0, back = 0, lowest = k->at;
	unsigned pointers = 0, octets = 0, len;
	bool fits = true;

	while ((len = get8(k)) != 0 && !k->bad) {
		if (len >= 0xc0) {
			size_t to = (len & 0x3f) << 8 | get8(k);

			if (back == 0)
				back = k->at;
			if (to >= lowest || ++pointers > POINTERS) {
				k->bad = true;
				break;
			}
			k->at = lowest = to;
			continue;
		}
		octets += len + 1;
		if (len > 63 || octets > 254) {
			k->bad = true;
			break;
		}
		fits = add_label(k, len, name, &used) && fits;
	}
	if (back)
		k->at = back;
	name[used] = '\0';
	return fits && !k->bad;
}

static void
get_record(struct packet *k, struct record *r)
{
	r->named = get_name(k, r->owner);
	r->type = get16(k);
	r->class = get16(k);
	r->ttl = get32(k);
	if (r->ttl > INT32_MAX) /* RFC 2181 8 */
		r->ttl = 0;
	r->len = get16(k);
	r->data = k->at;
	if (k->bad || r->len > k->len - k->at)
		k->bad = true;
	else
		k->at += r->len;
}

static bool
same_name(const char *a, const char *b)
{
	return span_ieq(span_of(a), span_of(b));
}

static void
add_addr(struct packet k, const struct record *r, struct dns_answer *out)
{
	struct dns_addr *a = &out->addrs[out->n];
	struct sockaddr_in *four = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a->sa;

	if (out->n == DNS_ADDRS_MAX || r->len != (r->type == TYPE_A ? 4 : 16))
		return;
	memset(a, 0, sizeof *a);
	if (r->type == TYPE_A) {
		a->len = sizeof *four;
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, k.p + r->data, 4);
	} else {
		a->len = sizeof *six;
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, k.p + r->data, 16);
	}
	out->n++;
}

static void
add_mx(struct packet k, const struct record *r, struct dns_answer *out)
{
	struct dns_mx mx, *to = &out->mx[out->n];

	k.len = r->data + r->len;
	mx.pref = (uint16_t)get16(&k);
	if (!get_name(&k, mx.name))
		return;
	if (out->n == DNS_MX_MAX) { /* in place of the worst */
		to = &out->mx[0];
		for (size_t i = 1; i < out->n; i++)
			if (out->mx[i].pref > to->pref)
				to = &out->mx[i];
		if (to->pref <= mx.pref)
			return;
	} else {
		out->n++;
	}
	*to = mx;
}

static void
add_srv(struct packet k, const struct record *r, struct dns_answer *out)
{
	struct dns_srv srv;

	k.len = r->data + r->len;
	srv.priority = (uint16_t)get16(&k);
	srv.weight = (uint16_t)get16(&k);
	srv.port = (uint16_t)get16(&k);
	if (get_name(&k, srv.name) && out->n < DNS_SRV_MAX)
		out->srv[out->n++] = srv;
}

/* One that is too long for us must not vanish: then a zone that has TLSA would
 * look like one that has none. */
static void
add_tlsa(struct packet k, const struct record *r, struct dns_answer *out)
{
	struct dns_tlsa *t = &out->tlsa[out->n];

	if (r->len < 3 || out->n == DNS_TLSA_MAX)
		return;
	t->usage = (uint8_t)get8(&k);
	t->selector = (uint8_t)get8(&k);
	t->match = (uint8_t)get8(&k);
	t->len = (uint16_t)(r->len - 3 <= DNS_DATA ? r->len - 3 : 0);
	memcpy(t->data, k.p + k.at, t->len);
	out->n++;
}

static void
add_txt(struct packet k, const struct record *r, struct dns_answer *out)
{
	struct dns_txt *t = &out->txt[out->n];

	if (out->n == DNS_TXT_MAX)
		return;
	t->len = 0;
	k.len = r->data + r->len;
	while (k.at < k.len) {
		unsigned len = get8(&k);

		if (len > k.len - k.at || len > DNS_DATA - (unsigned)t->len)
			return; /* torn, or none of ours */
		memcpy(t->text + t->len, k.p + k.at, len);
		t->len = (uint16_t)(t->len + len);
		k.at += len;
	}
	out->n++;
}

static void
add(struct packet k, const struct record *r, struct dns_answer *out)
{
	static void (*const adders[])(struct packet, const struct record *,
	    struct dns_answer *) = { [TYPE_A] = add_addr,
		[TYPE_AAAA] = add_addr,
		[TYPE_MX] = add_mx,
		[TYPE_SRV] = add_srv,
		[TYPE_TLSA] = add_tlsa,
		[TYPE_TXT] = add_txt };

	k.at = r->data;
	if (r->type < sizeof adders / sizeof *adders && adders[r->type])
		adders[r->type](k, r, out);
}

static void
least(struct dns_answer *out, uint32_t ttl)
{
	if (ttl < out->ttl)
		out->ttl = ttl;
}

/* To the name at the end of the aliases; -1: there are too many. */
static int
follow(struct packet k, unsigned records, char *name, struct dns_answer *out)
{
	for (int aliases = 0; aliases <= ALIASES; aliases++) {
		struct packet all = k;
		struct record r;
		bool found = false;

		for (unsigned i = 0; i < records && !found && !all.bad; i++) {
			struct packet in;

			get_record(&all, &r);
			if (all.bad || !r.named || r.type != TYPE_CNAME ||
			    r.class != CLASS_IN || !same_name(r.owner, name))
				continue;
			in = all;
			in.at = r.data;
			in.len = r.data + r.len;
			found = get_name(&in, name);
			if (!found)
				return -1; /* to where no name leads */
			least(out, r.ttl);
		}
		if (!found)
			return 0;
	}
	return -1;
}

/* -1: the packet ends before its last record does. */
static int
collect(struct packet k, unsigned records, enum dns_type type,
    struct dns_answer *out)
{
	for (unsigned i = 0; i < records; i++) {
		struct record r;

		get_record(&k, &r);
		if (k.bad)
			return -1;
		if (!r.named || r.type != (unsigned)type ||
		    r.class != CLASS_IN || !same_name(r.owner, out->canon))
			continue;
		least(out, r.ttl);
		add(k, &r, out);
	}
	return 0;
}

static void
say(struct dns_answer *out, enum dns_status status, const char *why)
{
	out->status = status;
	out->n = 0;
	snprintf(out->why, sizeof out->why, "%s", why);
}

/* RFC 1035 4.1.1, RFC 6895 2.3 */
static const char *
rcode_text(unsigned rcode)
{
	static const char *const texts[] = {
		[1] = "the name server calls the question malformed",
		[2] = "the name server has failed (SERVFAIL)",
		[4] = "the name server does not know such questions",
		[5] = "the name server refuses to answer",
	};

	return rcode < sizeof texts / sizeof *texts && texts[rcode]
		   ? texts[rcode]
		   : "the name server gives an error of an unknown kind";
}

void
answer_parse(struct span packet, enum dns_type type, struct dns_answer *out)
{
	struct packet k = { (const unsigned char *)packet.ptr, packet.len, 2,
		false };
	char name[DNS_NAME];
	unsigned flags = get16(&k), questions = get16(&k), records = get16(&k);
	bool named;

	out->secure = false;
	out->ttl = INT32_MAX;
	out->why[0] = out->canon[0] = '\0';
	k.at = HEAD;
	named = get_name(&k, name);
	if (get16(&k) != (unsigned)type || get16(&k) != CLASS_IN || k.bad ||
	    !named || questions != 1 || (flags & 0xf800) != 0x8000) {
		say(out, DNS_LATER, "the answer does not parse");
		return;
	}
	out->n = 0;
	if (flags & 0x0200) {
		say(out, DNS_LATER, "the answer is torn");
	} else if ((flags & 15) == 3) {
		say(out, DNS_NONE, "there is no such name");
		out->secure = flags & 0x0020;
	} else if (flags & 15) {
		say(out, DNS_LATER, rcode_text(flags & 15));
	} else if (follow(k, records, name, out) == -1) {
		say(out, DNS_LATER, "aliases that lead nowhere");
	} else {
		snprintf(out->canon, sizeof out->canon, "%s", name);
		out->status = DNS_FOUND;
		out->secure = flags & 0x0020;
		if (collect(k, records, type, out) == -1)
			say(out, DNS_LATER, "the answer does not parse");
		else if (out->n == 0)
			say(out, DNS_EMPTY, "there is no such record");
	}
	if (out->status != DNS_FOUND)
		out->ttl = 0;
	if (out->status == DNS_LATER)
		out->secure = false;
}

/* "a.b" or "a.b." as labels. */
static int
put_name(struct buf *b, struct span name)
{
	size_t before = b->len;

	if (name.len > 1 && name.ptr[name.len - 1] == '.')
		name.len--;
	do {
		struct span label = span_cut(&name, '.');

		if (label.len == 0 || label.len > 63)
			return -1;
		for (size_t i = 0; i < label.len; i++)
			if (!ordinary((unsigned char)label.ptr[i]))
				return -1;
		buf_chr(b, (char)label.len);
		buf_span(b, label);
	} while (name.ptr);
	buf_chr(b, '\0');
	return b->len - before <= 255 ? 0 : -1;
}

int
question_build(struct buf *b, uint16_t id, const char *name, enum dns_type type)
{
	const unsigned char head[HEAD] = { (unsigned char)(id >> 8),
		(unsigned char)id, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1 };
	const unsigned char opt[] = { 0, 0, TYPE_OPT, ANSWER_PAYLOAD >> 8,
		ANSWER_PAYLOAD & 255, 0, 0, 0x80, 0, 0, 0 };

	buf_add(b, head, sizeof head);
	if (put_name(b, span_of(name)) == -1) {
		errno = EINVAL;
		return -1;
	}
	buf_chr(b, 0);
	buf_chr(b, (char)type);
	buf_chr(b, 0);
	buf_chr(b, CLASS_IN);
	buf_add(b, opt, sizeof opt);
	errno = ENOMEM;
	return b->bad ? -1 : 0;
}
