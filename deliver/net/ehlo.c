#include "deliver/net/ehlo.h"
#include "deliver/net/auth.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

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
	{ SPAN("SEND"), EHLO_SEND },
	{ SPAN("SOML"), EHLO_SOML },
	{ SPAN("SAML"), EHLO_SAML },
	{ SPAN("REQUIRETLS"), EHLO_REQUIRETLS },
	{ SPAN("LIMITS"), EHLO_LIMITS },
	{ SPAN("STARTTLS"), EHLO_STARTTLS },
	{ SPAN("AUTH"), EHLO_AUTH },
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

/* RFC 9422 4: words NAME=VALUE; what is not known is passed over, and so is a
 * limit of 0, under which nothing could be sent. */
static void
limits(struct span rest, struct ehlo *e)
{
	struct span word;

	while ((word = span_word(&rest)).len) {
		struct span name = span_cut(&word, '=');

		if (span_ieq(name, SPAN("MAILMAX")))
			e->mailmax = limit(word);
		else if (span_ieq(name, SPAN("RCPTMAX")))
			e->rcptmax = limit(word);
	}
}

void
ehlo_parse(struct span text, struct ehlo *e)
{
	*e = (struct ehlo){ 0 };
	span_cut(&text, '\n');
	while (text.ptr != NULL) {
		struct span line = span_cut(&text, '\n');
		struct span word = span_word(&line);

		/* Of old: AUTH=PLAIN LOGIN */
		if (span_starts(word, SPAN("AUTH="))) {
			e->offers |= EHLO_AUTH;
			e->auth |= auth_offered(span_from(word, 5));
			e->auth |= auth_offered(line);
		}
		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			if (!span_ieq(word, words[i].word))
				continue;
			e->offers |= words[i].flag;
			if (words[i].flag == EHLO_SIZE)
				e->size = limit(span_word(&line));
			if (words[i].flag == EHLO_LIMITS)
				limits(line, e);
			if (words[i].flag == EHLO_AUTH)
				e->auth |= auth_offered(line);
		}
	}
}

/* A name of two labels at least, of letters, digits and hyphens, the last one
 * no number; and none that every machine has. */
static bool
full(const char *name)
{
	struct span rest = span_of(name), label = { 0 };
	size_t labels = 0;

	if (rest.len == 0 || rest.len >= EHLO_NAME)
		return false;
	while (rest.ptr != NULL) {
		label = span_cut(&rest, '.');
		if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
		    label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (strchr("abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
				label.ptr[i]) == NULL)
				return false;
		labels++;
	}
	return labels > 1 && !(label.ptr[0] >= '0' && label.ptr[0] <= '9') &&
	       !span_ieq(label, SPAN("localdomain")) &&
	       !span_ieq(label, SPAN("localhost"));
}

void
ehlo_name(
    const char *hostname, const struct sockaddr *local, char name[EHLO_NAME])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (!full(hostname) && local && local->sa_family == AF_INET)
		inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)local)
			 ->sin_addr,
		    text, sizeof text);
	if (!full(hostname) && local && local->sa_family == AF_INET6)
		inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)local)
			 ->sin6_addr,
		    text, sizeof text);
	if (text[0])
		snprintf(name, EHLO_NAME, "[%s%s]",
		    local->sa_family == AF_INET6 ? "IPv6:" : "", text);
	else
		strlcpy(name, hostname, EHLO_NAME);
}
