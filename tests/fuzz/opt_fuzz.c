/* libFuzzer: any command line, its words parted by LF or NUL. */
#include "sendmail/opt.h"
#include <stdlib.h>
#include <string.h>
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
	if (done == 0) {
		if (o.mode > MODE_NOT_YET || o.kind >= ENV_KINDS ||
		    (o.mode == MODE_NOT_YET) != (o.not_yet != NULL) ||
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
