#include "deliver/net/ehlo.h"

static const struct {
	struct span word;
	unsigned flag;
} words[] = {
	{ SPAN("PIPELINING"), EHLO_PIPELINING },
	{ SPAN("SIZE"), EHLO_SIZE },
	{ SPAN("8BITMIME"), EHLO_8BITMIME },
	{ SPAN("SMTPUTF8"), EHLO_SMTPUTF8 },
	{ SPAN("ENHANCEDSTATUSCODES"), EHLO_STATUS },
	{ SPAN("DSN"), EHLO_DSN },
	{ SPAN("CHUNKING"), EHLO_CHUNKING },
};

/* RFC 1870 4: no number, or 0, is no fixed limit.  A number that is none is
 * not believed: the server will say no for itself. */
static uint64_t
limit(struct span number)
{
	long long n = 0;

	if (span_num(number, 0, INT64_MAX, &n) == -1)
		return 0;
	return (uint64_t)n;
}

void
ehlo_parse(struct span text, struct ehlo *e)
{
	*e = (struct ehlo){ 0 };
	span_cut(&text, '\n');
	while (text.ptr != NULL) {
		struct span line = span_cut(&text, '\n');
		struct span word = span_word(&line);

		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			if (!span_ieq(word, words[i].word))
				continue;
			e->offers |= words[i].flag;
			if (words[i].flag == EHLO_SIZE)
				e->size = limit(span_word(&line));
		}
	}
}
