/* The settings of other mailers: the first octet says whose, and 0x00 parts
 * their files.  Whatever they are, what comes out can be read. */
#include "deliver/net/secrets.h"
#include "deliver/setup/source.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
claim(bool so)
{
	if (!so)
		abort();
}

static void
readable(struct plan *p)
{
	struct conf c;
	struct buf why = { 0 };
	struct secrets_key key = { "no such relay", NULL, NULL };
	struct secret s;

	claim(conf_parse(buf_view(&p->conf), "x", &c, &why) == 0);
	conf_free(&c);
	claim(secrets_parse(buf_view(&p->secrets), "x", &key, &s, &why) == 0);
	secret_wipe(&s);
	for (size_t i = 0; i < p->nwant; i++)
		claim(p->want[i][0] == '/' && strlen(p->want[i]) < PLAN_PATH);
	buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source *source;
	struct source_files f = { .n = 0 };
	struct plan first = { 0 }, again = { 0 };
	struct span rest;

	if (size == 0 || size > 4096)
		return 0;
	source = &sources[data[0] % nsources];
	rest = (struct span){ (const char *)data + 1, size - 1 };
	while (f.n < SOURCE_FIXED && source->paths[f.n] && rest.ptr) {
		f.file[f.n].path = source->paths[f.n];
		f.file[f.n++].text = span_cut(&rest, '\0');
	}
	source->parse(&f, &first);
	readable(&first);
	for (size_t i = 0; i < first.nwant && rest.ptr; i++) {
		f.file[f.n].path = first.want[i];
		f.file[f.n++].text = span_cut(&rest, '\0');
	}
	source->parse(&f, &again);
	readable(&again);
	plan_free(&first);
	plan_free(&again);
	return 0;
}
