#include "deliver/tty/uni.h"
#include "common/utf8.h"

#define MAX_MARKS 2 /* more of them climb over the lines above */
#define TAB 8

int
uni_width(uint32_t c)
{
	size_t low = 0, high = uni_ranges;

	if (c < 0xa0)
		return c >= 0x20 && c <= 0x7e ? 1 : -1;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c > uni_table[mid].last)
			low = mid + 1;
		else if (c < uni_table[mid].first)
			high = mid;
		else
			return uni_table[mid].width;
	}
	return -1;
}

/* Latin letters and common punctuation in ASCII, '?' for all else. */
static void
add_ascii(struct buf *out, uint32_t c)
{
	/* One letter each, U+00C0 to U+017F; '*' marks those of two below. */
	static const char latin[] = "AAAA*A*CEEEEIIIIDNOOOO*xOUUUUY**"
				    "aaaa*a*ceeeeiiiidnoooo*:ouuuuy*y"
				    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"
				    "GgGgHhHhIiIiIiIiIi**JjKkkLlLlLlL"
				    "lLlNnNnNnnNnOoOoOo**RrRrRrSsSsSs"
				    "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
	static const struct {
		uint32_t c;
		const char *text;
	} other[] = {
		{ 0xa0, " " },
		{ 0xa9, "(C)" },
		{ 0xab, "<<" },
		{ 0xae, "(R)" },
		{ 0xb4, "'" },
		{ 0xb7, "." },
		{ 0xbb, ">>" },
		{ 0xc4, "Ae" },
		{ 0xc6, "AE" },
		{ 0xd6, "Oe" },
		{ 0xde, "Th" },
		{ 0xdf, "ss" },
		{ 0xe4, "ae" },
		{ 0xe6, "ae" },
		{ 0xf6, "oe" },
		{ 0xfe, "th" },
		{ 0x132, "IJ" },
		{ 0x133, "ij" },
		{ 0x152, "OE" },
		{ 0x153, "oe" },
		{ 0x1e9e, "SS" },
		{ 0x2010, "-" },
		{ 0x2011, "-" },
		{ 0x2012, "-" },
		{ 0x2013, "-" },
		{ 0x2014, "--" },
		{ 0x2015, "--" },
		{ 0x2018, "'" },
		{ 0x2019, "'" },
		{ 0x201a, "," },
		{ 0x201c, "\"" },
		{ 0x201d, "\"" },
		{ 0x201e, "\"" },
		{ 0x2022, "*" },
		{ 0x2026, "..." },
		{ 0x202f, " " },
		{ 0x2039, "<" },
		{ 0x203a, ">" },
		{ 0x20ac, "EUR" },
		{ 0x2212, "-" },
	};

	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (other[i].c == c) {
			buf_str(out, other[i].text);
			return;
		}
	buf_chr(out, c >= 0xc0 && c <= 0x17f ? latin[c - 0xc0] : '?');
}

/* What one character becomes; marks counts those on the character before. */
static void
add(struct buf *out, uint32_t c, struct span octets, bool utf8, int *marks)
{
	int width = uni_width(c);

	if (width == 0 && utf8 && *marks < MAX_MARKS) {
		buf_span(out, octets);
		++*marks;
		return;
	}
	if (width != 0) /* what is too many stays too many */
		*marks = c == ' ' ? MAX_MARKS : 0;
	if (width > 0 && (utf8 || c < 0x80))
		buf_span(out, octets);
	else if (width > 0)
		add_ascii(out, c);
	else
		buf_chr(out, '?');
}

void
uni_clean(struct buf *out, struct span line, bool utf8)
{
	int marks = MAX_MARKS; /* none may sit on the gutter */
	size_t col = 0;

	while (line.len) {
		uint32_t c;
		size_t n = utf8_char(line, &c);

		if (n == 0) { /* no character: said so (U+FFFD) */
			buf_str(out, utf8 ? "\xef\xbf\xbd" : "?");
			marks = 0;
			col++;
			n = 1;
		} else if (c == '\t') {
			do
				buf_chr(out, ' ');
			while (++col % TAB);
			marks = MAX_MARKS;
		} else {
			add(out, c, (struct span){ line.ptr, n }, utf8, &marks);
			col += uni_width(c) == 2 ? 2 : uni_width(c) != 0;
		}
		line = span_from(line, n);
	}
}
