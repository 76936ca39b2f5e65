#include "common/nss.h"
#include <stdbool.h>
#include <string.h>

struct span
nss_other(struct span text, const char *const known[])
{
	while (text.len) {
		struct span line = span_cut(&text, '\n');
		struct span words = span_cut(&line, '#'), word;
		struct span key = span_trim(span_cut(&words, ':'));
		bool ours =
		    (key.len >= 6 && memcmp(key.ptr, "passwd", 6) == 0) ||
		    (key.len >= 5 && memcmp(key.ptr, "group", 5) == 0) ||
		    span_eq(key, SPAN("initgroups"));

		while (ours && (word = span_word(&words)).len) {
			bool one = *word.ptr == '[' || /* [NOTFOUND=return] */
				   word.ptr[word.len - 1] == ']';

			for (size_t i = 0; known[i]; i++)
				one |= span_eq(word, span_of(known[i]));
			if (!one)
				return word;
		}
	}
	return SPAN("");
}
