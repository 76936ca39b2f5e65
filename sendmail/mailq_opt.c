#include "sendmail/mailq_opt.h"
#include "common/conf.h"
#include "common/printable.h"
#include "common/spool.h"
#include <string.h>
#include <sysexits.h>

const char *const mailq_verb[MAILQ_WHATS] = {
	[MAILQ_LIST] = "list",
	[MAILQ_JSON] = "list",
	[MAILQ_SHOW] = "show",
	[MAILQ_RETRY] = "retry",
	[MAILQ_HOLD] = "hold",
	[MAILQ_RELEASE] = "release",
	[MAILQ_REMOVE] = "remove",
	[MAILQ_BOUNCE] = "bounce",
};

enum kind { WHAT, FLAG, AGE, TEXT };
enum value { NONE, MAY, MUST };

#define AT(field) offsetof(struct mailq, field)
static const struct option {
	const char *name;
	enum kind kind;
	enum value value;
	size_t at; /* its field; of WHAT: that of its value */
	enum mailq_what what;
	const char *wants;
} options[] = {
	{ "--json", WHAT, NONE, 0, MAILQ_JSON, NULL },
	{ "--check", WHAT, MAY, AT(age), MAILQ_CHECK, "=4h" },
	{ "--prometheus", WHAT, MAY, AT(file), MAILQ_PROMETHEUS, "a file" },
	{ "--follow", WHAT, MUST, 0, MAILQ_FOLLOW, "a queue id" },
	{ "--warning", AGE, MUST, AT(warning), MAILQ_CHECK, "an age, as 1h" },
	{ "--critical", AGE, MUST, AT(critical), MAILQ_CHECK, "an age, as 1d" },
	{ "--sender", TEXT, MUST, AT(sender), 0, "an address or user" },
	{ "--recipient", TEXT, MUST, AT(recipient), 0, "an address or user" },
	{ "--to-domain", TEXT, MUST, AT(domain), 0, "a domain" },
	{ "--older", AGE, MUST, AT(older), 0, "an age, as 2d" },
	{ "--held", FLAG, NONE, AT(held), 0, NULL },
	{ "--all", FLAG, NONE, AT(all), 0, NULL },
	{ "--body", FLAG, NONE, AT(body), MAILQ_SHOW, NULL },
	{ "--help", WHAT, NONE, 0, MAILQ_HELP, NULL },
	{ "--verbose", FLAG, NONE, AT(verbose), 0, NULL },
};

static const struct {
	const char *name;
	enum mailq_what what;
} commands[] = {
	{ "list", MAILQ_LIST },
	{ "show", MAILQ_SHOW },
	{ "retry", MAILQ_RETRY },
	{ "hold", MAILQ_HOLD },
	{ "release", MAILQ_RELEASE },
	{ "remove", MAILQ_REMOVE },
	{ "bounce", MAILQ_BOUNCE },
};

bool
mailq_opt_own(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (a[0] == '-' && a[1] == '-' && a[2])
			return true;
	}
	/* -h alone is no hop count of sendmail's. */
	return (argc == 2 && strcmp(argv[1], "-h") == 0) ||
	       (argc > 1 && argv[1][0] && argv[1][0] != '-') ||
	       (argc > 2 && strcmp(argv[1], "-v") == 0 && argv[2][0] &&
		   argv[2][0] != '-');
}

struct parse {
	struct mailq *m;
	struct buf *why;
	char **ids;
	bool what; /* it was said */
};

static int
wrong(struct parse *p, const char *before, const char *word, const char *after)
{
	buf_str(p->why, before);
	printable_add(p->why, span_of(word), 60);
	buf_str(p->why, after);
	return EX_USAGE;
}

static int
be(struct parse *p, enum mailq_what what, const char *word)
{
	if (p->what && p->m->what != what)
		return wrong(
		    p, "", word, ": one thing at a time; see mailq(1)");
	p->what = true;
	p->m->what = what;
	return 0;
}

/* It becomes a word of a request, whose octets are bounded. */
static int
check_text(struct parse *p, const struct option *o, const char *value)
{
	if (strlen(value) > 320)
		return wrong(p, o->name, "", ": that is too long");
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return wrong(p, o->name, "",
			    ": a control character is part of no address");
	return 0;
}

static int
set(struct parse *p, const struct option *o, char *value)
{
	char *field = (char *)p->m + o->at;
	int status = 0;

	if (o->kind == WHAT)
		status = be(p, o->what, o->name);
	if (status || (o->kind == WHAT && value == NULL))
		return status;
	if (o->kind == FLAG) {
		*(bool *)field = true;
	} else if (value == NULL) {
		status = EX_USAGE; /* it was looked at before */
	} else if (o->kind == AGE || o->what == MAILQ_CHECK) {
		if (conf_age(value, (long *)(void *)field) == -1 ||
		    *(long *)(void *)field <= 0)
			return wrong(p, o->name, "",
			    " takes an age: a number and s, m, h or d, as 4h");
	} else if (o->what == MAILQ_FOLLOW) {
		if (!spool_id_valid(value))
			return wrong(p, "", value, " is no queue id");
		p->ids[p->m->nids++] = value;
	} else {
		status = check_text(p, o, value);
		*(const char **)(void *)field = value;
	}
	return status;
}

/* --name, --name=value, --name value.  How many words it took. */
static int
long_option(struct parse *p, int argc, char **argv, int i, int *status)
{
	struct span rest = span_of(argv[i]), name = span_cut(&rest, '=');
	char *value = rest.ptr ? argv[i] + name.len + 1 : NULL;
	int words = 1;

	for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
		const struct option *o = &options[k];
		bool next = value == NULL && i + 1 < argc &&
			    (argv[i + 1][0] != '-' || o->value == MUST);

		if (!span_eq(name, span_of(o->name)))
			continue;
		/* --check's age is joined to it, as ever. */
		if (next &&
		    (o->value == MUST || (o->value == MAY && o->kind == WHAT &&
					     o->what == MAILQ_PROMETHEUS))) {
			value = argv[i + 1];
			words = 2;
		}
		if (o->value == NONE && value)
			*status = wrong(p, o->name, "", " takes no value");
		else if ((o->value == MUST && value == NULL) ||
			 (value && *value == '\0' && o->kind != TEXT))
			*status = wrong(p, o->name, " wants ", o->wants);
		else
			*status = set(p, o, value);
		return words;
	}
	*status = wrong(p, "unknown option ", argv[i], "; see mailq(1)");
	return words;
}

static int
word(struct parse *p, char *w, bool first)
{
	for (size_t k = 0; first && k < sizeof commands / sizeof *commands; k++)
		if (strcmp(w, commands[k].name) == 0)
			return be(p, commands[k].what, w);
	if (!spool_id_valid(w)) {
		if (p->what && p->m->what == MAILQ_CHECK)
			return wrong(p,
			    "--check takes its age behind a =: --check=", w,
			    "");
		if (first)
			return wrong(p, "", w,
			    " is no command: list, show, retry, hold, release, "
			    "remove or bounce; see mailq(1)");
		return wrong(p, "", w,
		    " is no queue id; mailq lists them, and --sender, "
		    "--recipient and --to-domain select by addresses");
	}
	p->ids[p->m->nids++] = w;
	return 0;
}

static int
fits_together(struct parse *p)
{
	struct mailq *m = p->m;
	bool narrow =
	    m->sender || m->recipient || m->domain || m->older || m->held;

	if (m->what == MAILQ_HELP)
		return 0;
	if (mailq_verb[m->what] == NULL &&
	    (narrow || m->all || (m->nids && m->what != MAILQ_FOLLOW)))
		return wrong(p, "", "--check, --prometheus and --follow",
		    " select no messages");
	if (m->what != MAILQ_CHECK && (m->warning || m->critical))
		return wrong(
		    p, "", "--warning and --critical", " belong to --check");
	if (m->what != MAILQ_SHOW && m->body)
		return wrong(p, "", "--body", " belongs to show");
	if (m->what == MAILQ_FOLLOW && m->nids != 1)
		return wrong(p, "", "--follow", " takes one queue id");
	if (m->all && (narrow || m->nids))
		return wrong(p, "", "--all",
		    " selects everything; leave it, or "
		    "the rest, away");
	if (m->what >= MAILQ_SHOW && !narrow && !m->all && m->nids == 0)
		return wrong(p, "which messages?  ", "",
		    "Name queue ids, or select by --sender, --recipient, "
		    "--to-domain, --older or --held; --all means all");
	return 0;
}

int
mailq_opt(int argc, char **argv, struct mailq *m, struct buf *why)
{
	/* Ids are moved to the front of argv, never past what is read. */
	struct parse p = { m, why, argv + 1, false };
	bool first = true;
	int status = 0;

	*m = (struct mailq){ .ids = argv + 1 };
	for (int i = 1; i < argc && status == 0;) {
		char *a = argv[i];

		if (a[0] == '-' && a[1] == '-' && a[2]) {
			i += long_option(&p, argc, argv, i, &status);
			continue;
		}
		if (strcmp(a, "-v") == 0)
			m->verbose = true;
		else if (strcmp(a, "-h") == 0)
			status = be(&p, MAILQ_HELP, a);
		else if (a[0] == '-' || a[0] == '\0')
			status =
			    wrong(&p, "unknown option ", a, "; see mailq(1)");
		else {
			status = word(&p, a, first && !p.what);
			first = false;
		}
		i++;
	}
	m->ids = p.ids;
	if (status == 0 && !p.what && m->nids == 1 && m->verbose) {
		m->what = MAILQ_FOLLOW; /* mailq -v ID */
		p.what = true;
	}
	return status ? status : fits_together(&p);
}
