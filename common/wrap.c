#include "common/wrap.h"
#include "common/utf8.h"
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROW 20 /* columns that are left of a window, at the least */
#define WIDTH 80  /* of a terminal that does not say */
#define MORE 4

/* Columns of a character; of what combines it is too many, which does no harm.
 */
static size_t
columns(struct span s)
{
	size_t sum = 0;

	while (s.len) {
		uint32_t c = 0;
		size_t n = utf8_char(s, &c);
		bool wide = (c >= 0x1100 && c <= 0x115f) ||
			    (c >= 0x2e80 && c <= 0xa4cf) ||
			    (c >= 0xac00 && c <= 0xd7a3) ||
			    (c >= 0xf900 && c <= 0xfaff) ||
			    (c >= 0xfe30 && c <= 0xfe6f) ||
			    (c >= 0xff00 && c <= 0xff60) ||
			    (c >= 0x1f300 && c <= 0x1faff) ||
			    (c >= 0x20000 && c <= 0x3fffd);

		sum += wide ? 2 : 1;
		s = span_from(s, n ? n : 1);
	}
	return sum;
}

static void
indent_by(struct buf *out, size_t n)
{
	while (n--)
		buf_chr(out, ' ');
}

unsigned
wrap_window(int fd)
{
	struct winsize size = { 0 };

	if (!isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
								: WIDTH;
}

void
wrap_words(struct buf *out, unsigned width, struct span text, size_t column,
    size_t indent)
{
	bool first = true;

	if (width && indent + NARROW > width)
		indent = 2;
	for (;;) {
		struct span word = span_word(&text);
		size_t wide = columns(word);

		if (word.len == 0)
			break;
		if (width && column + !first + wide > width &&
		    (!first || column > indent)) {
			buf_chr(out, '\n');
			indent_by(out, indent);
			column = indent;
			first = true;
		}
		if (!first)
			buf_chr(out, ' ');
		buf_span(out, word);
		column += !first + wide;
		first = false;
	}
	buf_chr(out, '\n');
}

void
wrap_lines(struct buf *out, unsigned width, struct span text)
{
	do {
		struct span line = span_cut(&text, '\n');
		size_t lead = 0;

		if (width == 0 || columns(line) <= width) {
			buf_span(out, line);
			buf_chr(out, '\n');
			continue;
		}
		while (lead < line.len && line.ptr[lead] == ' ')
			lead++;
		indent_by(out, lead);
		wrap_words(
		    out, width, span_from(line, lead), lead, lead + MORE);
	} while (text.ptr && text.len);
}
