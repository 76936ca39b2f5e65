/* emulator - a model of a terminal, as far as what is written to one can do
 * harm: the cursor, the edge of the window, marks and wide characters, control
 * characters of 7 and 8 bits and as UTF-8, and the sequences of ECMA-48, of
 * DEC's terminals and of xterm.  It does what they say, and keeps the first
 * thing that must never happen: that it answers (what it says would be typed
 * for the user), that the cursor goes up or back, that a line is wrapped by the
 * terminal and goes on without our gutter, that something is drawn over, that
 * text is swallowed or a setting stays behind.
 * Widths are not those of the code under test: the C library's, those of
 * emulators that know emoji by blocks only, and those of the Linux console. */
#ifndef TESTS_EMULATOR_H
#define TESTS_EMULATOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define EMU_MOST 160 /* columns */

enum emu_kind {
	EMU_LIBRARY, /* wcwidth(3): xterm, VTE, tmux come close */
	EMU_BLOCKS,  /* the same, but all of an emoji block is wide */
	EMU_CONSOLE, /* Linux before 6.16: a mark has a column of its own */
	EMU_OCTETS,  /* no UTF-8: an octet is a character */
	EMU_KINDS
};

#define EMU_ANSWERS "the terminal answers"
#define EMU_UP "the cursor goes up"
#define EMU_BACK "the cursor goes back"
#define EMU_WRAPS "the terminal wraps a line"
#define EMU_OVER "something is drawn over"
#define EMU_SETTING "a setting stays behind"
#define EMU_SWALLOWS "text is swallowed"
#define EMU_MARK "a mark on the gutter"
#define EMU_TURNS "letters are turned round"
#define EMU_GUTTER "a line without gutter"
#define EMU_BEHIND "something behind the footer"
#define EMU_OPEN "no end"

struct emu {
	enum emu_kind kind;
	unsigned columns, x, y;
	bool full; /* the next character would be on the next line */
	bool cr;   /* the last octet */
	enum {
		EMU_GROUND,
		EMU_ESCAPE, /* behind ESC; then behind "ESC (" */
		EMU_CHARSET,
		EMU_CSI,
		EMU_STRING, /* OSC, DCS, ...; then ESC in one */
		EMU_STRING_ESCAPE,
	} state;
	char seq[32]; /* of CSI or a string: how it begins */
	size_t nseq;
	uint32_t part; /* of a character */
	int more;      /* octets of it to come */
	/* Of this line: */
	uint32_t first[2], last;
	uint64_t used[(EMU_MOST + 63) / 64];
	enum { EMU_START, EMU_BANNER, EMU_TEXT, EMU_FOOTER } where;
	unsigned bells;
	const char *wrong; /* the first */
};

/* The user has typed seven characters behind his prompt when it begins. */
static void
emu_begin(struct emu *e, enum emu_kind kind, unsigned columns)
{
	*e = (struct emu){ .kind = kind, .columns = columns, .x = 7, .y = 1 };
	e->used[0] = 0x7f;
}

static void
emu_fault(struct emu *e, const char *what)
{
	if (e->wrong == NULL)
		e->wrong = what;
}

static bool
emu_in(const uint32_t (*ranges)[2], size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}
#define EMU_IN(ranges, c) emu_in(ranges, sizeof(ranges) / sizeof *(ranges), c)

static int
emu_look_up(enum emu_kind kind, uint32_t c)
{
	static const uint32_t blocks[][2] = { { 0x1f300, 0x1f64f },
		{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
		{ 0x1fa70, 0x1faff } };
	static const uint32_t console2[][2] = { { 0x1100, 0x115f },
		{ 0x2329, 0x232a }, { 0x2e80, 0x303e }, { 0x3040, 0xa4cf },
		{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe10, 0xfe19 },
		{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
		{ 0x20000, 0x2fffd }, { 0x30000, 0x3fffd } };
	static const uint32_t console0[][2] = { { 0x200b, 0x200f },
		{ 0x202a, 0x202e }, { 0x2060, 0x2063 }, { 0xfeff, 0xfeff } };
	int width;

	if (kind == EMU_OCTETS || c < 0x80)
		return 1;
	if (kind == EMU_CONSOLE)
		return EMU_IN(console0, c) ? 0 : 1 + EMU_IN(console2, c);
	if (kind == EMU_BLOCKS && EMU_IN(blocks, c))
		return 2;
	width = wcwidth((wchar_t)c);
	return width < 0 ? 1 : width;
}

/* The same, remembered: one more than it, 0 is not known yet. */
static unsigned
emu_width(enum emu_kind kind, uint32_t c)
{
	static unsigned char known[EMU_KINDS][0x4000];
	unsigned width;

	if (c < 0x7f)
		return 1;
	if (c >= sizeof known[kind])
		return (unsigned)emu_look_up(kind, c);
	width = known[kind][c];
	if (width == 0)
		known[kind][c] = width =
		    (unsigned char)(emu_look_up(kind, c) + 1);
	return width - 1;
}

/* What stands on the line that ends here. */
static void
emu_line(struct emu *e)
{
	bool ours =
	    e->first[0] == '|' && (e->first[1] == ' ' || !(e->used[0] & 2));

	switch (e->where) {
	case EMU_START:
		e->where = EMU_BANNER;
		break;
	case EMU_BANNER:
		if (e->last == ']')
			e->where = EMU_TEXT;
		break;
	case EMU_TEXT:
		if (ours)
			break;
		if (e->first[0] != '[')
			emu_fault(e, EMU_GUTTER);
		e->where = EMU_FOOTER;
		break;
	default: /* a footer of several lines */
		if (ours)
			emu_fault(e, EMU_BEHIND);
	}
	e->first[0] = e->first[1] = e->last = 0;
	memset(e->used, 0, sizeof e->used);
}

static void
emu_down(struct emu *e, unsigned lines)
{
	for (; lines && lines < 1000; lines--) {
		emu_line(e);
		e->y++;
	}
	e->full = false;
}

static void
emu_draw(struct emu *e, uint32_t c)
{
	static const uint32_t turns[][2] = { { 0x61c, 0x61c },
		{ 0x200e, 0x200f }, { 0x202a, 0x202e }, { 0x2066, 0x2069 } };
	unsigned width = emu_width(e->kind, c);

	if (e->kind != EMU_OCTETS && EMU_IN(turns, c))
		emu_fault(e, EMU_TURNS);
	if (width == 0) {
		if (e->x <= (e->first[0] == '|' ? 2u : 0u))
			emu_fault(e, EMU_MARK);
		return;
	}
	if (e->full || e->x + width > e->columns) {
		emu_fault(e, EMU_WRAPS);
		e->x = 0;
		emu_down(e, 1);
	}
	if (e->x < 2)
		e->first[e->x] = c;
	e->last = c;
	for (; width; width--, e->x++) {
		if (e->used[e->x / 64] >> e->x % 64 & 1)
			emu_fault(e, EMU_OVER);
		e->used[e->x / 64] |= (uint64_t)1 << e->x % 64;
	}
	e->full = e->x == e->columns;
	if (e->full)
		e->x--;
}

static void
emu_to(struct emu *e, unsigned column)
{
	if (column < e->x)
		emu_fault(e, EMU_BACK);
	e->x = column < e->columns ? column : e->columns - 1;
	e->full = false;
}

static void
emu_into(struct emu *e, int state)
{
	e->state = state;
	e->nseq = 0;
	memset(e->seq, 0, sizeof e->seq);
}

static void
emu_c0(struct emu *e, uint32_t c)
{
	switch (c) {
	case 0x05: /* ENQ */
		emu_fault(e, EMU_ANSWERS);
		break;
	case 0x07:
		e->bells++;
		break;
	case 0x08:
	case 0x7f:
		emu_fault(e, EMU_BACK);
		break;
	case 0x09:
		emu_to(e, (e->x | 7) + 1);
		break;
	case 0x0a:
	case 0x0b:
	case 0x0c:
		emu_down(e, 1);
		break;
	case 0x0d:
		e->x = 0;
		e->full = false;
		e->cr = true; /* back, but for what follows it */
		break;
	case 0x0e:
	case 0x0f:
		emu_fault(e, EMU_SETTING);
		break;
	case 0x1b:
		emu_into(e, EMU_ESCAPE);
		break;
	default:
		break;
	}
}

/* C1 by the letter that stands for it behind ESC (ECMA-48 5.3), and what DEC
 * added. */
static void
emu_c1(struct emu *e, uint32_t letter)
{
	e->state = EMU_GROUND;
	switch (letter) {
	case 'D': /* IND */
		emu_down(e, 1);
		break;
	case 'E': /* NEL */
		e->x = 0;
		emu_down(e, 1);
		break;
	case 'M': /* RI */
		emu_fault(e, EMU_UP);
		e->y--;
		break;
	case 'Z': /* DECID */
		emu_fault(e, EMU_ANSWERS);
		break;
	case '[':
		emu_into(e, EMU_CSI);
		break;
	case 'P':
	case 'X':
	case ']':
	case '^':
	case '_':
		emu_into(e, EMU_STRING);
		e->seq[e->nseq++] = (char)letter;
		break;
	case '8': /* DECRC: where it was saved, or home */
		emu_fault(e, EMU_BACK);
		break;
	case '7':
	case 'H':
	case 'N':
	case 'O':
	case '=':
	case '>':
	case 'c':
	case 'l':
	case 'm':
	case 'n':
	case 'o':
	case '|':
	case '}':
	case '~':
		emu_fault(e, EMU_SETTING);
		break;
	default:
		if (letter >= 0x20 && letter <= 0x2f)
			e->state = EMU_CHARSET;
		break;
	}
}

static void
emu_position(struct emu *e, unsigned long row, unsigned long column)
{
	if (row < e->y)
		emu_fault(e, EMU_UP);
	else if (row > e->y)
		emu_down(e, (unsigned)(row - e->y));
	emu_to(e, (unsigned)column - 1);
}

static void
emu_csi(struct emu *e, char final)
{
	const char *second = strchr(e->seq, ';');
	unsigned long n = strtoul(e->seq, NULL, 10);
	unsigned long m = second ? strtoul(second + 1, NULL, 10) : 0;
	unsigned by = n ? (unsigned)n : 1;
	char mark = e->nseq ? e->seq[e->nseq - 1] : 0;

	e->state = EMU_GROUND;
	if (strchr("cnx", final) || (final == 't' && n >= 11) ||
	    (strchr("py", final) && (mark == '$' || mark == '*')) ||
	    (strchr("qu", final) && strchr(">?", e->seq[0]) && e->nseq) ||
	    (final == 'S' && e->seq[0] == '?'))
		emu_fault(e, EMU_ANSWERS);
	else if (strchr("AF", final))
		emu_fault(e, EMU_UP);
	else if (strchr("BEe", final))
		emu_down(e, by);
	else if (strchr("CaI", final))
		emu_to(e, e->x + by);
	else if (strchr("DZ", final))
		emu_fault(e, EMU_BACK);
	else if (strchr("G`", final))
		emu_to(e, by - 1);
	else if (strchr("Hf", final))
		emu_position(e, by, m ? m : 1);
	else if (final == 'd')
		emu_position(e, by, e->x + 1);
	else if (strchr("JKXP@LMSTb", final))
		emu_fault(e, EMU_OVER);
	else
		emu_fault(e, EMU_SETTING);
}

static void
emu_string(struct emu *e, uint32_t c)
{
	bool over = c == 0x18 || c == 0x1a || c == 0x9c || c == 0x07;

	if (c == 0x1b) {
		e->state = EMU_STRING_ESCAPE;
		return;
	}
	if (!over) {
		if (e->nseq < sizeof e->seq - 1)
			e->seq[e->nseq++] = (char)c;
		return;
	}
	e->state = EMU_GROUND;
	/* A colour is asked for; DECRQSS and XTGETTCAP ask for settings. */
	if ((e->seq[0] == ']' && strchr(e->seq, '?')) ||
	    (e->seq[0] == 'P' && strchr("$+", e->seq[1]) && e->seq[2] == 'q'))
		emu_fault(e, EMU_ANSWERS);
	emu_fault(e, EMU_SWALLOWS);
}

static void
emu_char(struct emu *e, uint32_t c)
{
	if (e->cr && c != '\n')
		emu_fault(e, EMU_BACK);
	e->cr = false;
	if (e->state == EMU_STRING_ESCAPE) {
		e->state = EMU_STRING;
		emu_string(e, c == '\\' ? 0x9c : 0x18);
		if (c != '\\')
			emu_c1(e, c);
	} else if (e->state == EMU_STRING) {
		emu_string(e, c);
	} else if (c == 0x18 || c == 0x1a) {
		e->state = EMU_GROUND;
	} else if (c < 0x20 || c == 0x7f) { /* within a sequence, too */
		emu_c0(e, c);
	} else if (c >= 0x80 && c <= 0x9f) {
		emu_c1(e, c - 0x40);
	} else if (e->state == EMU_ESCAPE) {
		emu_c1(e, c);
	} else if (e->state == EMU_CHARSET) {
		emu_fault(e, EMU_SETTING);
		if (c < 0x20 || c > 0x2f)
			e->state = EMU_GROUND;
	} else if (e->state == EMU_CSI) {
		if (c >= 0x40 && c <= 0x7e)
			emu_csi(e, (char)c);
		else if (e->nseq < sizeof e->seq - 1)
			e->seq[e->nseq++] = (char)c;
	} else {
		emu_draw(e, c);
	}
}

/* UTF-8 as a careless decoder takes it: with overlong forms, and with a lone
 * octet that continues nothing for what it is in Latin-1. */
static void
emu_octet(struct emu *e, unsigned char b)
{
	if (e->kind == EMU_OCTETS || b < 0x80) {
		e->more = 0;
		emu_char(e, b);
	} else if (b >= 0xc0) {
		e->more = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : 1;
		e->part = b & (0x3f >> e->more);
	} else if (e->more == 0) {
		emu_char(e, b);
	} else {
		e->part = e->part << 6 | (b & 0x3f);
		if (--e->more == 0)
			emu_char(e, e->part);
	}
}

static void
emu_write(struct emu *e, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		emu_octet(e, (unsigned char)text[i]);
}

/* What is wrong with a whole message, or NULL. */
static const char *
emu_end(struct emu *e)
{
	if (e->state != EMU_GROUND || e->more || e->x != 0 ||
	    e->where < EMU_TEXT)
		emu_fault(e, EMU_OPEN);
	return e->wrong;
}

static const char *
emu_message(enum emu_kind kind, unsigned columns, const char *text, size_t len)
{
	struct emu e;

	emu_begin(&e, kind, columns);
	emu_write(&e, text, len);
	return emu_end(&e);
}

/* On every terminal that decodes UTF-8, or on one that does not. */
__attribute__((unused)) static const char *
emu_check(const char *text, size_t len, unsigned columns, bool utf8)
{
	const char *wrong = NULL;

	if (!utf8)
		return emu_message(EMU_OCTETS, columns, text, len);
	for (int k = 0; wrong == NULL && k < EMU_OCTETS; k++)
		wrong = emu_message((enum emu_kind)k, columns, text, len);
	return wrong;
}
#endif
