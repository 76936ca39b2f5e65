/* deliver-mime - a message on standard input, made legal for every SMTP server
 * on standard output.  Run by the agent (role mime), without a privilege and
 * without a file of its own.
 *
 *     deliver-mime 7bit OCTETS     at most so many are read
 *     deliver-mime --version
 *
 * Exit status 0, or that of sysexits; then the output is of no use. */
#include "common/legal.h"
#include "deliver/mime/confine.h"
#include "deliver/mime/safe.h"
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
give(struct span s)
{
	while (s.len) {
		ssize_t n = write(STDOUT_FILENO, s.ptr, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		s = span_from(s, (size_t)n);
	}
	return 0;
}

static int
say(const char *what, int status)
{
	fprintf(stderr, "deliver-mime: %s: %s\n", what, strerror(errno));
	return status;
}

int
main(int argc, char **argv)
{
	struct buf in = { 0 }, out = { 0 };
	long long octets;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("bellman deliver-mime %s, GMime %u.%u.%u\n", VERSION,
		    gmime_major_version, gmime_minor_version,
		    gmime_micro_version);
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "7bit") != 0 ||
	    span_num(span_of(argv[2]), 0, INT64_MAX / 8, &octets) == -1) {
		fputs("usage: deliver-mime 7bit OCTETS <message\n", stderr);
		return EX_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	g_mime_init();
#ifndef __SANITIZE_ADDRESS__ /* which looks around at the end */
	confine();
#endif
	if (take(&in, octets) == -1)
		return say("cannot read", EX_IOERR);
	if (safe_message(buf_view(&in), &out) == -1)
		return say("cannot convert", EX_OSERR);
	/* Whatever came in: what goes out is judged once more. */
	if (!legal_text(buf_view(&out))) {
		errno = EILSEQ;
		return say("cannot convert", EX_DATAERR);
	}
	if (give(buf_view(&out)) == -1)
		return say("cannot write", EX_IOERR);
	return 0;
}
