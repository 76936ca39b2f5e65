/* screen_check - what must be true of every octet that goes to a terminal,
 * said a second time and in other words than the code under test: its own
 * decoder (the ABNF of RFC 3629 4), the list of what must never pass, and the
 * C library's idea of widths.  Answers NULL, or what is wrong. */
#ifndef TESTS_SCREEN_CHECK_H
#define TESTS_SCREEN_CHECK_H
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

static const uint32_t check_never[][2] = { { 0, 0x1f }, { 0x7f, 0x9f },
	{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xd800, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff }, { 0xe0000, 0x10ffff } };

/* RFC 3629 section 4: for each range of first octets the range of the second,
 * and how many follow in all. */
static int
check_char(const unsigned char *p, size_t len, uint32_t *c)
{
	static const unsigned char rows[][5] = { { 0x00, 0x7f, 0, 0, 0 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 1 }, { 0xe0, 0xe0, 0xa0, 0xbf, 2 },
		{ 0xe1, 0xec, 0x80, 0xbf, 2 }, { 0xed, 0xed, 0x80, 0x9f, 2 },
		{ 0xee, 0xef, 0x80, 0xbf, 2 }, { 0xf0, 0xf0, 0x90, 0xbf, 3 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 3 }, { 0xf4, 0xf4, 0x80, 0x8f, 3 } };

	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		const unsigned char *row = rows[r];

		if (len <= row[4] || p[0] < row[0] || p[0] > row[1])
			continue;
		if (row[4] && (p[1] < row[2] || p[1] > row[3]))
			continue;
		*c = row[4] == 0 ? p[0] : p[0] & (0x3f >> row[4]);
		for (int i = 1; i <= row[4]; i++) {
			if (p[i] < 0x80 || p[i] > 0xbf)
				return 0;
			*c = *c * 64 + p[i] - 0x80;
		}
		return row[4] + 1;
	}
	return 0;
}

static bool
check_forbidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof check_never / sizeof *check_never; i++)
		if (c >= check_never[i][0] && c <= check_never[i][1])
			return true;
	return (c & 0xfffe) == 0xfffe;
}

static const char *
check_line(const char *s, size_t len, size_t width, bool utf8)
{
	size_t columns = 0, marks = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		int w,
		    n = check_char((const unsigned char *)s + i, len - i, &c);

		if (n == 0)
			return "not UTF-8";
		if (check_forbidden(c))
			return "a character that must not pass";
		if (!utf8 && c > 0x7e)
			return "not ASCII";
		w = wcwidth((wchar_t)c);
		if (w < 0)
			return "a character that the C library cannot print";
		marks = w == 0 ? marks + 1 : 0;
		if (marks > 2)
			return "more than two marks in a row";
		if (marks && (i == 0 || s[i - 1] == ' '))
			return "a mark on a blank or on the gutter";
		columns += (size_t)w;
		i += (size_t)n;
	}
	return columns > width ? "wider than the window" : NULL;
}

static const char *
check_screen(const char *out, size_t len, size_t width, bool utf8)
{
	enum { BANNER, TEXT, FOOTER, END } state = BANNER;

	if (len < 5 || memcmp(out, "\a\r\n[", 4) != 0)
		return "no bell and banner at the start";
	if (memcmp(out + len - 2, "\r\n", 2) != 0)
		return "no line end at the end";
	for (size_t i = 3; i < len;) {
		const char *end = memchr(out + i, '\r', len - i), *wrong;
		size_t n = end ? (size_t)(end - out) - i : 0;

		if (end == NULL || i + n + 1 >= len || end[1] != '\n')
			return "a line end that is not CR LF";
		wrong = check_line(out + i, n, width, utf8);
		if (wrong)
			return wrong;
		if (state == TEXT && n && out[i] == '[')
			state = FOOTER;
		if (state == END)
			return "something behind the footer";
		if (state == TEXT && (n < 2 || memcmp(out + i, "| ", 2) != 0))
			return "a line without gutter";
		if (state != TEXT && n && out[i + n - 1] == ']')
			state = state == BANNER ? TEXT : END;
		i += n + 2;
	}
	return state == TEXT || state == END ? NULL
					     : "a banner that does not end";
}
#endif
