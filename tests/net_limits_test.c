/* What the role net never does: more sessions than it may have, and taking an
 * answer for another connection than the one it was asked for. */
#include "deliver/net/relay.h"
#include "tests/net_rig.h"

enum { MANY_DOMAINS = NET_SESSIONS + 50 };

/* We are the role dns. */
static void
be_dns(void (*asked)(struct ipc *, struct ipc_msg *))
{
	int ends[2];

	loop_init();
	w.conf.hostname = (char *)"client.example";
	w.conf.relays = w.relays;
	w.conf.nrelays = 1;
	w.relays[0].name = (char *)"main";
	w.net = fork_role(ROLE_NET, &w.to_net);
	join_queue();
	assert_int_equal(ipc_pair(ends), 0);
	give(&w.to_net, ROLE_DNS, ends[0]);
	w.to_dns = (struct ipc){ .got = asked, .gone = gone };
	assert_int_equal(ipc_open(&w.to_dns, ends[1], ROLE_DNS, ROLE_NET), 0);
}

static void
answer(struct ipc *c, uint32_t ref, const struct dns_answer *a)
{
	struct buf b = { 0 };

	dns_encode(a, &b);
	assert_int_equal(ipc_send(c, IPC_DNS_ANSWER, ref, &b, -1), 0);
	buf_free(&b);
}

/* --- the bound of sessions --- */

static unsigned hosts_asked;
static uint32_t a_host; /* ref of one question for a host */

/* Each domain has a host, whose addresses are never told; "none" is none. */
static void
hosts_are_slow(struct ipc *c, struct ipc_msg *m)
{
	static struct dns_answer a;
	struct ipc_in in = { .rest = m->body };
	enum dns_what what = (enum dns_what)ipc_get8(&in);
	struct span name = ipc_get(&in);

	if (what == DNS_HOST) {
		hosts_asked++;
		a_host = m->ref;
		return;
	}
	a = (struct dns_answer){ .what = what, .status = DNS_NONE, .ttl = 60 };
	if (!span_starts(name, SPAN("none"))) {
		a.status = DNS_FOUND;
		a.n = 1;
		strlcpy(a.mx[0].name, "mx.example", sizeof a.mx[0].name);
	}
	answer(c, m->ref, &a);
}

/* Its answers come in order, so what was asked before it has been worked on
 * when it comes back; a second one, and what came of that has reached us. */
static void
round_trips(uint32_t ref)
{
	char name[32];

	for (uint32_t i = 0; i < 2; i++) {
		snprintf(name, sizeof name, "none%u.example", ref + i);
		w.domain = name;
		job(ref + i);
		await(w.ended + 1, 20000);
		assert_false(w.late);
		want(ref + i, OUT_NEVER, 1);
	}
	w.domain = NULL;
}

static void
so_many_sessions_and_no_more(void **state)
{
	struct dns_answer none = { .what = DNS_HOST, .status = DNS_NONE };
	char domain[32];

	(void)state;
	hosts_asked = 0;
	w.second = 1000;
	w.relays[0].find = FIND_MX;
	be_dns(hosts_are_slow);
	for (uint32_t i = 0; i < MANY_DOMAINS; i++) {
		snprintf(domain, sizeof domain, "d%u.example", i);
		w.domain = domain;
		job(i);
	}
	round_trips(MANY_DOMAINS);
	assert_int_equal(hosts_asked, NET_SESSIONS - NET_RELAYS);
	/* One ends, and one that waited has its room. */
	answer(&w.to_dns, a_host, &none);
	await(w.ended + 1, 20000);
	round_trips(MANY_DOMAINS + 2);
	assert_int_equal(hosts_asked, NET_SESSIONS - NET_RELAYS + 1);
}

/* --- a token that comes too late --- */

static uint32_t commands[4];
static unsigned ncommands;

/* Two addresses: the two servers. */
static void
two_addresses(struct ipc *c, struct ipc_msg *m)
{
	static struct dns_answer a;

	a = (struct dns_answer){
		.what = DNS_ADDRS, .status = DNS_FOUND, .ttl = 60, .n = 2
	};
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_in *sa = (struct sockaddr_in *)&a.addrs[i].sa;

		sa->sin_family = AF_INET;
		sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sa->sin_port =
		    htons((uint16_t)strtoul(w.servers[i].port, NULL, 10));
		a.addrs[i].len = sizeof *sa;
	}
	answer(c, m->ref, &a);
}

/* We are the parent. */
static void
a_command(struct ipc *c, struct ipc_msg *m)
{
	(void)c;
	assert_int_equal(m->type, IPC_FORK_TOKEN);
	assert_true(ncommands < 4);
	commands[ncommands++] = m->ref;
	loop_stop();
}

static void
command_ends(uint32_t ref, const char *printed)
{
	struct buf b = { 0 };
	int fd = -1;

	if (printed) {
		fd = memfd_create("token", MFD_CLOEXEC);
		assert_int_equal(
		    write(fd, printed, strlen(printed)), strlen(printed));
		assert_int_equal(
		    ipc_send(&w.to_net, IPC_TOKEN, ref, NULL, fd), 0);
		close(fd);
		return;
	}
	ipc_str(&b, "its command ended with status 1");
	assert_int_equal(ipc_send(&w.to_net, IPC_NOTOKEN, ref, &b, -1), 0);
	buf_free(&b);
}

/* The first server closes while the command runs; its answer comes when the
 * second has not greeted yet. */
static void
late_answer(const char *printed)
{
	char *words[] = { (char *)"/bin/token" };
	const char *said;

	ncommands = 0;
	w.relays[0].plain_auth = true;
	w.relays[0].user = (char *)"joe";
	w.relays[0].password = words;
	w.relays[0].npassword = 1;
	server_start(
	    0, "[{\"EHLO\": \"250-a\\n250 AUTH PLAIN|wait 0.2|close\"}]", NULL);
	server_start(1,
	    "[{\"banner\": \"wait 1|220 hi\","
	    "\"EHLO\": \"250-a\\n250 AUTH PLAIN\",\"AUTH\": \"235 ok\"}]",
	    NULL);
	w.relays[0].hosts = w.hosts;
	w.relays[0].nhosts = 1;
	be_dns(two_addresses);
	w.to_net.got = a_command;
	job(0);
	await(1, 20000); /* until the command */
	assert_int_equal(ncommands, 1);
	server_until(0, "close");
	server_until(1, "open");
	command_ends(commands[0], printed);
	await(1, 20000); /* until the second command */
	want(0, OUT_LATER, 0);
	assert_int_equal(ncommands, 2);
	command_ends(commands[1], "sesame7\n");
	await(1, 20000);
	want(0, OUT_DELIVERED, 1);
	said = server_said(1);
	assert_int_equal(times(said, "open"), 1);
	assert_int_equal(times(said, "AUTH"), 1);
}

static void
late_no_is_not_for_the_next_address(void **state)
{
	(void)state;
	late_answer(NULL);
}

static void
late_password_is_not_for_the_next_address(void **state)
{
	(void)state;
	late_answer("other\n");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		STORY(so_many_sessions_and_no_more),
		STORY(late_no_is_not_for_the_next_address),
		STORY(late_password_is_not_for_the_next_address),
	};

	log_open("net_test");
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
