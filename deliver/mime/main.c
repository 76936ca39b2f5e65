/* deliver-mime - a message on standard input; on standard output the same made
 * legal for every SMTP server, or made readable for a terminal.  Run by the
 * agent (role mime), without a privilege and without a file of its own.
 *
 *     deliver-mime 7bit OCTETS     so many are read
 *     deliver-mime text OCTETS
 *     deliver-mime --version
 *
 * Exit status 0, or that of sysexits; then the output is of no use. */
#include "common/legal.h"
#include "common/sandbox.h"
#include "common/whole.h"
#include "deliver/mime/confine.h"
#include "deliver/mime/safe.h"
#include "deliver/mime/text.h"
#include <errno.h>
#include <gmime/gmime.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "0.1"
#endif
#define PIECE (1 << 20)

static int
take(struct buf *in, long long octets)
{
	while ((long long)in->len < octets) {
		size_t left = (size_t)(octets - (long long)in->len);
		ssize_t n;

		if (left > PIECE)
			left = PIECE;
		if (buf_room(in, left) == -1)
			return -1;
		n = read(STDIN_FILENO, in->ptr + in->len, left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0) { /* shorter than the agent said */
			errno = ENODATA;
			return -1;
		}
		in->len += (size_t)n;
	}
	return 0;
}

static int
say(const char *what, int status)
{
	fprintf(stderr, "deliver-mime: %s: %s\n", what, strerror(errno));
	return status;
}

/* Whatever came in: what goes out is judged once more. */
static int
make_safe(struct span in, struct buf *out)
{
	if (safe_message(in, out) == -1)
		return say("cannot convert", EX_OSERR);
	if (legal_text(buf_view(out)))
		return 0;
	errno = EILSEQ;
	return say("cannot convert", EX_DATAERR);
}

static int
make_text(struct span in, struct buf *out)
{
	return text_message(in, out) == -1 ? say("cannot read it", EX_DATAERR)
					   : 0;
}

static void
no_preparation(struct span in)
{
	(void)in;
}

static const struct {
	const char *name;
	void (*prepare)(struct span); /* looks at octets, parses nothing */
	int (*make)(struct span, struct buf *);
} wanted[] = {
	{ "7bit", no_preparation, make_safe },
	{ "text", text_prepare, make_text },
};
#define WANTED (sizeof wanted / sizeof *wanted)

int
main(int argc, char **argv)
{
	struct buf in = { 0 }, out = { 0 };
	long long octets;
	size_t w = 0;
	int status;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("bellman deliver-mime %s, GMime %u.%u.%u\n", VERSION,
		    gmime_major_version, gmime_minor_version,
		    gmime_micro_version);
		return 0;
	}
	while (argc == 3 && w < WANTED && strcmp(argv[1], wanted[w].name) != 0)
		w++;
	if (argc != 3 || w == WANTED ||
	    span_num(span_of(argv[2]), 0, INT64_MAX / 8, &octets) == -1) {
		fputs(
		    "usage: deliver-mime 7bit|text OCTETS <message\n", stderr);
		return EX_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	g_mime_init();
	if (take(&in, octets) == -1)
		return say("cannot read", EX_IOERR);
	wanted[w].prepare(buf_view(&in));
#ifndef SANDBOX_WATCHED /* which looks around at the end */
	if (confine() == -1)
		return say("cannot be bounded", EX_OSERR);
#endif
	status = wanted[w].make(buf_view(&in), &out);
	if (status)
		return status;
	if (whole_write(STDOUT_FILENO, buf_view(&out)) == -1)
		return say("cannot write", EX_IOERR);
	return 0;
}
