#include "sendmail/resent.h"

static const char *const names[] = { "Resent-Date", "Resent-From",
	"Resent-Sender", "Resent-Reply-To", "Resent-To", "Resent-Cc",
	"Resent-Bcc", "Resent-Message-ID" };
enum { NAMES = sizeof names / sizeof *names };

static int
index_of(const struct field *f)
{
	for (int i = 0; i < NAMES; i++)
		if (field_is(f, names[i]))
			return i;
	return -1;
}

struct span
resent_block(struct span header)
{
	struct span rest = header, block = { NULL, 0 };
	unsigned seen = 0;
	int last = -1;
	struct field f;

	while (field_next(&rest, &f)) {
		int i = index_of(&f);

		if (block.ptr == NULL) {
			if (i == -1)
				continue;
			block.ptr = f.whole.ptr;
		}
		if (field_is(&f, "Received") || field_is(&f, "Return-Path"))
			break;
		/* two Resent-To in a row are one caller's, who has split a
		 * long list; blocks begin with other fields */
		if (i != -1 && i != last && (seen & 1u << i))
			break;
		if (i != -1)
			seen |= 1u << i;
		last = i;
		block.len = (size_t)(f.whole.ptr + f.whole.len - block.ptr);
	}
	return block;
}
