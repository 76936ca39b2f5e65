/* probe - deliver --check: the way of a message to each relay of the settings,
 * as far as MAIL, told step by step.  Nothing is sent to anybody.
 *
 * It is the same way that mail goes: a job like any, whose transaction is over
 * with the answer to MAIL.  Of a domain's MX each is walked to, in their order.
 * With find nothing is walked to: of a relay by SRV each host is said, in its
 * order, as a line "srv HOST PORT first|starttls".
 *
 * The sessions tell what happens to them by the
 * functions below, which do nothing in an agent (net->probe is NULL). */
#ifndef DELIVER_NET_PROBE_H
#define DELIVER_NET_PROBE_H
#include "deliver/net/session.h"

#define PROBE_SECONDS 30 /* for one relay */

/* Walks to one after the other, a line each to out; then the loop ends. */
struct probe *probe_new(
    struct net *, int out, const char *to, bool find); /* NULL: ENOMEM */
int probe_status(const struct probe *);		       /* a sysexit */
void probe_free(struct probe *);

void probe_way(const struct relay *);
void probe_records(const struct session *); /* TLSA, and whether they count */
void probe_addresses(const struct session *);
void probe_connected(const struct session *);
void probe_secure(const struct session *);
void probe_plain(const struct session *); /* TLS failed, and may */
void probe_ready(const struct session *);
void probe_cannot(const struct session *); /* text of it says why */
void probe_session_ended(struct net *);
#endif
