/* libFuzzer: whole roles, net and dns, to which every peer lies: packets of any
 * type, the table's and others, with any body, a file or none, on the channels
 * of the parent, the queue, net and dns.  The role ends in good order when its
 * parent has gone, keeps to the table in what it says itself, and leaves no
 * descriptor behind.
 *
 *     octet 0                 1: dns, else net
 *     then, packet by packet: octet, the channel (and bit 7: with a file);
 *                             octet, the type; u8 ref; u8 how long; the body
 *
 * Nobody is connected to: connect(2) refuses. */
#include "deliver/dns/dns.h"
#include "deliver/ipc.h"
#include "deliver/net/net.h"
#include "tests/fuzz/liar.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerInitialize(int *, char ***);

enum { PARENT, QUEUE, DNS, CHANNELS };
#define ROUNDS 4    /* of the loop, at least, before the parent goes */
#define PACKETS 200 /* what one socket holds */

static struct conf conf;
static struct conf_relay relays[2];
static struct conf_host host = { .name = (char *)"relay.example",
	.port = (char *)"25" };
static int ours[CHANNELS], message;
static struct loop_timer end;
static int rounds;

int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	(void)sa;
	(void)len;
	errno = ECONNREFUSED;
	return -1;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	conf.hostname = (char *)"client.example";
	conf.relays = relays;
	conf.nrelays = 2;
	relays[0].name = (char *)"main";
	relays[0].hosts = &host;
	relays[0].nhosts = 1;
	relays[0].tls = TLS_NEVER;
	relays[1].name = (char *)"mx";
	relays[1].find = FIND_MX;
	relays[1].tls = TLS_NEVER;
	message = memfd_create("message", MFD_CLOEXEC);
	if (write(message, "envelopeSubject: x\n\nhello\n", 26) != 26)
		abort();
	return 0;
}

static void
over(struct loop_timer *t)
{
	if (rounds++ < ROUNDS) {
		loop_in(t, 0);
		return;
	}
	close(ours[PARENT]);
	ours[PARENT] = -1;
}

/* The role's other channels come by the parent's own word. */
static void
join(enum role peer, int channel)
{
	int ends[2];
	uint8_t role = (uint8_t)peer;

	if (ipc_pair(ends) == -1)
		abort();
	liar_send(ours[PARENT], IPC_PEER, 0,
	    (struct span){ (const char *)&role, 1 }, ends[1]);
	close(ends[1]);
	ours[channel] = ends[0];
}

/* What the role has said: no more than it may. */
static void
hear(int fd)
{
	struct {
		uint16_t type, zero;
		uint32_t ref;
		char body[IPC_MAX];
	} m;
	ssize_t n;

	while ((n = recv(fd, &m, sizeof m, MSG_DONTWAIT)) > 0)
		if (n < 8 || m.zero || m.type >= IPC_TYPES ||
		    (m.type != IPC_NET_ANSWER && m.type != IPC_NET_END &&
			m.type != IPC_NET_CONVERT && m.type != IPC_NET_KEEP &&
			m.type != IPC_DNS_ASK && m.type != IPC_DNS_ANSWER &&
			m.type != IPC_FORK_TOKEN))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct role_start start = { .conf = &conf, .control = -1 };
	static int least = -1;
	int ends[2], lowest;
	bool dns = size && data[0] == 1;

	if (size == 0)
		return 0;
	data++, size--;
	if (loop_init() == -1 || ipc_pair(ends) == -1)
		abort();
	ours[PARENT] = ends[0];
	start.fd = ends[1];
	ours[QUEUE] = ours[DNS] = -1;
	join(dns ? ROLE_NET : ROLE_QUEUE, QUEUE);
	if (!dns)
		join(ROLE_DNS, DNS);
	for (int n = 0; size >= 4 && n < PACKETS; n++) {
		unsigned channel = (data[0] & 0x7fu) % (dns ? DNS : CHANNELS);
		size_t len = data[3];

		len = len > size - 4 ? size - 4 : len;
		liar_send(ours[channel], data[1], data[2],
		    (struct span){ (const char *)data + 4, len },
		    data[0] & 0x80 ? message : -1);
		data += 4 + len;
		size -= 4 + len;
	}
	rounds = 0;
	end = (struct loop_timer){ .fire = over };
	loop_in(&end, 0);
	if (dns)
		dns_run(&start);
	else
		net_serve(&start, 1);
	loop_cancel(&end);
	for (int i = 0; i < CHANNELS; i++)
		if (ours[i] != -1) {
			hear(ours[i]);
			close(ours[i]);
		}
	lowest = dup(message);
	close(lowest);
	least = least == -1 ? lowest : least;
	if (lowest > least + 4) /* libraries keep one or two */
		abort();
	return 0;
}
