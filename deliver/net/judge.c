#include "deliver/net/judge.h"
#include <string.h>

#define S(stage) (1u << (stage))
#define OPENING                                                                \
	(S(AT_BANNER) | S(AT_EHLO) | S(AT_HELO) | S(AT_STARTTLS) | S(AT_TLS) | \
	    S(AT_LOGIN) | S(AT_AUTH))
#define MESSAGE                                                                \
	(S(AT_MAIL) | S(AT_RCPT) | S(AT_DATA) | S(AT_BODY) | S(AT_CHUNK) |     \
	    S(AT_DOT))
#define ANY (~0u)
#define CLOSE 1
#define MEND 3 /* closes, and stays so until a person has changed a setting */

/* The first row that fits holds.  low and high are a reply's code or a mishap;
 * status is used where the server names none. */
static const struct row {
	unsigned stages;
	int low, high;
	enum judge_next next;
	enum outcome outcome;
	unsigned end; /* 0: the session goes on */
	const char *status;
} rows[] = {
	{ ANY, MISHAP_DAMAGED, MISHAP_DAMAGED, NEXT_FAIL, OUT_DAMAGED, CLOSE,
	    "4.3.0" },
	{ ANY, MISHAP_READ, MISHAP_READ, NEXT_FAIL, OUT_LATER, CLOSE, "4.3.0" },
	{ ANY, MISHAP_SIZE, MISHAP_SIZE, NEXT_FAIL, OUT_NEVER, 0, "5.3.4" },
	{ ANY, MISHAP_UTF8, MISHAP_UTF8, NEXT_FAIL, OUT_NEVER, 0, "5.6.7" },
	{ ANY, MISHAP_REQUIRETLS, MISHAP_REQUIRETLS, NEXT_FAIL, OUT_NEVER, 0,
	    "5.7.30" },
	{ ANY, MISHAP_TERMINAL, MISHAP_TERMINAL, NEXT_FAIL, OUT_NEVER, false,
	    "5.3.3" },
	/* Settings that are wrong are mended by a person: no mail bounces. */
	{ ANY, MISHAP_TLS, MISHAP_TLS, NEXT_FAIL, OUT_LATER, MEND, "4.7.5" },
	{ ANY, MISHAP_AUTH, MISHAP_AUTH, NEXT_FAIL, OUT_LATER, MEND, "4.7.0" },
	{ ANY, MISHAP_RELAY, MISHAP_RELAY, NEXT_FAIL, OUT_LATER, MEND,
	    "4.3.5" },
	{ ANY, MISHAP_CONNECT, MISHAP_CONNECT, NEXT_HOST, OUT_LATER, CLOSE,
	    "4.4.1" },
	{ ANY, MISHAP_LOOKUP, MISHAP_LOOKUP, NEXT_HOST, OUT_LATER, CLOSE,
	    "4.4.3" },
	/* RFC 5321 5.1, 6.3; RFC 7505 4.1: the domain's own word, which another
	 * try does not change. */
	{ ANY, MISHAP_NO_DOMAIN, MISHAP_NO_DOMAIN, NEXT_FAIL, OUT_NEVER, CLOSE,
	    "5.1.2" },
	{ ANY, MISHAP_NO_ROUTE, MISHAP_NO_ROUTE, NEXT_HOST, OUT_NEVER, CLOSE,
	    "5.4.4" },
	{ ANY, MISHAP_NULL_MX, MISHAP_NULL_MX, NEXT_FAIL, OUT_NEVER, CLOSE,
	    "5.1.10" },
	{ ANY, MISHAP_LOOP, MISHAP_LOOP, NEXT_FAIL, OUT_NEVER, CLOSE, "5.4.6" },
	/* The relay's name is the administrator's, not the sender's. */
	{ ANY, MISHAP_NO_HOST, MISHAP_NO_HOST, NEXT_HOST, OUT_LATER, CLOSE,
	    "4.4.4" },
	{ OPENING, MISHAP_LOST, MISHAP_TIMEOUT, NEXT_HOST, OUT_LATER, CLOSE,
	    "4.4.2" },
	{ OPENING, MISHAP_GARBAGE, MISHAP_UNASKED, NEXT_HOST, OUT_LATER, CLOSE,
	    "4.5.0" },
	{ ANY, MISHAP_LOST, MISHAP_TIMEOUT, NEXT_FAIL, OUT_LATER, CLOSE,
	    "4.4.2" },
	{ ANY, MISHAP_GARBAGE, MISHAP_UNASKED, NEXT_FAIL, OUT_LATER, CLOSE,
	    "4.5.0" },
	/* RFC 5321 3.8: the server closes, whatever was asked. */
	{ OPENING, 421, 421, NEXT_HOST, OUT_LATER, CLOSE, "4.3.2" },
	{ ANY, 421, 421, NEXT_FAIL, OUT_LATER, CLOSE, "4.3.2" },
	{ S(AT_BANNER), 220, 220, NEXT_ON, OUT_COUNT, 0, "2.0.0" },
	{ S(AT_EHLO) | S(AT_HELO), 250, 259, NEXT_ON, OUT_COUNT, 0, "2.0.0" },
	{ S(AT_EHLO), 500, 599, NEXT_HELO, OUT_COUNT, 0, "5.5.1" },
	{ S(AT_STARTTLS), 220, 220, NEXT_ON, OUT_COUNT, 0, "2.0.0" },
	{ S(AT_AUTH), 235, 235, NEXT_ON, OUT_COUNT, 0, "2.7.0" },
	/* RFC 3207 4: not now, or never: a setting of ours, or of theirs. */
	{ S(AT_STARTTLS), 400, 599, NEXT_HOST, OUT_LATER, CLOSE, "4.7.4" },
	/* A password that is wrong is mended by a person: no mail bounces. */
	{ S(AT_AUTH), 500, 599, NEXT_FAIL, OUT_LATER, MEND, "4.7.8" },
	/* RFC 4954 4.7.12: the password must be changed first. */
	{ S(AT_AUTH), 432, 432, NEXT_FAIL, OUT_LATER, MEND, "4.7.12" },
	{ S(AT_AUTH), 400, 499, NEXT_FAIL, OUT_LATER, CLOSE, "4.7.8" },
	/* What a server says of itself is no word on the message. */
	{ OPENING, 400, 599, NEXT_HOST, OUT_LATER, CLOSE, "4.3.0" },
	/* RFC 3207 4, RFC 4954 6: it wants TLS or a password first.  That is a
	 * setting of ours, and must not bounce a night's mail. */
	{ MESSAGE, 530, 538, NEXT_FAIL, OUT_LATER, MEND, "4.7.0" },
	/* "Send HELO first", "nested MAIL": it has lost its way, or we ours.
	 * At other stages it may be what follows from a refusal before. */
	{ S(AT_MAIL), 503, 503, NEXT_FAIL, OUT_LATER, CLOSE, "4.5.0" },
	{ S(AT_MAIL) | S(AT_RCPT) | S(AT_CHUNK), 250, 259, NEXT_ON, OUT_COUNT,
	    false, "2.0.0" },
	{ S(AT_DATA), 354, 354, NEXT_ON, OUT_COUNT, 0, "2.0.0" },
	{ S(AT_DOT), 200, 299, NEXT_ON, OUT_DELIVERED, 0, "2.0.0" },
	{ S(AT_RSET) | S(AT_QUIT), 200, 299, NEXT_ON, OUT_COUNT, 0, "2.0.0" },
	/* It has said no before the end: nothing would be understood now. */
	{ S(AT_BODY), 400, 499, NEXT_FAIL, OUT_LATER, CLOSE, "4.0.0" },
	{ S(AT_BODY), 500, 599, NEXT_FAIL, OUT_NEVER, CLOSE, "5.0.0" },
	{ MESSAGE, 400, 499, NEXT_FAIL, OUT_LATER, 0, "4.0.0" },
	{ MESSAGE, 500, 599, NEXT_FAIL, OUT_NEVER, 0, "5.0.0" },
	/* 2yz for 3yz and the like: we do not speak the same language. */
	{ OPENING, 0, 999, NEXT_HOST, OUT_LATER, CLOSE, "4.5.0" },
	{ ANY, 0, 999, NEXT_FAIL, OUT_LATER, CLOSE, "4.5.0" },
};

static const struct row *
find(enum stage stage, int code)
{
	const struct row *row = rows;

	while (!(row->stages & S(stage)) || code < row->low || code > row->high)
		row++; /* the last row fits everything */
	return row;
}

/* RFC 5321 4.5.3.1.10: 452, and of old 552, may mean too many recipients; with
 * another enhanced code beside it (5.2.2: a full mailbox) it does not. */
static bool
too_many(enum stage stage, const struct reply *r)
{
	return stage == AT_RCPT && (r->code == 452 || r->code == 552) &&
	       (r->enhanced[0] == '\0' || strcmp(r->enhanced + 1, ".5.3") == 0);
}

static void
rule(const struct row *row, const char *status, struct verdict *v)
{
	v->next = row->next;
	v->outcome = row->outcome;
	v->close = row->end != 0;
	v->mend = row->end == MEND;
	v->again = v->soon = v->busy = false;
	strlcpy(v->status, status, sizeof v->status);
	/* What we decide holds, and the status says the same. */
	if (v->outcome == OUT_LATER && v->status[0] != '4')
		v->status[0] = '4';
}

/* What greylisting says: come again in a while.  4.7.1 is its usual code; many
 * say 450 or 451 to RCPT without one.  Other enhanced codes (4.2.2, a full
 * mailbox; 4.3.0, trouble of theirs) are no such promise. */
static bool
greylisted(enum stage stage, const struct reply *r)
{
	if (r->code != 450 && r->code != 451)
		return false;
	if (r->enhanced[0])
		return strcmp(r->enhanced, "4.7.1") == 0 ||
		       (stage == AT_RCPT && strcmp(r->enhanced, "4.7.0") == 0);
	return stage == AT_RCPT;
}

/* 421, or another "later" with RFC 3463's words for too much at once. */
static bool
busy(const struct reply *r)
{
	return r->code == 421 ||
	       (r->code < 500 && (strcmp(r->enhanced, "4.3.2") == 0 ||
				     strcmp(r->enhanced, "4.4.5") == 0));
}

void
judge_reply(
    enum stage stage, const struct reply *r, bool some, struct verdict *v)
{
	bool many = too_many(stage, r);
	/* Before one was accepted there cannot be too many, unless it says
	 * so. */
	bool later = many && (some || r->enhanced[0]);
	const struct row *row = find(stage, later ? 452 : r->code);

	/* A 2.x.x where it is out of place says nothing of the failure. */
	bool theirs = r->enhanced[0] &&
		      (r->enhanced[0] != '2' || row->outcome == OUT_DELIVERED);

	rule(row, theirs ? r->enhanced : row->status, v);
	v->again = many && some;
	v->busy = busy(r);
	v->soon = v->outcome == OUT_LATER && greylisted(stage, r);
}

void
judge_mishap(enum stage stage, enum mishap mishap, struct verdict *v)
{
	const struct row *row = find(stage, mishap);

	rule(row, row->status, v);
}
