#include "common/addr.h"
#include "common/conf.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
claim(bool so)
{
	if (!so)
		abort();
}

static void
relay(const struct conf *c, const struct conf_relay *r)
{
	bool mx = r->find == FIND_MX && (strcmp(r->name, "mx") == 0 ||
					    strncmp(r->name, "mx:", 3) == 0);

	claim(strlen(r->name) < CONF_RELAY_NAME);
	claim(conf_relay(c, r->name) == r);
	claim((r->nhosts == 0) == mx);
	claim(r->find == FIND_HOST || r->nhosts <= 1);
	for (size_t i = 0; i < r->nhosts; i++) {
		const struct conf_host *h = &r->hosts[i];

		claim(h->name[0] != '\0');
		claim((h->port[0] == '\0') ==
		      (h->name[0] == '/' || r->find == FIND_SRV));
		claim(h->name[0] != '/' || (r->lmtp && r->tls == TLS_NEVER));
	}
	claim((r->npins > 0) == (r->tls == TLS_PIN));
	claim(!r->cert == !r->key);
	claim(!mx || !(r->nauth || r->user || r->ntoken || r->npassword));
	for (size_t i = 0; i < r->npins; i++)
		claim(strlen(r->pins[i]) == 7 + 64);
}

static void
lists(const struct conf *c)
{
	struct addr a;

	for (size_t i = 0; i < c->nrelays; i++)
		relay(c, &c->relays[i]);
	for (size_t i = 0; i < c->nroutes; i++)
		claim(c->routes[i].pattern[0] &&
		      conf_relay(c, c->routes[i].relay) != NULL);
	for (size_t i = 0; i < c->nsenders_as; i++) {
		claim(
		    addr_parse(span_of(c->senders_as[i].addr), &a) == ADDR_OK &&
		    a.domain.len > 0);
		conf_sender_fits(
		    c->senders_as[i].pattern, span_of(c->senders_as[i].addr));
	}
	for (size_t i = 0; i < c->nrules; i++)
		claim(c->rules[i].rcpt[0] && c->rules[i].kind >= 0 &&
		      c->rules[i].kind <= 3);
	for (size_t i = 0; i < c->nclients; i++)
		claim(c->clients[i].bits <= 128 &&
		      conf_is_client(c, c->clients[i].addr));
}

/* Either everything is in range, or there is a sentence, printable, in one
 * line. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf err = { 0 };
	struct conf c;
	int result = conf_parse(text, "F", &c, &err);

	claim((result == 0) == (err.len == 0));
	for (size_t i = 0; i < err.len; i++)
		claim(err.ptr[i] >= ' ' && err.ptr[i] <= '~');
	if (result == 0) {
		claim(c.nretry >= 1 && c.nretry <= 32 && c.warn >= 0 &&
		      c.give_up >= 1 && c.max_size > 0 && c.max_queue > 0);
		claim(c.local_path && c.local_path[0]);
		claim(c.local != LOCAL_LMTP || conf_relay(&c, c.local_path));
		claim(!c.per_user == !c.per_seconds);
		claim((c.senders == MAY_GROUP) == (c.senders_group != NULL));
		claim(c.alert.every >= 1 && c.alert.via && c.alert.via[0]);
		claim(conf_relay(&c, "mx") == &c.relays[0]);
		lists(&c);
		claim(conf_route(&c, text, text) != NULL);
	}
	conf_free(&c);
	buf_free(&err);
	return 0;
}
