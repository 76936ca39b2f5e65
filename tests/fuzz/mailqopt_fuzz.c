/* libFuzzer: any command line of mailq's own, its words parted by LF or NUL. */
#include "sendmail/mailq_opt.h"
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1), *argv[WORDS + 1] = { NULL };
	static char name[] = "mailq";
	struct buf why = { 0 };
	struct mailq q;
	int argc = 0, done;

	if (text == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	argv[argc++] = name;
	for (char *p = text, *end = text + len; p < end && argc < WORDS;
	     p += strlen(p) + 1) {
		p[strcspn(p, "\n")] = '\0';
		argv[argc++] = p;
	}
	(void)mailq_opt_own(argc, argv);
	optind = 0; /* glibc: begin anew */
	done = mailq_opt(argc, argv, &q, &why);
	if ((done == 0) != (why.len == 0) || (done != 0 && done != EX_USAGE))
		abort();
	for (size_t i = 0; i < why.len; i++)
		if (why.ptr[i] < ' ' || why.ptr[i] > '~')
			abort();
	if (done == 0 &&
	    (q.what >= MAILQ_WHATS || q.nids < 0 || q.nids >= argc ||
		q.age < 0 || q.warning < 0 || q.critical < 0 || q.older < 0 ||
		(q.select != 0) != (q.selected != NULL)))
		abort();
	buf_free(&why);
	free(text);
	return 0;
}
