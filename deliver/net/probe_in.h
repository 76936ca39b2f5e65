/* probe_in - what the files of probe share. */
#ifndef DELIVER_NET_PROBE_IN_H
#define DELIVER_NET_PROBE_IN_H
#include "deliver/net/probe.h"

/* Where it went wrong, and what a person can do there. */
enum where {
	AT_DOMAIN,
	AT_NAME,
	AT_HOST,
	AT_GREETING,
	AT_CIPHER,
	AT_PASSWORD,
	AT_SENDER
};

struct probe {
	struct net *net;
	int out, status;
	bool find; /* only where SRV leads */
	size_t at; /* relays of the settings that are behind us; main is first
		    */
	bool main;
	const struct conf_relay *relay;
	const char *to;	  /* only the way of mail to it; or NULL */
	struct relay *mx; /* whose hosts are walked to one by one */
	size_t host;	  /* of them, the last one that was tried */
	bool works;	  /* one of them does */
	bool over;	  /* nothing is left to be walked to */
	bool unsaid;	  /* a sentence was not heard: that is no success */
	bool listed;
	bool connected, answered, tried;
	enum where where;
	struct buf told; /* the last sentence of probe_cannot */
	struct loop_timer next, limit;
};

void probe_line(struct probe *, struct buf *);	/* and frees it */
void probe_say(struct buf *, const char *text); /* printable */
#endif
