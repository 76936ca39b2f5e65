#include "deliver/setup/setup.h"
#include "deliver/setup/answer.h"
#include "deliver/setup/place.h"
#include "deliver/setup/setup_in.h"
#include "deliver/setup/show.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
    "usage: deliver --setup [--send relay|direct|none] [--account ADDRESS]\n"
    "           [--relay HOST[:PORT]] [--user NAME] [--password-stdin]\n"
    "           [--root-to ADDRESS] [--no-test] [--no-message] [--force]\n";

#define TRIES 3 /* of an answer, by a person */

enum way { WAY_RELAY, WAY_DIRECT, WAY_NONE, WAYS };
static const char *const ways[] = { "relay", "direct", "none" };

static int
options(int argc, char **argv, struct setup *s)
{
	static const struct option words[] = {
		{ "send", required_argument, NULL, 's' },
		{ "account", required_argument, NULL, 'a' },
		{ "relay", required_argument, NULL, 'r' },
		{ "user", required_argument, NULL, 'u' },
		{ "password-stdin", no_argument, NULL, 'p' },
		{ "root-to", required_argument, NULL, 't' },
		{ "no-test", no_argument, NULL, 'n' },
		{ "no-message", no_argument, NULL, 'm' },
		{ "force", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		const char **to = c == 's'   ? &s->send
				  : c == 'a' ? &s->account
				  : c == 'r' ? &s->relay
				  : c == 'u' ? &s->user
				  : c == 't' ? &s->root_to
					     : NULL;
		bool *flag = c == 'p'	? &s->password_stdin
			     : c == 'n' ? &s->no_test
			     : c == 'm' ? &s->no_message
			     : c == 'f' ? &s->force
					: NULL;

		if (to)
			*to = optarg;
		else if (flag)
			*flag = true;
		else
			return -1;
	}
	return optind == argc ? 0 : -1;
}

static int
no_answer(void)
{
	fflush(stdout);
	fputs("deliver: no answer; nothing was written\n", stderr);
	return EX_NOINPUT;
}

/* The option, or else the question. */
static int
answer(const char *option, const char *question, struct buf *to)
{
	if (option == NULL)
		return answer_line(question, to);
	buf_reset(to);
	buf_str(to, option);
	return to->bad ? -1 : 0;
}

/* A person is asked once more; a script, or who never gets it right, is not. */
static bool
once_more(const char *option, int *asked, const char *what)
{
	if (option || !answer_is_person() || ++*asked == TRIES)
		return false;
	printf("That cannot be: %s.\n", what);
	return true;
}

static int
first_question(struct setup *s)
{
	static const char what[] =
	    "the answer is 1, 2 or 3 (--send relay, direct or none)";
	int way = -1, asked = 0;
	struct buf b = { 0 };
	long long n;

	while (answer(s->send,
		   "How does mail for other machines leave this one?\n"
		   "  1  through a relay: a provider's or a company's server, "
		   "with "
		   "an account\n"
		   "  2  directly to the recipients' servers; the big ones "
		   "refuse "
		   "a machine without\n"
		   "     a name in DNS, a static address and DKIM\n"
		   "  3  not at all: mail stays on this machine\n"
		   "1, 2 or 3: ",
		   &b) == 0) {
		for (int i = 0; i < WAYS; i++)
			if (span_eq(buf_view(&b), span_of(ways[i])))
				way = i;
		if (way == -1 && span_num(buf_view(&b), 1, WAYS, &n) == 0)
			way = (int)n - 1;
		if (way == -1 && once_more(s->send, &asked, what))
			continue;
		if (way == -1)
			fprintf(stderr, "deliver: %s\n", what);
		break;
	}
	buf_free(&b);
	return way;
}

/* Something that can be a mailbox, and a word of our files. */
static bool
is_address(struct span s)
{
	size_t at = 0;

	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f ||
		    strchr("\"\\,:;<>()[]#{}", s.ptr[i]))
			return false;
		at += s.ptr[i] == '@';
	}
	return at == 1 && s.ptr[0] != '@' && s.ptr[s.len - 1] != '@';
}

static int
wrong(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "deliver: %s; nothing was written\n", what);
	return EX_USAGE;
}

static int
where(struct setup *s)
{
	static const char what[] = "a relay is HOST or HOST:PORT";
	struct buf b = { 0 };
	int rc = -1, asked = 0;

	if (s->relay)
		return setup_relay(s, span_of(s->relay)) == 0
			   ? 0
			   : wrong("--relay is HOST, HOST:PORT or a provider");
	if (setup_find(s) == 0)
		return 0;
	while (rc == -1)
		if (answer_line("It is not known.  The relay's name, and its "
				"port if it is not 465 (host:port): ",
			&b) == -1)
			rc = no_answer();
		else if (setup_relay(s, buf_view(&b)) == 0)
			rc = 0;
		else if (!once_more(NULL, &asked, what))
			rc = wrong(what);
	buf_free(&b);
	return rc;
}

static int
second_question(struct setup *s)
{
	static const char what[] = "the account is an address, user@domain";
	int rc, asked = 0;

	do {
		if (answer(s->account,
			"The account at the relay, as an address "
			"(alerts@example.org);\nmail leaves as from it: ",
			&s->account_is) == -1)
			return no_answer();
		if (is_address(buf_view(&s->account_is)))
			break;
	} while (once_more(s->account, &asked, what));
	if (!is_address(buf_view(&s->account_is)))
		return wrong(what);
	if ((rc = where(s)) != 0)
		return rc;
	buf_str(&s->user_is, s->user ? s->user : buf_c(&s->account_is));
	rc = answer_password(
	    "Its password (not shown; empty: the relay wants none): ",
	    &s->password);
	if (rc == -1 || (rc == 1 && (s->password_stdin || answer_is_person())))
		return no_answer();
	return 0;
}

/* An address, a user, or nobody else. */
static bool
is_root(struct span to)
{
	if (to.len == 0 || is_address(to))
		return true;
	for (size_t i = 0; i < to.len; i++)
		if (strchr(" \t@\"\\,:;<>()[]#{}|/", to.ptr[i]))
			return false;
	return to.len <= 32;
}

static int
third_question(struct setup *s)
{
	static const char what[] =
	    "root's mail goes to an address, or to a user";
	int asked = 0;

	do {
		if (answer(s->root_to,
			"Who gets the mail for root?  An address, or empty: "
			"root's mailbox here: ",
			&s->root_is) == -1)
			return no_answer();
		if (is_root(buf_view(&s->root_is)))
			return 0;
	} while (once_more(s->root_to, &asked, what));
	return wrong(what);
}

static void
make_plan(struct setup *s, enum way way)
{
	struct plan_relay r = { .who = "the relay",
		.name = SPAN("main"),
		.nhosts = 1,
		.tls = ASKED_VERIFY };

	if (way == WAY_NONE)
		plan_set(&s->plan, "the answer", "relay", SPAN("none"));
	if (way != WAY_RELAY)
		return;
	r.hosts[0] = (struct plan_host){ .name = buf_view(&s->host),
		.port = buf_view(&s->port),
		.first_octet = s->first_octet };
	if (s->password.len) {
		r.user = buf_view(&s->user_is);
		r.password = buf_view(&s->password);
	}
	plan_relay(&s->plan, &r);
	plan_sender(
	    &s->plan, "the account", SPAN("*@*"), buf_view(&s->account_is));
}

static void
show(struct setup *s)
{
	puts("\nThis is what is to be written:\n");
	show_file(CONF_PATH, "root:root 0644",
	    s->plan.conf.len ? buf_view(&s->plan.conf)
			     : SPAN("# no settings are needed\n"));
	if (s->plan.masked.len)
		show_file(PLACE_SECRETS,
		    "root:bellman-net 0640, with the password, which is not "
		    "shown",
		    buf_view(&s->plan.masked));
	if (s->root_is.len) {
		fputs(PLACE_ALIASES
		    ", unless it says already who gets root's mail:\n\n    "
		    "root: ",
		    stdout);
		show_lines(buf_view(&s->root_is), "");
		puts("");
	}
}

static int
write_all(struct setup *s)
{
	const struct span nothing =
	    SPAN("# deliver --setup: no settings are needed\n");
	struct place p = { .conf = s->plan.conf.len ? buf_view(&s->plan.conf)
						    : nothing,
		.secrets = buf_view(&s->plan.secrets),
		.root = buf_view(&s->root_is),
		.net = s->ids.gid[ROLE_NET],
		.force = s->force };
	struct buf said = { 0 }, why = { 0 };
	int rc = place_write(&p, &said, &why);

	if (rc == 0)
		place_tell_agent(&said);
	show_text(buf_view(&said), "");
	fflush(stdout);
	if (rc == -1)
		fprintf(stderr, "deliver: %s\n", buf_c(&why));
	buf_free(&said);
	buf_free(&why);
	return rc == -1 ? EX_CANTCREAT : 0;
}

/* Whether the files may be written is asked before the person is. */
static int
may_write(struct setup *s)
{
	struct place p = {
		.conf = SPAN(""), .secrets = SPAN("x"), .force = s->force
	};
	struct buf why = { 0 };
	int status = 0;

	if (geteuid() != 0) {
		buf_str(&why, "only root can set the mailer up");
		status = EX_NOPERM;
	} else if (role_ids(&s->ids, &why) == -1) {
		status = EX_OSFILE;
	} else if (place_may(&p, &why) == -1) {
		status = EX_CANTCREAT;
	}
	if (status)
		fprintf(stderr, "deliver: %s\n", buf_c(&why));
	buf_free(&why);
	return status;
}

/* What a person can say otherwise without all the rest: 1; 0: that is only the
 * password, which is not shown; -1: he does not. */
static int
otherwise(struct setup *s, int status)
{
	struct buf b = { 0 };
	int rc = -1;

	if (!answer_is_person())
		return -1;
	if (status == EX_NOPERM) {
		printf("The name to log in with (empty: %s): ",
		    buf_c(&s->user_is));
		if (answer_line("", &b) == 0 &&
		    answer_password("Its password once more (not shown; empty: "
				    "end here): ",
			&s->password) == 0 &&
		    s->password.len)
			rc = 0;
		if (rc == 0 && b.len) {
			buf_reset(&s->user_is);
			buf_span(&s->user_is, buf_view(&b));
			rc = 1;
		}
	} else if (answer_line("Another relay, host:port (empty: end here): ",
		       &b) == 0 &&
		   b.len) {
		rc = setup_relay(s, buf_view(&b)) == 0 ? 1 : -1;
	}
	buf_free(&b);
	return rc;
}

/* All is known: shown, and tried. */
static int
show_and_try(struct setup *s, enum way way)
{
	int status, tried = 0, news = 1;

	for (;;) {
		plan_free(&s->plan);
		make_plan(s, way);
		if (s->plan.notes.len) {
			fflush(stdout);
			fprintf(stderr, "deliver: %s", buf_c(&s->plan.notes));
			return wrong("the answers make no settings");
		}
		if (news)
			show(s);
		if (way != WAY_RELAY || s->no_test)
			return 0;
		puts("Trying it first; nothing is written if it fails.");
		status = setup_try(s);
		if (status == 0)
			return 0;
		if (++tried == TRIES || (news = otherwise(s, status)) == -1)
			break;
	}
	fflush(stdout);
	fputs("deliver: nothing was written; --no-test writes without trying\n",
	    stderr);
	return status;
}

static int
setup(struct setup *s)
{
	int status = may_write(s), way;

	if (status)
		return status;
	way = first_question(s);
	if (way == -1)
		return s->send ? EX_USAGE : no_answer();
	if (way == WAY_RELAY && (status = second_question(s)) != 0)
		return status;
	if ((status = third_question(s)) != 0 ||
	    (status = show_and_try(s, (enum way)way)) != 0 ||
	    (status = write_all(s)) != 0)
		return status;
	if (s->no_message || (status = setup_message(s)) == 0)
		return 0;
	fputs("deliver: the settings are written, but the message to root is "
	      "not queued\n",
	    stderr);
	return status;
}

int
setup_main(int argc, char **argv)
{
	struct setup *s = calloc(1, sizeof *s);
	int status = EX_USAGE;

	if (s == NULL)
		return EX_OSERR;
	if (options(argc, argv, s) == 0)
		status = setup(s);
	else
		fputs(usage, stderr);
	if (s->password.ptr)
		explicit_bzero(s->password.ptr, s->password.cap);
	buf_free(&s->password);
	buf_free(&s->account_is);
	buf_free(&s->user_is);
	buf_free(&s->root_is);
	buf_free(&s->host);
	buf_free(&s->port);
	plan_free(&s->plan);
	free(s);
	return status;
}
