#include "sendmail/opt.h"
#include "common/conf.h"
#include "common/printable.h"
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Sendmail 8's letters, and E, J, S, x that other callers send along. */
static const char letters[] =
    "+:A:B:b:C:cD:d::e:EF:f:Gh:IiJ::L:M:mN:nO:o:p:Q::q::R:r:SsTtUV:vxX:";

/* Each setter: 0, or a sysexit.  Where why stays empty its row's sentence is
 * taken. */
struct parse {
	struct opt *o;
	struct buf *why;
};

static int
body_type(struct parse *p, const char *arg)
{
	if (strcasecmp(arg, "8BITMIME") == 0)
		p->o->body = ENV_8BIT;
	else if (strcasecmp(arg, "7BIT") == 0)
		p->o->body = ENV_7BIT;
	else
		return EX_USAGE;
	return 0;
}

static const struct {
	char letter;
	enum mode mode;
	const char *instead; /* not offered: what to use */
} modes[] = {
	{ 'm', MODE_SUBMIT, NULL },
	{ 's', MODE_SMTP, NULL },
	{ 'p', MODE_LIST, NULL },
	{ 'v', MODE_VERIFY, NULL },
	{ 'i', MODE_ALIASES, NULL },
	{ 'd', MODES,
	    "-bd: this sendmail never listens; deliver(8) carries mail off, "
	    "and a socket unit or inetd may start sendmail -bs" },
	{ 'D', MODES,
	    "-bD: this sendmail never listens; deliver(8) carries mail off, "
	    "and a socket unit or inetd may start sendmail -bs" },
	{ 't', MODES,
	    "-bt: there are no rules to test; sendmail -bv ADDRESS "
	    "says where mail goes" },
	{ 'P', MODES, "-bP: sendmail -bp tells how many messages wait" },
	{ 'h', MODES, "-bh: nothing is kept about hosts" },
	{ 'H', MODES, "-bH: nothing is kept about hosts" },
	{ 'C', MODES, "-bC: deliver --check tests the settings" },
};

static int
set_mode(struct parse *p, const char *arg)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (arg[0] != modes[i].letter || arg[1] != '\0')
			continue;
		if (modes[i].instead) {
			buf_str(p->why, modes[i].instead);
			return EX_USAGE;
		}
		p->o->mode = modes[i].mode;
		return 0;
	}
	return EX_USAGE;
}

static int
notify(struct parse *p, const char *arg)
{
	static const struct {
		const char *name;
		unsigned bit;
	} bits[] = { { "never", ENV_NEVER }, { "success", ENV_SUCCESS },
		{ "failure", ENV_FAILURE }, { "delay", ENV_DELAY } };
	struct span list = span_of(arg);
	unsigned *all = &p->o->notify;

	while (list.ptr) {
		struct span word = span_trim(span_cut(&list, ','));
		size_t i;

		for (i = 0; i < 4; i++)
			if (span_ieq(word, span_of(bits[i].name)))
				break;
		if (i == 4)
			return EX_USAGE;
		*all |= bits[i].bit;
	}
	/* NEVER stands alone (RFC 3461 4.1) */
	return (*all & ENV_NEVER) && *all != ENV_NEVER ? EX_USAGE : 0;
}

static int
ret(struct parse *p, const char *arg)
{
	if (strcasecmp(arg, "full") == 0)
		p->o->ret = ENV_FULL;
	else if (strcasecmp(arg, "hdrs") == 0)
		p->o->ret = ENV_HDRS;
	else
		return EX_USAGE;
	return 0;
}

static int
envid(struct parse *p, const char *arg)
{
	p->o->envid = arg;
	return arg[0] && strlen(arg) <= 100 ? 0 : EX_USAGE; /* RFC 3461 4.4 */
}

static bool
yes(struct span value) /* Sendmail's: an option without a value is on */
{
	return value.len == 0 || span_has(SPAN("TtYy1"), *value.ptr);
}

/* -oX, and -O Name=value.  Names that mean nothing here are passed over, as
 * others do, so that one call serves every mailer. */
static int
option(struct parse *p, char letter, struct span name, struct span value)
{
	int kind;

	if (letter == 'i' || span_ieq(name, SPAN("IgnoreDots"))) {
		p->o->dots = yes(value);
	} else if (letter == 'd' || span_ieq(name, SPAN("DeliveryMode"))) {
		p->o->wait = value.len && span_has(SPAN("qd"), *value.ptr);
	} else if (letter == 'v' || span_ieq(name, SPAN("Verbose"))) {
		p->o->verbose = yes(value);
	} else if (letter == 'e' || span_ieq(name, SPAN("ErrorMode"))) {
		p->o->quiet = value.len && *value.ptr == 'q';
	} else if (letter == 'Q' || span_ieq(name, SPAN("QueueDirectory"))) {
		buf_str(p->why,
		    "another queue directory is not taken; there is one "
		    "spool, leave the option away");
		return EX_CONFIG;
	} else if (span_ieq(name, SPAN("Terminal"))) {
		if ((kind = env_kind_of(value)) == -1)
			return EX_USAGE;
		p->o->kind = (enum env_kind)kind;
	}
	return 0;
}

static int
long_option(struct parse *p, const char *arg)
{
	struct span value = span_of(arg),
		    name = span_trim(span_cut(&value, '='));

	return option(p, 0, name, span_trim(value));
}

static int
short_option(struct parse *p, const char *arg)
{
	if (arg[0] == ' ') /* as in sendmail.cf: a blank, then a long name */
		return long_option(p, arg + 1);
	return arg[0] ? option(p, arg[0], SPAN(""), span_of(arg + 1)) : 0;
}

static int
error_mode(struct parse *p, const char *arg)
{
	return option(p, 'e', SPAN(""), span_of(arg));
}

static int
other_file(struct parse *p, const char *arg)
{
	(void)p, (void)arg;
	return EX_CONFIG;
}

static int
quarantine(struct parse *p, const char *arg)
{
	(void)p, (void)arg;
	return EX_USAGE;
}

/* -q, -qf, -q[!]Iid, -q[!]Rsub, -q[!]Ssub; an interval is a daemon's. */
static int
run(struct parse *p, const char *arg)
{
	struct opt *o = p->o;

	if (o->mode == MODE_SUBMIT)
		o->mode = MODE_RUN;
	if (arg == NULL || strcmp(arg, "f") == 0)
		return 0;
	/* mailq -qI..., as Sendmail has it, lists only those. */
	if (o->mode != MODE_RUN &&
	    (o->mode != MODE_LIST || strpbrk(arg, "IRS") == NULL))
		return 0;
	o->select_not = *arg == '!';
	arg += o->select_not;
	if (*arg && strchr("IRS", *arg) && arg[1]) {
		o->select = *arg;
		o->selected = arg + 1;
		for (const char *c = o->selected; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				return EX_USAGE; /* it becomes a line */
		return strlen(o->selected) <= 1000 ? 0 : EX_USAGE;
	}
	if (strchr("IRS", *arg))
		return EX_USAGE;
	if (*arg != 'p' && (*arg < '0' || *arg > '9'))
		return EX_USAGE;
	if (o->select_not)
		return EX_USAGE;
	if (getuid() != 0) {
		buf_str(p->why,
		    "-q with an interval is for root, and root uses deliver(8) "
		    "for it; plain -q tries what waits, once");
		return EX_NOPERM;
	}
	buf_str(p->why,
	    "-q with an interval: this sendmail is no daemon; run deliver(8), "
	    "whose intervals are \"retry\" in " CONF_PATH);
	return EX_USAGE;
}

static const struct {
	char letter;
	int (*set)(struct parse *, const char *arg);
	const char *wants;
} with_arg[] = {
	{ 'B', body_type, "-B takes 7BIT or 8BITMIME" },
	{ 'b', set_mode, "-b takes m (the default), s, p, v or i" },
	{ 'C', other_file,
	    "-C: another configuration file is not taken; settings stand in "
	    "" CONF_PATH },
	{ 'D', other_file,
	    "-D: no debugging file is written; leave the option away" },
	{ 'e', error_mode, "" },
	{ 'N', notify, "-N takes never, or a list of success, failure, delay" },
	{ 'O', long_option, "-O Terminal= takes mail, send, soml or saml" },
	{ 'o', short_option, "-o Terminal= takes mail, send, soml or saml" },
	{ 'Q', quarantine,
	    "-Q: a message cannot be put into quarantine; -odq leaves it "
	    "waiting" },
	{ 'q', run,
	    "-q takes nothing, f, or I, R or S with a part of the id, "
	    "recipient or sender" },
	{ 'R', ret, "-R takes full or hdrs" },
	{ 'V', envid, "-V takes an identifier of 1 to 100 characters" },
	{ 'X', other_file,
	    "-X: no traffic is written to a file; leave the option away, and "
	    "see the mail log" },
};

static void
plain(struct opt *o, int c)
{
	switch (c) {
	case 'f':
	case 'r':
		o->sender = optarg;
		break;
	case 'F':
		o->fullname = optarg;
		break;
	case 'i':
		o->dots = true;
		break;
	case 't':
		o->from_header = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case 'I':
		o->mode = MODE_ALIASES;
		break;
	default: /* known to the world, without meaning here */
		break;
	}
}

static int
unknown(const char *arg, struct buf *why)
{
	buf_str(why, "unknown option ");
	if (optopt == '-' && arg) { /* --word */
		printable_add(why, span_of(arg), 40);
	} else {
		buf_chr(why, '-');
		buf_chr(
		    why, optopt > ' ' && optopt < 0x7f ? (char)optopt : '?');
	}
	buf_str(why, "; usage: sendmail [-it] [-f sender] [-F name] [option "
		     "...] [recipient ...], see sendmail(8)");
	return EX_USAGE;
}

static int
one(struct parse *p, int c, const char *arg)
{
	if (c == ':') {
		buf_fmt(p->why, "-%c wants a value behind it", optopt);
		return EX_USAGE;
	}
	if (c == '?')
		return unknown(arg, p->why);
	for (size_t i = 0; i < sizeof with_arg / sizeof *with_arg; i++) {
		int status;

		if (c != with_arg[i].letter)
			continue;
		status = with_arg[i].set(p, optarg);
		if (status && p->why->len == 0)
			buf_str(p->why, with_arg[i].wants);
		return status;
	}
	plain(p->o, c);
	return 0;
}

static const struct {
	const char *program;
	enum mode mode;
} names[] = {
	{ "sendmail", MODE_SUBMIT }, /* and every other name */
	{ "mailq", MODE_LIST },
	{ "newaliases", MODE_ALIASES },
	{ "tell", MODE_SUBMIT },
};

static size_t
by_name(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;
	size_t i = sizeof names / sizeof *names;

	while (--i && (name == NULL || strcmp(name, names[i].program) != 0))
		;
	return i;
}

const char *
opt_program(const char *argv0)
{
	return names[by_name(argv0)].program;
}

static void
take_name(struct opt *o, const char *argv0)
{
	size_t i = by_name(argv0);

	o->program = names[i].program;
	o->mode = names[i].mode;
	if (strcmp(o->program, "tell") == 0) {
		o->tell = o->dots = true;
		o->kind = ENV_SEND;
	}
}

static int
usage_of_tell(struct buf *why)
{
	buf_str(why, "usage: tell USER ...  (the text is read from standard "
		     "input; no options, see tell(1))");
	return EX_USAGE;
}

/* Whoever names a recipient has mail for him, and is not to believe that it
 * was taken. */
static int
operands(const struct opt *o, struct buf *why)
{
	static const char *const what[MODES] = {
		[MODE_SMTP] = "-bs",
		[MODE_LIST] = "-bp (mailq)",
		[MODE_ALIASES] = "-bi (newaliases)",
		[MODE_RUN] = "-q",
	};

	if (o->tell && o->nrcpts == 0)
		return usage_of_tell(why);
	if (o->mode == MODE_VERIFY && o->nrcpts == 0) {
		buf_str(why, "-bv wants addresses behind it");
		return EX_USAGE;
	}
	if (what[o->mode] == NULL || o->nrcpts == 0)
		return 0;
	buf_fmt(why, "%s takes no words behind the options; nothing was sent",
	    what[o->mode]);
	return EX_USAGE;
}

/* What mailq alone knows.  true: that was all of it. */
static bool
mailq_words(int argc, char **argv, struct opt *o, int *status, struct buf *why)
{
	*status = 0;
	if (o->mode != MODE_LIST || !mailq_opt_own(argc, argv))
		return false;
	*status = mailq_opt(argc, argv, &o->mailq, why);
	o->age = o->mailq.age;
	o->verbose = o->mailq.verbose;
	if (o->mailq.what == MAILQ_CHECK)
		o->mode = MODE_CHECK;
	else if (o->mailq.what != MAILQ_LIST && o->mailq.what != MAILQ_JSON)
		o->mode = MODE_QUEUE;
	return true;
}

int
opt_parse(int argc, char **argv, struct opt *o, struct buf *why)
{
	struct parse p = { o, why };
	int c, status;

	*o = (struct opt){ 0 };
	take_name(o, argc < 1 ? NULL : argv[0]);
	if (argc < 1) /* execve with an empty argv */
		return 0;
	if (mailq_words(argc, argv, o, &status, why))
		return status;
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1; /* 0: getopt begins anew */

		if ((c = getopt(argc, argv, letters)) == -1)
			break;
		if (o->tell) /* those of sendmail are none of its */
			return usage_of_tell(why);
		status = one(&p, c, at < argc ? argv[at] : NULL);
		if (status)
			return status;
	}
	o->rcpts = argv + optind;
	o->nrcpts = argc - optind;
	o->mailq.verbose = o->verbose;
	o->mailq.select = o->select;
	o->mailq.select_not = o->select_not;
	o->mailq.selected = o->selected;
	return operands(o, why);
}
