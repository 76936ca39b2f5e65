#include "sendmail/opt.h"
#include <string.h>
#include <unistd.h>

/* Sendmail 8's letters, and E, J, S, x that other callers send along. */
static const char letters[] =
    "+:A:B:b:C:cD:d::e:EF:f:Gh:IiJ::L:M:mN:nO:o:p:Q::q::R:r:SsTtUV:vxX:";

static int
body_type(struct opt *o, const char *arg)
{
	if (strcasecmp(arg, "8BITMIME") == 0)
		o->body = ENV_8BIT;
	else if (strcasecmp(arg, "7BIT") == 0)
		o->body = ENV_7BIT;
	else
		return -1;
	return 0;
}

static const struct {
	char letter;
	enum mode mode;
	const char *not_yet;
} modes[] = {
	{ 'm', MODE_SUBMIT, NULL },
	{ 'p', MODE_LIST, NULL },
	{ 's', MODE_NOT_YET, "-bs (SMTP on standard input)" },
	{ 'v', MODE_NOT_YET, "-bv (verification of an address)" },
	{ 'i', MODE_NOT_YET, "-bi (rebuilding of aliases)" },
	{ 'd', MODE_NOT_YET, "-bd (it never listens; deliver is the agent)" },
	{ 'D', MODE_NOT_YET, "-bD (it never listens; deliver is the agent)" },
};

static int
set_mode(struct opt *o, const char *arg)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (arg[0] == modes[i].letter && arg[1] == '\0') {
			o->mode = modes[i].mode;
			o->not_yet = modes[i].not_yet;
			return 0;
		}
	return -1;
}

static int
notify(struct opt *o, const char *arg)
{
	static const struct {
		const char *name;
		unsigned bit;
	} bits[] = { { "never", ENV_NEVER }, { "success", ENV_SUCCESS },
		{ "failure", ENV_FAILURE }, { "delay", ENV_DELAY } };
	struct span list = span_of(arg);

	while (list.ptr) {
		struct span word = span_trim(span_cut(&list, ','));
		size_t i;

		for (i = 0; i < 4; i++)
			if (span_ieq(word, span_of(bits[i].name)))
				break;
		if (i == 4)
			return -1;
		o->notify |= bits[i].bit;
	}
	/* NEVER stands alone (RFC 3461 4.1) */
	return (o->notify & ENV_NEVER) && o->notify != ENV_NEVER ? -1 : 0;
}

static int
ret(struct opt *o, const char *arg)
{
	if (strcasecmp(arg, "full") == 0)
		o->ret = ENV_FULL;
	else if (strcasecmp(arg, "hdrs") == 0)
		o->ret = ENV_HDRS;
	else
		return -1;
	return 0;
}

/* -oX and -o X: of the many only these say something here. */
static int
short_option(struct opt *o, const char *arg)
{
	if (arg[0] == 'i')
		o->dots = true;
	else if (arg[0] == 'd')
		o->wait = arg[1] == 'q' || arg[1] == 'd';
	return 0;
}

/* -O Name=value: names that mean nothing here are passed over, as others do,
 * so that one call serves every mailer. */
static int
long_option(struct opt *o, const char *arg)
{
	struct span value = span_of(arg),
		    name = span_trim(span_cut(&value, '='));
	int kind;

	value = span_trim(value);
	if (span_ieq(name, SPAN("IgnoreDots")))
		o->dots = value.len == 0 || span_has(SPAN("TtYy1"), *value.ptr);
	if (span_ieq(name, SPAN("DeliveryMode")))
		o->wait = value.len && span_has(SPAN("qd"), *value.ptr);
	if (!span_ieq(name, SPAN("Terminal")))
		return 0;
	kind = env_kind_of(value);
	if (kind == -1)
		return -1;
	o->kind = (enum env_kind)kind;
	return 0;
}

static int
envid(struct opt *o, const char *arg)
{
	o->envid = arg;
	return arg[0] && strlen(arg) <= 100 ? 0 : -1; /* RFC 3461 4.4 */
}

static const struct {
	char letter;
	int (*set)(struct opt *, const char *arg);
	const char *wants;
} with_arg[] = {
	{ 'B', body_type, "-B takes 7BIT or 8BITMIME" },
	{ 'b', set_mode,
	    "-b takes m (the default) or p; this mode is unknown" },
	{ 'N', notify, "-N takes never, or a list of success, failure, delay" },
	{ 'O', long_option, "-O Terminal= takes mail, send, soml or saml" },
	{ 'o', short_option, NULL },
	{ 'R', ret, "-R takes full or hdrs" },
	{ 'V', envid, "-V takes an identifier of 1 to 100 characters" },
};

static int
one(struct opt *o, int c, struct buf *why)
{
	for (size_t i = 0; i < sizeof with_arg / sizeof *with_arg; i++) {
		if (c != with_arg[i].letter)
			continue;
		if (with_arg[i].set(o, optarg) == 0)
			return 0;
		buf_str(why, with_arg[i].wants);
		return -1;
	}
	switch (c) {
	case 'f':
	case 'r':
		o->sender = optarg;
		return 0;
	case 'F':
		o->fullname = optarg;
		return 0;
	case 'i':
		o->dots = true;
		return 0;
	case 't':
		o->from_header = true;
		return 0;
	case 'q': /* with -bd an interval, with -bp a selection */
		if (o->mode == MODE_SUBMIT)
			o->mode = MODE_RUN;
		return 0;
	case 'I':
		o->mode = MODE_NOT_YET;
		o->not_yet = "-I (rebuilding of aliases)";
		return 0;
	case ':':
		buf_fmt(why, "-%c wants a value behind it", optopt);
		return -1;
	case '?':
		buf_fmt(why, "unknown option -%c",
		    optopt > ' ' && optopt < 0x7f ? optopt : '?');
		return -1;
	default: /* known to the world, without meaning here */
		return 0;
	}
}

static void
by_name(struct opt *o, const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;

	if (name && strcmp(name, "mailq") == 0)
		o->mode = MODE_LIST;
	if (name && strcmp(name, "newaliases") == 0) {
		o->mode = MODE_NOT_YET;
		o->not_yet = "newaliases (rebuilding of aliases)";
	}
}

int
opt_parse(int argc, char **argv, struct opt *o, struct buf *why)
{
	int c;

	*o = (struct opt){ 0 };
	if (argc < 1) /* execve with an empty argv */
		return 0;
	by_name(o, argv[0]);
	opterr = 0;
	while ((c = getopt(argc, argv, letters)) != -1)
		if (one(o, c, why) == -1)
			return -1;
	o->rcpts = argv + optind;
	o->nrcpts = argc - optind;
	return 0;
}
