#include "common/conf_lex.h"
#include "common/printable.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
conf_wrong(struct conf_lex *x, unsigned line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_fmt(x->err, "%s:%u: %s", x->path, line, text);
	x->token = CONF_BAD;
	return -1;
}

const char *
conf_show(struct span word, char shown[CONF_SHOWN])
{
	size_t len = word.len < CONF_SHOWN - 4 ? word.len : CONF_SHOWN - 4;

	if (len)
		memcpy(shown, word.ptr, len);
	shown[len] = '\0';
	for (size_t i = 0; i < len; i++) /* printable_str stops at a NUL */
		if (shown[i] == '\0')
			shown[i] = '?';
	printable_str(shown);
	if (len < word.len)
		strlcat(shown, "...", CONF_SHOWN);
	return shown;
}

size_t
conf_distance(struct span a, struct span b)
{
	size_t row[CONF_SHOWN], left, up;

	if (a.len > CONF_SHOWN)
		a.len = CONF_SHOWN;
	if (b.len >= CONF_SHOWN)
		b.len = CONF_SHOWN - 1;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		left = row[0]; /* the old row's, up and left of j */
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = left + (a.ptr[i - 1] != b.ptr[j - 1]);

			up = row[j];
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			left = up;
			row[j] = best;
		}
	}
	return row[b.len];
}

/* Takes the next line and looks at its octets: 1, 0 at the end, -1. */
static int
take_line(struct conf_lex *x)
{
	if (x->rest.len == 0)
		return 0;
	x->line++;
	x->text = span_cut(&x->rest, '\n');
	if (x->text.len > CONF_LINE_MAX)
		return conf_wrong(x, x->line, "a line over 4096 octets");
	for (size_t i = 0; i < x->text.len; i++) {
		unsigned char c = (unsigned char)x->text.ptr[i];

		if (c == '\r' && i + 1 == x->text.len)
			return conf_wrong(x, x->line,
			    "the line ends in CR LF; "
			    "save the file with plain line ends");
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return conf_wrong(
			    x, x->line, "a control octet (0x%02x)", c);
	}
	return 1;
}

static bool
ends_word(char c)
{
	return c == ' ' || c == '\t' || c == ';' || c == '{' || c == '}';
}

/* "a \"quoted\" word" */
static enum conf_token
quoted(struct conf_lex *x)
{
	size_t len = 0, i;
	struct span s = x->text;

	for (i = 1; i < s.len && s.ptr[i] != '"'; i++) {
		if (s.ptr[i] == '\\') {
			i++;
			if (i == s.len || strchr("\"\\", s.ptr[i]) == NULL) {
				conf_wrong(x, x->line,
				    "in quotes a backslash "
				    "stands only before \" or \\");
				return CONF_BAD;
			}
		}
		x->store[len++] = s.ptr[i];
	}
	if (i == s.len)
		conf_wrong(x, x->line, "the closing quote is missing");
	else if (i + 1 < s.len && !ends_word(s.ptr[i + 1]))
		conf_wrong(x, x->line, "junk behind a closing quote");
	else
		x->token = CONF_WORD;
	x->word = (struct span){ x->store, len };
	x->text = span_from(s, i + 1);
	return x->token;
}

enum conf_token
conf_next(struct conf_lex *x)
{
	static const char marks[] = "{};";
	static const enum conf_token tokens[] = { CONF_OPEN, CONF_CLOSE,
		CONF_SEMI };
	const char *mark;
	size_t len = 0;
	int got;

	if (x->token == CONF_BAD)
		return CONF_BAD;
	if (x->token == CONF_EOL) {
		got = take_line(x);
		if (got == -1)
			return CONF_BAD;
		if (got == 0)
			return x->token = CONF_EOF;
	}
	x->text = span_trim(x->text);
	if (x->text.len == 0 || x->text.ptr[0] == '#') {
		x->text.len = 0;
		return x->token = CONF_EOL;
	}
	if (x->text.ptr[0] == '"')
		return quoted(x);
	mark = strchr(marks, x->text.ptr[0]);
	if (mark) {
		x->text = span_from(x->text, 1);
		return x->token = tokens[mark - marks];
	}
	while (len < x->text.len && !ends_word(x->text.ptr[len])) {
		if (x->text.ptr[len] == '"') {
			conf_wrong(x, x->line, "a quote inside a word");
			return CONF_BAD;
		}
		len++;
	}
	x->word = (struct span){ x->text.ptr, len };
	x->text = span_from(x->text, len);
	return x->token = CONF_WORD;
}
