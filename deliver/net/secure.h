/* secure - what a session does about TLS and its password: it knows the relay's
 * settings, and where secrets are. */
#ifndef DELIVER_NET_SECURE_H
#define DELIVER_NET_SECURE_H
#include "deliver/net/session.h"

void secure_up(struct session *);   /* CONN_UP, after smtp_init */
void secure_done(struct session *); /* CONN_SECURE */
/* CONN_INSECURE.  true: it is tried once more, in plain text. */
bool secure_failed(struct session *);
/* At AT_TLS and AT_LOGIN: does what is to be done. */
void secure_step(struct session *);
void secure_ready(struct session *); /* a word in the log */
/* The connection is of no use any more: what was asked for or found for it is
 * forgotten. */
void secure_forget(struct session *);
#endif
