#include "common/utf8.h"

size_t
utf8_char(struct span s, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s.ptr;
	uint32_t c;
	size_t n;

	if (s.len == 0)
		return 0;
	c = p[0];
	n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (n == 0 || n > s.len || c > 0xf4)
		return 0;
	if (n > 1)
		c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	if (point)
		*point = c;
	return n;
}

bool
utf8_valid(struct span s)
{
	while (s.len) {
		size_t n = utf8_char(s, NULL);

		if (n == 0)
			return false;
		s = span_from(s, n);
	}
	return true;
}

bool
utf8_shown(uint32_t c)
{
	return c >= 0xa0 && c != 0xad && !(c >= 0x200b && c <= 0x200f) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) &&
	       c != 0xfeff && !(c >= 0xfff9 && c <= 0xfffb);
}
