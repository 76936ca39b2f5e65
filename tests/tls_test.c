/* A connection with TLS to servers that are as they should be, and others
 * (tests/tls_server.py, certificates by tests/certs.sh). */
#include "deliver/net/conn.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>

#define PATIENCE 20000 /* ms: a slow machine is no failure */

static char dir[64];

struct record {
	uint8_t usage, selector, match;
	const char *of; /* whose key or certificate */
	bool spoilt;
};

static const struct row {
	const char *name;
	const char *server; /* certificate and options */
	enum conf_tls how;
	const char *want; /* "secure BY", or a part of what is said */
	const char *whose, *as, *ca, *pin, *also;
	struct record tlsa[3];
	const char *cert;
	const char *saw; /* a part of what the server saw */
	int64_t patience;
	bool may_be_plain, verify;
} rows[] = {
	{ "right", "right", TLS_VERIFY, "secure ca", .ca = "ca",
	    .saw = "up TLSv1.3 reused=0 cert=-" },
	{ "right_by_starttls", "right starttls", TLS_VERIFY, "secure ca",
	    .ca = "ca" },
	{ "right_tls12", "right tls12", TLS_VERIFY, "secure ca", .ca = "ca",
	    .saw = "up TLSv1.2" },
	{ "wrong_name", "wrong", TLS_VERIFY,
	    "the certificate is for other.example, not relay.example",
	    .ca = "ca", .saw = "failed" },
	{ "no_name_but_an_address", "right", TLS_VERIFY,
	    "for relay.example, not 127.0.0.1", .ca = "ca",
	    .whose = "127.0.0.1" },
	{ "host_found_by_dns", "right", TLS_VERIFY,
	    "for relay.example, not corp.example", .ca = "ca",
	    .as = "corp.example" },
	{ "host_found_by_dns_for_the_domain", "wrong", TLS_VERIFY, "secure ca",
	    .ca = "ca", .as = "other.example" },
	/* A host's name from DNS that looks like an address. */
	{ "address_found_by_dns", "address", TLS_VERIFY,
	    "for 127.0.0.1, not corp.example", .ca = "ca", .whose = "127.0.0.1",
	    .as = "corp.example" },
	{ "expired", "expired", TLS_VERIFY,
	    "the certificate expired on 2001-01-01 00:00 UTC", .ca = "ca" },
	{ "self_signed", "self", TLS_VERIFY, "self-signed", .ca = "ca" },
	{ "another_authority", "right", TLS_VERIFY,
	    "signed by Test authority ca, which is not known here",
	    .ca = "other" },
	{ "roots_do_not_know_it", "right", TLS_VERIFY, "is not known here",
	    .ca = NULL },
	{ "unknown_root_in_the_chain", "right chain", TLS_VERIFY,
	    "is not known here", .ca = NULL },
	{ "ca_missing", "right", TLS_VERIFY, "cannot read the CA file",
	    .ca = "missing" },
	{ "pin", "right", TLS_PIN, "secure pin", .pin = "right" },
	{ "pin_of_another", "right", TLS_PIN, "which is no pin",
	    .pin = "self" },
	{ "pin_of_a_self_signed", "self", TLS_PIN, "secure pin",
	    .pin = "self" },
	{ "pin_of_an_expired_wrong_name", "expired", TLS_PIN, "secure pin",
	    .pin = "expired", .whose = "else.example" },
	{ "pins_none", "right", TLS_PIN, "which is no pin", .ca = NULL },
	{ "opportunistic", "self", TLS_OPPORTUNISTIC, "secure no",
	    .may_be_plain = true },
	{ "opportunistic_wrong_expired", "expired", TLS_OPPORTUNISTIC,
	    "secure no", .whose = "x.example", .may_be_plain = true },
	/* RFC 7672 */
	{ "dane_ee", "self", TLS_DANE, "secure dane",
	    .tlsa = { { 3, 1, 1, "self", false } } },
	{ "dane_ee_wrong", "self", TLS_DANE, "no TLSA record fits",
	    .tlsa = { { 3, 1, 1, "right", false } } },
	{ "dane_ee_one_of_two", "self", TLS_DANE, "secure dane",
	    .tlsa = { { 3, 1, 1, "right", false },
		{ 3, 1, 1, "self", false } } },
	{ "dane_ee_expired_and_of_another_name", "expired", TLS_DANE,
	    "secure dane", .whose = "mx.example",
	    .tlsa = { { 3, 1, 1, "expired", false } } },
	{ "dane_ee_whole_key", "self", TLS_DANE, "secure dane",
	    .tlsa = { { 3, 1, 0, "self", false } } },
	{ "dane_ee_certificate", "self", TLS_DANE, "secure dane",
	    .tlsa = { { 3, 0, 1, "self", false } } },
	{ "dane_ta", "right chain", TLS_DANE, "secure dane",
	    .tlsa = { { 2, 1, 1, "ca", false } } },
	{ "dane_ta_wrong", "right chain", TLS_DANE, "no TLSA record fits",
	    .tlsa = { { 2, 1, 1, "self", false } } },
	{ "dane_ta_wrong_name", "wrong chain", TLS_DANE,
	    "is for other.example, not relay.example",
	    .tlsa = { { 2, 1, 1, "ca", false } } },
	{ "dane_ta_next_hop_name", "wrong chain", TLS_DANE, "secure dane",
	    .also = "other.example", .tlsa = { { 2, 1, 1, "ca", false } } },
	{ "dane_unusable_usage", "self", TLS_DANE, "secure no",
	    .tlsa = { { 1, 1, 1, "right", false } } },
	{ "dane_unusable_length", "self", TLS_DANE, "secure no",
	    .tlsa = { { 3, 1, 1, "right", true } } },
	{ "dane_usable_beside_unusable", "self", TLS_DANE,
	    "no TLSA record fits",
	    .tlsa = { { 1, 1, 1, "right", false },
		{ 3, 1, 1, "right", false } } },
	/* RFC 8461 2: records that cannot be used are no way around a policy */
	{ "dane_unusable_with_a_policy", "self", TLS_DANE, "self-signed",
	    .ca = "ca", .tlsa = { { 1, 1, 1, "right", false } },
	    .verify = true },
	{ "dane_unusable_with_a_policy_that_is_met", "right", TLS_DANE,
	    "secure ca", .ca = "ca", .tlsa = { { 1, 1, 1, "right", false } },
	    .verify = true },
	{ "dane_usable_with_a_policy", "self", TLS_DANE, "secure dane",
	    .ca = "ca", .tlsa = { { 3, 1, 1, "self", false } },
	    .verify = true },
	{ "dane_without_records", "self", TLS_DANE, "secure no",
	    .may_be_plain = true },
	/* the way there */
	{ "injection_behind_starttls", "right starttls inject", TLS_VERIFY,
	    "plain text came before the TLS handshake", .ca = "ca" },
	{ "no_tls_at_all", "right plain", TLS_VERIFY, "does not speak TLS",
	    .ca = "ca" },
	{ "too_old", "right old", TLS_VERIFY, "no TLS 1.2 or later",
	    .ca = "ca" },
	{ "silent", "right silent", TLS_VERIFY, "took too long", .ca = "ca",
	    .patience = 100 },
	{ "our_certificate", "right client", TLS_VERIFY, "secure ca",
	    .ca = "ca", .cert = "client", .saw = "cert=client.example" },
	{ "our_certificate_tls12", "right client tls12", TLS_VERIFY,
	    "secure ca", .ca = "ca", .cert = "client",
	    .saw = "cert=client.example" },
	{ "our_certificate_missing", "right client tls12", TLS_VERIFY,
	    "the TLS handshake failed", .ca = "ca", .saw = "failed" },
	{ "our_key_is_everybodys", "right", TLS_VERIFY, "others can read it",
	    .ca = "ca", .cert = "right" },
	{ "end_without_notice", "right cut", TLS_VERIFY,
	    "secure ca lost: Connection reset by peer", .ca = "ca" },
};

struct server {
	pid_t pid;
	FILE *out;
	in_port_t port;
};

static struct talk {
	struct conn conn;
	struct tls_store *store;
	struct tls_want want;
	struct loop_timer late;
	int64_t patience;
	int lines; /* in plain text */
	bool secure;
	struct buf told;
	struct tls_facts facts;
} t;

static struct server
start(const char *how)
{
	struct server s = { 0 };
	int out[2];
	unsigned port = 0;
	char line[32];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s.pid = fork();
	if (s.pid == 0) {
		char words[128], *argv[12] = { (char *)"python3",
			(char *)"tests/tls_server.py", dir };
		char *rest = words;
		int n = 3;

		strlcpy(words, how, sizeof words);
		while ((argv[n] = strsep(&rest, " ")) != NULL && n < 10)
			n++;
		dup2(out[1], 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		execv("/usr/bin/python3", argv);
		_exit(127);
	}
	close(out[1]);
	s.out = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof line, s.out));
	port = (unsigned)strtoul(line, NULL, 10);
	assert_true(port > 0 && port < 65536);
	s.port = (in_port_t)port;
	return s;
}

static void
saw(struct server *s, char line[128])
{
	if (fgets(line, 128, s->out) == NULL)
		*line = '\0';
}

static void
stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	fclose(s->out);
}

static void
over(void)
{
	loop_stop();
}

static void
too_late(struct loop_timer *timer)
{
	(void)timer;
	buf_str(&t.told, " TOO LATE");
	loop_stop();
}

static void
data(struct conn *c)
{
	struct span in = buf_view(&c->in), line;

	if (!span_has(in, '\n'))
		return;
	if (!t.secure && t.lines++ == 0) {
		buf_reset(&c->in);
		buf_str(&c->out, "STARTTLS\r\n");
		conn_flush(c);
		return;
	}
	line = span_cut(&in, '\n');
	buf_drop(&c->in, line.len + 1);
	if (!t.secure) {
		conn_starttls(c, t.store, &t.want);
		conn_patience(c, t.patience);
	} else if (t.lines++ < 10) {
		t.lines = 10;
		buf_str(&c->out, "hello\r\n");
		conn_flush(c);
	} else {
		buf_str(&c->out, "QUIT\r\n");
		conn_flush(c);
	}
}

static void
happened(struct conn *c, enum conn_event e)
{
	switch (e) {
	case CONN_UP:
		if (t.lines == -1) {
			conn_starttls(c, t.store, &t.want);
			conn_flush(c); /* as an owner may, at any time */
			conn_patience(c, t.patience);
		}
		break;
	case CONN_SECURE:
		t.secure = true;
		t.lines = 1;
		t.facts = *tls_facts(c->tls);
		buf_fmt(&t.told, "secure %s", tls_by_text[t.facts.by]);
		break;
	case CONN_INSECURE:
		assert_true(c->why.len > 0);
		buf_span(&t.told, buf_view(&c->why));
		over();
		break;
	case CONN_DATA:
		data(c);
		break;
	case CONN_ROOM:
		break;
	case CONN_LOST:
		if (c->error)
			buf_fmt(&t.told, " lost: %s", strerror(c->error));
		over();
		break;
	default:
		buf_fmt(&t.told, " event %d", (int)e);
		over();
		break;
	}
}

/* One connection; what happened is in t.told. */
static void
talk(in_port_t port, bool starttls)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct conn_addr a = { .len = sizeof sin };

	memcpy(&a.sa, &sin, sizeof sin);
	assert_int_equal(loop_init(), 0);
	t.late = (struct loop_timer){ .fire = too_late };
	loop_in(&t.late, 3 * (int64_t)PATIENCE);
	t.lines = starttls ? 0 : -1;
	t.secure = false;
	buf_reset(&t.told);
	t.facts = (struct tls_facts){ 0 };
	conn_init(&t.conn, happened);
	conn_open(&t.conn, &a, 1, PATIENCE);
	loop_run();
	conn_close(&t.conn);
	loop_cancel(&t.late);
}

static void
slurp(const char *name, const char *end, struct buf *out)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.%s", dir, name, end);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(buf_room(out, 4096), 0);
	out->len += fread(out->ptr + out->len, 1, 4096, f);
	fclose(f);
}

static void
make_record(const struct record *r, struct tls_record *to, struct buf *data)
{
	char hex[3] = "";
	struct buf pin = { 0 };

	*to = (struct tls_record){ r->usage, r->selector, r->match, { 0 } };
	if (r->match == 0) {
		slurp(r->of, r->selector ? "spki" : "der", data);
	} else {
		slurp(r->of, r->selector ? "pin" : "sum", &pin);
		for (size_t i = 0; i < 32; i++) {
			memcpy(hex, pin.ptr + 7 + 2 * i, 2);
			buf_chr(data, (char)strtoul(hex, NULL, 16));
		}
	}
	buf_free(&pin);
	to->data = buf_view(data);
	if (r->spoilt)
		to->data.len--;
}

static void
check(void **state)
{
	const struct row *row = *state;
	struct conf_relay relay = { .name = (char *)"main", .tls = row->how };
	char ca[128], cert[128], key[128], line[128], *pins[2] = { 0 };
	struct tls_record records[3];
	struct buf data_of[3] = { 0 }, pin = { 0 }, tell = { 0 };
	struct server s = start(row->server);
	size_t n = 0;

	snprintf(ca, sizeof ca, "%s/%s.pem", dir, row->ca ? row->ca : "");
	snprintf(
	    cert, sizeof cert, "%s/%s.pem", dir, row->cert ? row->cert : "");
	snprintf(key, sizeof key, "%s/%s.key", dir, row->cert ? row->cert : "");
	relay.ca = row->ca ? ca : NULL;
	relay.cert = row->cert ? cert : NULL;
	relay.key = row->cert ? key : NULL;
	relay.pins = pins;
	if (row->pin) {
		slurp(row->pin, "pin", &pin);
		pin.len--; /* LF */
		pins[relay.npins++] = (char *)"sha256:00";
		pins[relay.npins++] = (char *)(uintptr_t)buf_c(&pin);
		pin.ptr[pin.len] = '\0';
	}
	for (; n < 3 && row->tlsa[n].of; n++)
		make_record(&row->tlsa[n], &records[n], &data_of[n]);
	t.want = (struct tls_want){ .how = row->how,
		.name = row->whose ? row->whose : "relay.example",
		.as = row->as,
		.also = row->also,
		.port = "25",
		.relay = &relay,
		.tlsa = records,
		.ntlsa = n,
		.verify = row->verify };
	assert_int_equal(tls_must(&t.want), !row->may_be_plain);
	t.patience = row->patience ? row->patience : PATIENCE;
	t.store = tls_store_new();
	talk(s.port, strstr(row->server, "starttls") != NULL);
	if (strstr(buf_c(&t.told), row->want) == NULL)
		fail_msg(
		    "wanted \"%s\", got \"%s\"", row->want, buf_c(&t.told));
	/* nothing more than what was wanted of one that went well */
	if (strncmp(row->want, "secure", 6) == 0)
		assert_string_equal(buf_c(&t.told), row->want);
	else
		assert_false(t.secure);
	if (row->saw) {
		saw(&s, line);
		if (strstr(line, row->saw) == NULL)
			fail_msg("the server saw \"%s\"", line);
	}
	if (t.secure) {
		tls_tell(&t.facts, &tell);
		assert_non_null(strstr(buf_c(&tell), t.facts.key));
		assert_non_null(strstr(buf_c(&tell), "valid until 20"));
	}
	stop(&s);
	tls_store_free(t.store);
	for (size_t i = 0; i < 3; i++)
		buf_free(&data_of[i]);
	buf_free(&pin);
	buf_free(&tell);
	buf_free(&t.told);
}

/* The second time it is resumed; under another policy, or for another name, it
 * is not. */
static void
resumes(const char *how)
{
	struct conf_relay relay = { .name = (char *)"main" };
	char ca[128], line[128];
	struct server s = start(how);

	snprintf(ca, sizeof ca, "%s/ca.pem", dir);
	relay.ca = ca;
	t.store = tls_store_new();
	t.patience = PATIENCE;
	t.want = (struct tls_want){ .how = TLS_VERIFY,
		.name = "relay.example",
		.port = "25",
		.relay = &relay };
	for (int i = 0; i < 3; i++) {
		talk(s.port, false);
		assert_string_equal(buf_c(&t.told), "secure ca");
		assert_int_equal(t.facts.resumed, i > 0);
		assert_string_equal(t.facts.names, "relay.example");
		saw(&s, line);
		assert_non_null(strstr(line, i ? "reused=1" : "reused=0"));
	}
	t.want.how = TLS_OPPORTUNISTIC;
	talk(s.port, false);
	assert_string_equal(buf_c(&t.told), "secure no");
	assert_false(t.facts.resumed);
	t.want.how = TLS_VERIFY;
	t.want.name = "other.example";
	talk(s.port, false);
	assert_non_null(strstr(buf_c(&t.told), "not other.example"));
	stop(&s);
	tls_store_free(t.store);
	buf_free(&t.told);
}

static void
resumed_tls13(void **state)
{
	(void)state;
	resumes("right");
}

static void
resumed_tls12(void **state)
{
	(void)state;
	resumes("right tls12");
}

/* One host of two domains, with the name of one of them. */
static void
not_resumed_for_another_domain(void **state)
{
	struct conf_relay relay = { .name = (char *)"mx" };
	const struct record ta = { 2, 1, 1, "ca", false };
	struct tls_record record;
	struct buf data = { 0 };
	struct server s = start("wrong chain");

	(void)state;
	make_record(&ta, &record, &data);
	t.store = tls_store_new();
	t.patience = PATIENCE;
	t.want = (struct tls_want){ .how = TLS_DANE,
		.name = "relay.example",
		.also = "other.example",
		.port = "25",
		.relay = &relay,
		.tlsa = &record,
		.ntlsa = 1 };
	for (int i = 0; i < 2; i++) {
		talk(s.port, false);
		assert_string_equal(buf_c(&t.told), "secure dane");
		assert_int_equal(t.facts.resumed, i > 0);
	}
	t.want.also = "third.example";
	talk(s.port, false);
	assert_non_null(
	    strstr(buf_c(&t.told), "is for other.example, not relay.example"));
	stop(&s);
	tls_store_free(t.store);
	buf_free(&data);
	buf_free(&t.told);
}

static int
setup(void **state)
{
	char command[160];
	int fd = scratch_make(dir);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (fd == -1)
		return -1;
	close(fd);
	snprintf(command, sizeof command, "tests/certs.sh %s", dir);
	return system(command);
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 5];
	size_t n = 0;

	memset(tests, 0, sizeof tests);
	ADD_ROWS(tests, n, rows, check);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(resumed_tls13);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(resumed_tls12);
	tests[n++] =
	    (struct CMUnitTest)cmocka_unit_test(not_resumed_for_another_domain);
	return _cmocka_run_group_tests("tls", tests, n, setup, teardown);
}
