/* libFuzzer: any command line, its words parted by LF or NUL. */
#include "sendmail/opt.h"
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1), *argv[WORDS + 1] = { NULL };
	struct buf why = { 0 };
	struct opt o;
	int argc = 0, done;

	if (text == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	for (char *p = text, *end = text + len; p < end && argc < WORDS;
	     p += strlen(p) + 1) {
		p[strcspn(p, "\n")] = '\0';
		argv[argc++] = p;
	}
	optind = 0; /* glibc: begin anew */
	done = opt_parse(argc, argv, &o, &why);
	if ((done == 0) != (why.len == 0))
		abort();
	for (size_t i = 0; i < why.len; i++)
		if (why.ptr[i] < ' ' || why.ptr[i] > '~')
			abort();
	if (done != 0 && done != EX_USAGE && done != EX_NOPERM &&
	    done != EX_CONFIG)
		abort();
	if (done == 0) {
		if (o.mode >= MODES || o.kind >= ENV_KINDS ||
		    (o.select != 0) != (o.selected != NULL) ||
		    (o.selected && strlen(o.selected) > 1000) ||
		    ((o.notify & ENV_NEVER) && o.notify != ENV_NEVER) ||
		    (o.envid && strlen(o.envid) > 100))
			abort();
		if (o.nrcpts < 0 || o.nrcpts > argc)
			abort();
		for (int i = 0; i < o.nrcpts; i++)
			if (o.rcpts[i] != argv[argc - o.nrcpts + i])
				abort();
	}
	buf_free(&why);
	free(text);
	return 0;
}
