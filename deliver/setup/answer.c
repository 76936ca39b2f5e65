#include "deliver/setup/answer.h"
#include <errno.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
answer_is_person(void)
{
	return isatty(STDIN_FILENO);
}

/* Octet by octet: what follows may be for somebody else.  0; 1: nothing
 * follows; -1: it could not be read, or is no line. */
static int
read_line(struct buf *line)
{
	unsigned char c;
	ssize_t n;

	buf_reset(line);
	while ((n = read(STDIN_FILENO, &c, 1)) == 1 ||
	       (n == -1 && errno == EINTR)) {
		if (n == -1)
			continue;
		if (c == '\n')
			return line->bad ? -1 : 0;
		if (line->len == ANSWER_MAX ||
		    (c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			return -1;
		buf_chr(line, (char)c);
	}
	if (n == -1 || line->bad)
		return -1;
	return line->len ? 0 : 1;
}

static void
without_cr(struct buf *line)
{
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
}

int
answer_line(const char *question, struct buf *line)
{
	struct span s;

	fputs(question, stdout);
	fflush(stdout);
	if (read_line(line) != 0)
		return -1;
	s = span_trim(buf_view(line));
	if (s.len)
		memmove(line->ptr, s.ptr, s.len);
	line->len = s.len;
	if (!answer_is_person())
		puts(""); /* no one has typed the end of the line */
	return 0;
}

int
answer_password(const char *question, struct buf *line)
{
	char text[ANSWER_MAX + 1];
	int rc = -1;

	if (!answer_is_person()) {
		rc = read_line(line);
		without_cr(line);
		return rc;
	}
	fflush(stdout);
	if (readpassphrase(question, text, sizeof text, RPP_ECHO_OFF) &&
	    buf_room(line, sizeof text) == 0) {
		buf_reset(line);
		buf_str(line, text);
		rc = 0;
	}
	explicit_bzero(text, sizeof text);
	return rc;
}
